"""What the draped cloth feels, triangle by triangle and point by point."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric import Fabric
from fitting.drape.curves import curve_tables
from fitting.drape.result import Drape
from fitting.fit.curvature import laplace_pressure_pa, shape_operators
from fitting.fit.regions import face_regions
from fitting.fit.skin import distance_to_skin_m

# Pressure is a mean over cloth within this distance: a single vertex carries the mesh's noise.
PATCH_RADIUS_M = 0.010
# Shear at which threads of ordinary cloth lock, where a card has no limit on the bias.
SHEAR_LIMIT_RAD = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class FitMap:
    """Maps of one drape.

    Attributes:
        strain_warp: Stretch minus one along the warp, per triangle, no unit, shape (n_faces,).
        strain_weft: The same along the weft.
        shear: Scalar product of the stretched warp and weft directions, about the angle [rad].
        share_warp: Strain over the fabric's own limit, no unit; negative where pushed together.
        share_weft: The same along the weft.
        share_shear: Amount of shear over the fabric's own limit, no unit.
        strain_share: Larger of the shares of warp and weft, no unit, shape (n_faces,). Shear is
            left out: cloth shears freely in folds without being tight.
        stress_warp_n_m: Membrane tension along the warp, shape (n_faces,).
        stress_weft_n_m: The same along the weft.
        stress_shear_n_m: Shear tension.
        area_m2: Area of each triangle as draped, shape (n_faces,).
        face_region: Region of the nearest skin as `face_regions` has it, index into ``REGIONS``,
            shape (n_faces,).
        pressure_pa: Contact force over current area, mean within `PATCH_RADIUS_M`, per vertex,
            shape (n_vertices,). The body is rigid, so bony places are overstated.
        laplace_pa: Pressure that tension and curvature give, 0 in hollows and where the cloth
            touches nothing, shape (n_vertices,).
        gap_m: Distance to the skin, negative inside, per vertex, shape (n_vertices,).
        vertex_area_m2: Area that belongs to each vertex as draped, shape (n_vertices,).
    """

    strain_warp: NDArray[np.float64]
    strain_weft: NDArray[np.float64]
    shear: NDArray[np.float64]
    share_warp: NDArray[np.float64]
    share_weft: NDArray[np.float64]
    share_shear: NDArray[np.float64]
    strain_share: NDArray[np.float64]
    stress_warp_n_m: NDArray[np.float64]
    stress_weft_n_m: NDArray[np.float64]
    stress_shear_n_m: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    face_region: NDArray[np.int64]
    pressure_pa: NDArray[np.float64]
    laplace_pa: NDArray[np.float64]
    gap_m: NDArray[np.float64]
    vertex_area_m2: NDArray[np.float64]

    def dominant_direction(self) -> NDArray[np.int64]:
        """Which share is largest: 0 warp, 1 weft, 2 shear, shape (n_faces,)."""
        return np.stack([self.share_warp, self.share_weft, self.share_shear]).argmax(axis=0)


def deformation_gradient(cloth: Cloth, positions_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns are the images of a unit of warp and of weft, shape (n_faces, 3, 2)."""
    uv = cloth.rest_uv_m
    flat = np.stack([uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]], axis=-1)
    corners = positions_m[cloth.faces]
    draped = np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=-1)
    return draped @ np.linalg.inv(flat)


def face_areas_m2(positions_m: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray:
    """Area of each triangle, shape (n_faces,)."""
    corners = positions_m[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.linalg.norm(normal, axis=1) / 2


def fit_map(cloth: Cloth, drape: Drape, body: Body, fabrics: Sequence[Fabric]) -> FitMap:
    """Compute all maps of a drape.

    Args:
        cloth: The garment.
        drape: Its rest on the body.
        body: The body.
        fabrics: Fabrics by the cloth's ``face_fabric``.
    """
    x = drape.positions_m
    F = deformation_gradient(cloth, x)
    warp = np.linalg.norm(F[..., 0], axis=1) - 1
    weft = np.linalg.norm(F[..., 1], axis=1) - 1
    shear = (F[..., 0] * F[..., 1]).sum(axis=1)
    card = _FabricColumns(cloth, fabrics)
    stress_warp, stress_weft, stress_shear = _stress(card, warp, weft, shear)
    share = [warp / card("strain_limit_warp"), weft / card("strain_limit_weft"),
             np.abs(shear) / shear_limits_rad(fabrics)[cloth.face_fabric]]  # fmt: skip
    areas = face_areas_m2(x, cloth.faces)
    vertex_area = _to_vertices(areas / 3, cloth.faces, len(x))
    tension = _tension(F, stress_warp, stress_weft, stress_shear)
    laplace = laplace_pressure_pa(tension, shape_operators(x, cloth.faces))
    by_vertex = _to_vertices(laplace * areas / 3, cloth.faces, len(x)) / vertex_area
    _, near = KDTree(body.vertices_m).query(x[cloth.faces].mean(axis=1))
    patch = _Patch(x, vertex_area)
    touches = patch.sum(drape.contact_force_n) > 0
    return FitMap(
        strain_warp=warp,
        strain_weft=weft,
        shear=shear,
        share_warp=share[0],
        share_weft=share[1],
        share_shear=share[2],
        strain_share=np.maximum(share[0], share[1]),
        stress_warp_n_m=stress_warp,
        stress_weft_n_m=stress_weft,
        stress_shear_n_m=stress_shear,
        area_m2=areas,
        face_region=face_regions(cloth, body, np.asarray(near, dtype=np.int64)),
        pressure_pa=patch.mean_density(drape.contact_force_n),
        laplace_pa=np.where(touches, np.maximum(patch.mean(by_vertex), 0.0), 0.0),
        gap_m=distance_to_skin_m(x, body),
        vertex_area_m2=vertex_area,
    )


def shear_limits_rad(fabrics: Sequence[Fabric]) -> NDArray[np.float64]:
    """Largest wearable shear of each fabric, twice its limit on the bias, shape (n_fabrics,)."""
    return np.array(
        [
            2 * limit if (limit := getattr(fabric, "strain_limit_bias", None)) else SHEAR_LIMIT_RAD
            for fabric in fabrics
        ]
    )


def _stress(
    card: "_FabricColumns",
    warp: NDArray[np.float64],
    weft: NDArray[np.float64],
    shear: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Tension along warp, weft and in shear per length of the flat cloth, each (n_faces,)."""
    coupling = card("tensile_coupling_n_m")
    return (
        card.force_n_m(0, warp) + coupling * weft,
        card.force_n_m(1, weft) + coupling * warp,
        card("shear_n_m_rad") * shear,
    )


def _tension(
    F: NDArray[np.float64],
    warp_n_m: NDArray[np.float64],
    weft_n_m: NDArray[np.float64],
    shear_n_m: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Tension per length of the draped cloth in world axes, shape (n_faces, 3, 3)."""
    u, v = F[..., 0], F[..., 1]
    length_u = np.linalg.norm(u, axis=1, keepdims=True)
    length_v = np.linalg.norm(v, axis=1, keepdims=True)
    # Derivatives of the membrane energy by the two columns of F.
    P_u = warp_n_m[:, None] * u / length_u + shear_n_m[:, None] * v
    P_v = weft_n_m[:, None] * v / length_v + shear_n_m[:, None] * u
    growth = np.linalg.norm(np.cross(u, v), axis=1)
    outer = P_u[:, :, None] * u[:, None, :] + P_v[:, :, None] * v[:, None, :]
    return outer / np.maximum(growth, 1e-9)[:, None, None]


def _to_vertices(
    values: NDArray[np.float64], faces: NDArray[np.int64], n_vertices: int
) -> NDArray[np.float64]:
    """Give each corner of a triangle the triangle's value, summed, shape (n_vertices,)."""
    total = np.bincount(faces.ravel(), np.repeat(values, 3), minlength=n_vertices)
    return total.astype(np.float64)


class _Patch:
    """Sums over the neighbourhood of every vertex within `PATCH_RADIUS_M`."""

    def __init__(self, x: NDArray[np.float64], vertex_area: NDArray[np.float64]) -> None:
        tree = KDTree(x)
        self._matrix = tree.sparse_distance_matrix(tree, PATCH_RADIUS_M, output_type="coo_matrix")
        self._matrix.data[:] = 1.0
        self._matrix = self._matrix.tocsr()
        self._matrix.setdiag(1.0)
        self._area = np.maximum(vertex_area, 1e-12)

    def sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of the values around each vertex."""
        return self._matrix @ values

    def mean_density(self, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Amount per area around each vertex."""
        return self.sum(amounts) / self.sum(self._area)

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Area-weighted mean around each vertex."""
        return self.sum(values * self._area) / self.sum(self._area)


class _FabricColumns:
    """A number of the fabric card for every triangle."""

    def __init__(self, cloth: Cloth, fabrics: Sequence[Fabric]) -> None:
        self._rows = cloth.face_fabric
        self._fabrics = fabrics

    def __call__(self, name: str) -> NDArray[np.float64]:
        values = np.array([getattr(fabric, name) for fabric in self._fabrics], dtype=np.float64)
        return values[self._rows]

    def force_n_m(self, axis: int, strain: NDArray[np.float64]) -> NDArray[np.float64]:
        """Force along warp (0) or weft (1) without coupling, by the card's curve if it has one."""
        force = self(("tensile_warp_n_m", "tensile_weft_n_m")[axis]) * strain
        row, tables = curve_tables(self._fabrics)
        for index in np.flatnonzero(row >= 0):
            own = self._rows == index
            knots, _, values, tangent = tables[row[index], axis].T
            inside = np.interp(strain[own], knots, values)
            beyond = np.maximum(strain[own] - knots[-1], 0) * tangent[-1]
            force[own] = inside + beyond + np.minimum(strain[own], 0) * tangent[0]
        return force
