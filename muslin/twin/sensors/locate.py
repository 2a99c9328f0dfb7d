"""Where a sensor lies on a garment's mesh: pieces of triangles with their share of it.

Everything that a worn sensor feels is a sum over these pieces, so a reading of another drape, or of
the next frame of a motion, needs no new search.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fitting.cloth import Cloth
from muslin.twin.errors import SensorError
from muslin.twin.sensors.sensor import Sensor

if TYPE_CHECKING:
    from collections.abc import Iterable

_STEP_M = 0.0005
_N_NEAR = 16
# A sensor on a curved edge may lie a little beside the mesh's straight one.
_OFF_MESH_M = 0.004
_LEAST_COVER = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A sensor on a mesh, piece by piece.

    Attributes:
        sensor: The sensor.
        faces: Triangle of each piece, shape (n,).
        barycentric: Middle of each piece in its triangle, shape (n, 3).
        weights: Flat area [m2], or flat length [m] for a line, of each piece, shape (n,).
        directions: Unit vector of the line, or of the area's axis, in the panel, shape (n, 2).
        vertices: Welded vertices of each piece's triangle, shape (n, 3).
        flat_inverse: Inverse of the flat edge matrix of each triangle, shape (n, 2, 2) [1/m].
    """

    sensor: Sensor
    faces: NDArray[np.int64]
    barycentric: NDArray[np.float64]
    weights: NDArray[np.float64]
    directions: NDArray[np.float64]
    vertices: NDArray[np.int64]
    flat_inverse: NDArray[np.float64]

    def points_m(self, positions_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Middle of every piece on a drape, shape (n, 3)."""
        return np.einsum("nk,nkd->nd", self.barycentric, positions_m[self.vertices])

    def values(self, at_vertices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of vertices, interpolated to every piece, shape (n,)."""
        return np.einsum("nk,nk->n", self.barycentric, at_vertices[self.vertices])

    def mean(self, at_pieces: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over the pieces by their weight, shape of one piece's value."""
        return np.tensordot(self.weights, at_pieces, axes=1) / self.weights.sum()

    def gradient(self, positions_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Images of the panel's x and y, as columns, at every piece, shape (n, 3, 2)."""
        corners = positions_m[self.vertices]
        edges = np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=-1)
        return edges @ self.flat_inverse

    def stretches(self, positions_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Length of a unit along the direction of every piece, no unit, shape (n,)."""
        along = np.einsum("ndk,nk->nd", self.gradient(positions_m), self.directions)
        return np.linalg.norm(along, axis=1)

    def strain(self, positions_m: NDArray[np.float64]) -> float:
        """Strain along the line, or of an area along its axis, weighted by length, no unit."""
        return float(self.mean(self.stretches(positions_m))) - 1.0

    def normal(self, positions_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean outward normal, unit length, shape (3,)."""
        corners = positions_m[self.vertices]
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        cross /= np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-300)
        mean = self.mean(cross)
        return mean / max(float(np.linalg.norm(mean)), 1e-300)

    def R_world_sensor(self, positions_m: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: N802
        """Axes of the sensor as columns: x along its axis, z out of the cloth, shape (3, 3)."""
        z = self.normal(positions_m)
        x = self.mean(np.einsum("ndk,nk->nd", self.gradient(positions_m), self.directions))
        x = x - (x @ z) * z
        x /= np.linalg.norm(x)
        return np.stack([x, np.cross(z, x), z], axis=1)


def locate(sensor: Sensor, cloth: Cloth) -> Site:
    """Find a sensor on a mesh of its pattern.

    Args:
        sensor: The sensor.
        cloth: Mesh that remembers its flat panels.

    Raises:
        SensorError: If the mesh has no such panel, or the sensor lies beside it.
    """
    if sensor.panel not in cloth.panel_names:
        raise SensorError(
            f"sensor {sensor.name!r} is on panel {sensor.panel!r}; this garment has "
            f"{', '.join(cloth.panel_names)}"
        )
    return PanelMesh(cloth, cloth.panel_names.index(sensor.panel)).site(sensor)


def locate_point(
    cloth: Cloth, panel: str, point_m: NDArray[np.float64]
) -> tuple[int, NDArray[np.float64]]:
    """Triangle and barycentric coordinates, shape (3,), of a point of a panel, shape (2,)."""
    mesh = PanelMesh(cloth, cloth.panel_names.index(panel))
    rows, barycentric, _ = mesh.find(np.asarray(point_m, dtype=np.float64)[None])
    return int(mesh.faces[rows[0]]), barycentric[0]


class PanelMesh:
    """The flat triangles of one panel.

    Attributes:
        faces: Rows of its triangles in the cloth, shape (n,).
        corners: Their corners in the panel, shape (n, 3, 2) [m].
        inverse: Inverse of their edge matrices, shape (n, 2, 2) [1/m].
    """

    def __init__(self, cloth: Cloth, i_panel: int) -> None:
        self._cloth = cloth
        self.faces = np.flatnonzero(cloth.face_panel == i_panel)
        self.corners = cloth.flat_uv_m[cloth.flat_faces[self.faces]]
        edges = self.corners[:, 1:] - self.corners[:, :1]
        self.inverse: NDArray[np.float64] = np.linalg.inv(edges.transpose(0, 2, 1)).astype(
            np.float64
        )
        self._tree = KDTree(self.corners.mean(axis=1))

    def barycentric(
        self, rows: NDArray[np.int64], points_m: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Barycentric coordinates of points in triangles of the panel, shape (..., 3)."""
        offset = points_m - self.corners[rows, 0]
        two = np.einsum("...ij,...j->...i", self.inverse[rows], offset)
        return np.concatenate([1 - two.sum(axis=-1, keepdims=True), two], axis=-1)

    def find(
        self, points_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Triangles, barycentric coordinates and distance beside the mesh [m], of n points."""
        k = min(_N_NEAR, len(self.faces))
        near = np.asarray(self._tree.query(points_m, k=k)[1]).reshape(len(points_m), k)
        candidates = self.barycentric(near, points_m[:, None])
        best = candidates.min(axis=2).argmax(axis=1)
        rows = near[np.arange(len(near)), best]
        barycentric = candidates[np.arange(len(near)), best]
        inside = np.clip(barycentric, 0, None)
        inside /= inside.sum(axis=1, keepdims=True)
        off = np.einsum("nk,nkd->nd", inside, self.corners[rows]) - points_m
        return rows, inside, np.linalg.norm(off, axis=1)

    def near(self, outline_m: NDArray[np.float64]) -> NDArray[np.int64]:
        """Triangles whose box meets that of an outline, shape (n,)."""
        low, high = outline_m.min(axis=0), outline_m.max(axis=0)
        meets = (self.corners.max(axis=1) > low).all(axis=1)
        return np.flatnonzero(meets & (self.corners.min(axis=1) < high).all(axis=1))

    def site(self, sensor: Sensor) -> Site:
        """Find a sensor of this panel; errors as in `locate`."""
        return self.line(sensor) if sensor.is_line else self.area(sensor)

    def line(self, sensor: Sensor) -> Site:
        """Pieces of a path: what of it lies in one triangle and runs one way."""
        middles, lengths, ways, pieces = [], [], [], []
        for i, (a, b) in enumerate(_steps(sensor.points_m)):
            length = float(np.linalg.norm(b - a))
            n = max(1, int(np.ceil(length / _STEP_M)))
            share = (np.arange(n) + 0.5) / n
            middles.append(a + share[:, None] * (b - a))
            lengths.append(np.full(n, length / n))
            ways.append(np.tile((b - a) / length, (n, 1)))
            pieces.append(np.full(n, i))
        points = np.concatenate(middles)
        rows, barycentric, off = self.find(points)
        if off.max() > _OFF_MESH_M:
            raise SensorError(_beside(sensor, float(off.max())))
        key = np.stack([rows, np.concatenate(pieces)], axis=1)
        groups, slot = np.unique(key, axis=0, return_inverse=True)
        slot = slot.ravel()
        weight = np.bincount(slot, np.concatenate(lengths)).astype(np.float64)
        mean = np.zeros((len(groups), 3))
        np.add.at(mean, slot, barycentric * np.concatenate(lengths)[:, None])
        way = np.zeros((len(groups), 2))
        way[slot] = np.concatenate(ways)
        return self._site(sensor, groups[:, 0], mean / weight[:, None], weight, way)

    def area(self, sensor: Sensor) -> Site:
        """Pieces of an area: its overlap with every triangle."""
        import shapely

        outline = shapely.Polygon(sensor.points_m)
        rows = self.near(sensor.points_m)
        triangles = np.asarray(shapely.polygons(self.corners[rows]))
        parts = np.asarray(shapely.intersection(triangles, outline))
        area = np.asarray(shapely.area(parts))
        kept = area > 1e-12
        if area.sum() < _LEAST_COVER * outline.area:
            raise SensorError(_beside(sensor, None))
        middles = shapely.get_coordinates(shapely.centroid(parts[kept]))
        rows = rows[kept]
        way = np.tile(np.array(sensor.axis), (len(rows), 1))
        return self._site(sensor, rows, self.barycentric(rows, middles), area[kept], way)

    def _site(
        self, sensor: Sensor, rows: NDArray[np.int64], barycentric: NDArray[np.float64],
        weights: NDArray[np.float64], ways: NDArray[np.float64],
    ) -> Site:  # fmt: skip
        faces = self.faces[rows]
        return Site(
            sensor=sensor, faces=faces, barycentric=barycentric, weights=weights, directions=ways,
            vertices=self._cloth.faces[faces], flat_inverse=self.inverse[rows],
        )  # fmt: skip


def _steps(
    points_m: NDArray[np.float64],
) -> "Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]]":
    for a, b in pairwise(points_m):
        if np.linalg.norm(b - a) > 1e-9:
            yield a, b


def _beside(sensor: Sensor, off_m: float | None) -> str:
    by = "" if off_m is None else f" by {off_m * 1000:.0f} mm"
    return f"sensor {sensor.name!r} reaches beyond panel {sensor.panel!r}{by}; move it inside"
