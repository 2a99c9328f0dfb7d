"""The drapemeter: a disc of cloth over a smaller round support, and what its shadow says.

Cusick 1968 (ISO 9073-9, BS 5058): a disc of 30 cm on a support of 18 cm. The drape coefficient is
the share of the free ring's area that the shadow keeps; limp cloth falls into folds and gives a
small one. Here the disc starts level with a seeded disturbance of a tenth of a millimetre, so that
folds may choose their places, and comes to rest in the drape engine.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric import Fabric
from fitting.drape import Drape, DrapeSettings, drape

DISC_RADIUS_M = 0.15
SUPPORT_RADIUS_M = 0.09
# Drape coefficients of apparel fabrics as recalled from handbooks; not verified, see docs/fit.md.
PUBLISHED_RANGE = (0.10, 0.98)
_GRAVITY_M_S2 = 9.81
_DISTURBANCE_M = 1e-4
_N_DIRECTIONS = 360
_NODE_DEPTH = 0.012


@dataclass(frozen=True, slots=True, kw_only=True)
class DrapeTest:
    """One specimen on the drapemeter.

    Attributes:
        fabric: Name of the card.
        coefficient: Drape coefficient, share of the free ring that the shadow keeps, no unit.
        n_nodes: Folds of the shadow.
        node_radii_m: Radius of the shadow at each fold, shape (n_nodes,).
        shadow_m: Radius of the shadow by direction, warp first, shape (360,).
        bending_length_m: Cube root of mean bending stiffness over weight per area.
        cloth: The disc.
        drape: Its rest.
    """

    fabric: str
    coefficient: float
    n_nodes: int
    node_radii_m: NDArray[np.float64]
    shadow_m: NDArray[np.float64]
    bending_length_m: float
    cloth: Cloth
    drape: Drape


def cusick(
    fabric: Fabric,
    *,
    edge_length_m: float = 0.009,
    seed: int = 0,
    settings: DrapeSettings | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> DrapeTest:
    """Drape a specimen on the drapemeter.

    Args:
        fabric: Its card.
        edge_length_m: Edge length of the mesh.
        seed: Seed of the disturbance; another specimen of the same cloth folds elsewhere.
        settings: Settings of the engine; by default rest is ten times stiller than for garments,
            since folds go on moving slowly.
        progress: Called after each solver step with its number and the velocity [m/s].
    """
    rng = np.random.default_rng(seed)
    settings = settings or DrapeSettings(
        rest_velocity_m_s=1e-4, rest_displacement_m=5e-5, n_steps_max=900
    )
    cloth = disc(edge_length_m=edge_length_m, rng=rng)
    rest = drape(cloth, None, (fabric,), settings=settings, rng=rng, progress=progress)
    shadow = shadow_radius_m(rest.positions_m, cloth.faces)
    coefficient = drape_coefficient(shadow)
    nodes = node_directions(shadow)
    return DrapeTest(
        fabric=fabric.name,
        coefficient=coefficient,
        n_nodes=len(nodes),
        node_radii_m=shadow[nodes],
        shadow_m=shadow,
        bending_length_m=bending_length_m(fabric),
        cloth=cloth,
        drape=rest,
    )


def bending_length_m(fabric: Fabric) -> float:
    """Bending length c with c^3 = B / w, B the mean of warp and weft (Peirce 1930)."""
    stiffness = (fabric.bending_warp_n_m + fabric.bending_weft_n_m) / 2
    return float((stiffness / (fabric.area_density_kg_m2 * _GRAVITY_M_S2)) ** (1 / 3))


def drape_coefficient(shadow_m: NDArray[np.float64]) -> float:
    """Drape coefficient of a shadow by its radii in even directions, shape (n_directions,)."""
    area = float(np.mean(shadow_m**2))
    return (area - SUPPORT_RADIUS_M**2) / (DISC_RADIUS_M**2 - SUPPORT_RADIUS_M**2)


def node_directions(shadow_m: NDArray[np.float64]) -> NDArray[np.int64]:
    """Directions of the folds that stand out, ascending.

    A fold is a maximum of the radius, smoothed over nine directions, that rises over the lower of
    its two neighbouring valleys by 1.2 % of the disc's radius or more.
    """
    kernel = np.ones(9) / 9
    padded = np.r_[shadow_m[-4:], shadow_m, shadow_m[:4]]
    smooth = np.convolve(padded, kernel, mode="valid")
    turned = int(np.argmin(smooth))  # start in the deepest valley, so that no fold is cut
    from scipy.signal import find_peaks

    around = np.r_[np.roll(smooth, -turned), smooth[turned]]
    peaks, _ = find_peaks(around, prominence=_NODE_DEPTH * DISC_RADIUS_M)
    return np.sort((peaks + turned) % len(shadow_m)).astype(np.int64)


def shadow_radius_m(
    positions_m: NDArray[np.float64], faces: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Outermost radius of the shadow in 360 directions, warp first, shape (360,).

    Light falls from straight above. Edges are cut by rays, so the outline of the mesh is exact.
    """
    x, z = positions_m[:, 0], positions_m[:, 2]
    edges = np.unique(
        np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1),
        axis=0,
    )
    angle = 2 * np.pi * np.arange(_N_DIRECTIONS) / _N_DIRECTIONS
    radius = np.zeros(_N_DIRECTIONS)
    for k, (c, s) in enumerate(zip(np.cos(angle), np.sin(angle), strict=True)):
        across, along = c * z - s * x, c * x + s * z
        a, b = edges[:, 0], edges[:, 1]
        crossed = (across[a] < 0) != (across[b] < 0)
        a, b = a[crossed], b[crossed]
        share = across[a] / (across[a] - across[b])
        radius[k] = max(float(((1 - share) * along[a] + share * along[b]).max()), SUPPORT_RADIUS_M)
    return radius


def disc(*, edge_length_m: float, rng: np.random.Generator) -> Cloth:
    """A level disc of near-equilateral triangles, held where the support clamps it.

    Rings of points lie closer than the lattice only at the rim and at the support's edge, where
    the mesh follows both circles.
    """
    uv = _disc_points(edge_length_m)
    faces = _triangles(uv, edge_length_m)
    radius = np.linalg.norm(uv, axis=1)
    pinned = np.flatnonzero(radius <= SUPPORT_RADIUS_M + 1e-9)
    lift = _DISTURBANCE_M * rng.standard_normal(len(uv))
    lift[pinned] = 0.0
    # Warp along x; the triangles face up.
    positions = np.stack([uv[:, 0], 1.0 + lift, uv[:, 1]], axis=1)
    faces = faces[:, ::-1]
    n = len(uv)
    return Cloth(
        positions_m=positions,
        faces=faces,
        rest_uv_m=uv[faces],
        face_panel=np.zeros(len(faces), dtype=np.int64),
        panel_names=("disc",),
        flat_uv_m=uv,
        flat_panel=np.zeros(n, dtype=np.int64),
        flat_to_welded=np.arange(n),
        flat_faces=faces,
        seam_pairs=np.zeros((0, 2), dtype=np.int64),
        face_fabric=np.zeros(len(faces), dtype=np.int64),
        pinned=pinned,
    )


def _disc_points(edge_m: float) -> NDArray[np.float64]:
    """Concentric circles on the rim and the support's edge, a hexagonal lattice between."""
    rows = int(np.ceil(DISC_RADIUS_M / (edge_m * np.sqrt(3) / 2))) + 1
    columns = int(np.ceil(DISC_RADIUS_M / edge_m)) + 1
    lattice = np.array(
        [
            ((i + 0.5 * (j % 2)) * edge_m, j * edge_m * np.sqrt(3) / 2)
            for j in range(-rows, rows + 1)
            for i in range(-columns, columns + 1)
        ]
    )
    radius = np.linalg.norm(lattice, axis=1)
    clear = 0.62 * edge_m
    keep = (radius < DISC_RADIUS_M - clear) & (np.abs(radius - SUPPORT_RADIUS_M) > clear)
    circles = []
    for circle_m in (SUPPORT_RADIUS_M, DISC_RADIUS_M):
        n = round(2 * np.pi * circle_m / edge_m)
        turn = 2 * np.pi * np.arange(n) / n
        circles.append(circle_m * np.stack([np.cos(turn), np.sin(turn)], axis=1))
    return np.concatenate([lattice[keep], *circles])


def _triangles(uv: NDArray[np.float64], edge_m: float) -> NDArray[np.int64]:
    """Delaunay triangles, counter-clockwise, without slivers on the rim, shape (n_faces, 3)."""
    from scipy.spatial import Delaunay

    faces = Delaunay(uv).simplices.astype(np.int64)
    a, b = uv[faces[:, 1]] - uv[faces[:, 0]], uv[faces[:, 2]] - uv[faces[:, 0]]
    double = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    faces = np.where((double < 0)[:, None], faces[:, ::-1], faces)
    return faces[np.abs(double) > 1e-3 * edge_m**2]
