"""A sensor garment on a body: drafted, placed, draped, and its sensors found on the mesh."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fitting.body import Body, Measurements
from fitting.cloth import Cloth, Fabric, garment_levels_on_body
from fitting.cloth.skin import vertex_normals
from fitting.drape import Drape, DrapeSettings, drape
from fitting.fit import FitMap, fit_map
from fitting.pattern import Pattern
from muslin.twin.sensors.garment import TwinGarment
from muslin.twin.sensors.grip import gripping, with_friction
from muslin.twin.sensors.locate import PanelMesh, Site, locate
from muslin.twin.sensors.resolve import Dressed, resolve
from muslin.twin.sensors.sensor import Sensor

# A band of 4 cm gets four rows of triangles; an electrode some forty pieces.
EDGE_LENGTH_M = 0.01
# Flesh of some 35 kPa gives way to shorter relief, and the disc is about as large as an electrode
# of 3 by 2 cm (docs/twin.md). It is also one and a half edges of that mesh, below which is noise.
SMOOTH_M = 0.015


@dataclass(frozen=True, kw_only=True)
class Worn:
    """A sensor garment at rest on a body. Not slotted: what is derived is kept.

    Attributes:
        garment: The garment.
        body: Who wears it.
        pattern: Its pattern in the size that is worn.
        cloth: Its mesh.
        drape: Its rest.
        fabric: Card of its fabric.
    """

    garment: TwinGarment
    body: Body
    pattern: Pattern
    cloth: Cloth
    drape: Drape
    fabric: Fabric

    @cached_property
    def fit(self) -> FitMap:
        """Maps of the drape."""
        return fit_map(self.cloth, self.drape, self.body, self.fabrics)

    @property
    def fabrics(self) -> tuple[Fabric, ...]:
        """Fabrics that the mesh points into: the card, and the same at edges that grip."""
        grip = self.garment.grip
        gripping_too = () if grip is None else (with_friction(self.fabric, grip.friction_skin),)
        return (self.fabric, *gripping_too)

    @cached_property
    def friction_skin(self) -> NDArray[np.float64]:
        """Coulomb coefficient against skin of every vertex, shape (n_vertices,), no unit."""
        own = np.array([fabric.friction_skin for fabric in self.fabrics])[self.cloth.face_fabric]
        corners, n = self.cloth.faces.ravel(), len(self.drape.positions_m)
        shares = np.bincount(corners, np.repeat(own, 3), minlength=n)
        return shares / np.maximum(np.bincount(corners, minlength=n), 1)

    @cached_property
    def dressed(self) -> Dressed:
        """What placing by landmark needs."""
        return Dressed(body=self.body, cloth=self.cloth, positions_m=self.drape.positions_m)

    @cached_property
    def sensors(self) -> tuple[Sensor, ...]:
        """The garment's sensors on this pattern."""
        return resolve(self.garment.plans, self.pattern, dressed=self.dressed)

    @cached_property
    def _meshes(self) -> dict[str, PanelMesh]:
        return {name: PanelMesh(self.cloth, i) for i, name in enumerate(self.cloth.panel_names)}

    def site(self, sensor: Sensor) -> Site:
        """Where a sensor lies on the mesh.

        Raises:
            SensorError: If the mesh has no such panel, or the sensor lies beside it.
        """
        mesh = self._meshes.get(sensor.panel)
        return locate(sensor, self.cloth) if mesh is None else mesh.site(sensor)

    @cached_property
    def smooth_pressure_pa(self) -> NDArray[np.float64]:
        """Contact force over area within `SMOOTH_M` of every vertex, shape (n_vertices,)."""
        return self.pressure_within_pa(SMOOTH_M)

    def pressure_within_pa(self, radius_m: float) -> NDArray[np.float64]:
        """Contact force over area within a distance of every vertex, shape (n_vertices,)."""
        tree = KDTree(self.drape.positions_m)
        near = tree.sparse_distance_matrix(tree, radius_m, output_type="coo_matrix")
        near.data[:] = 1.0
        near = near.tocsr()
        near.setdiag(1.0)
        area = np.maximum(near @ self.fit.vertex_area_m2, 1e-12)
        return np.asarray(near @ self.drape.contact_force_n / area)

    @cached_property
    def friction_pa(self) -> NDArray[np.float64]:
        """Tangential force of the skin over the area of every vertex, shape (n_vertices, 3).

        Anchored Coulomb friction as the engine has it: full from a slip of 0.3 mm on.
        """
        rest = self.drape
        normals = vertex_normals(rest.positions_m, self.cloth.faces)
        slip = rest.positions_m - rest.anchors_m
        slip -= (slip * normals).sum(axis=1, keepdims=True) * normals
        length = np.linalg.norm(slip, axis=1, keepdims=True)
        full = DrapeSettings().friction_slip_m
        share = slip / np.maximum(length, full)
        return -(self.friction_skin * self.pressure_pa)[:, None] * share

    @cached_property
    def pressure_pa(self) -> NDArray[np.float64]:
        """Contact force over the area of every vertex, not smoothed, shape (n_vertices,)."""
        return self.drape.contact_force_n / np.maximum(self.fit.vertex_area_m2, 1e-12)


def wear(
    garment: TwinGarment,
    body: Body,
    measures: Measurements | None,
    *,
    size_step: int = 0,
    file_size: str | None = None,
    ease: Mapping[str, float] | None = None,
    edge_length_m: float = EDGE_LENGTH_M,
    settings: DrapeSettings | None = None,
    seed: int = 0,
) -> Worn:
    """Put a sensor garment on a body and let it come to rest.

    Args:
        garment: The garment.
        body: Who wears it, in any stance.
        measures: Who a block is drafted for: the wearer, or the person of a size chart.
        size_step: Sizes up or down of a block.
        file_size: Size of a graded pattern file.
        ease: Changes to the block's ease.
        edge_length_m: Edge length of the cloth mesh.
        settings: Settings of the engine.
        seed: Seed of the run.

    Raises:
        InputError: If it cannot be drafted from what was given.
        FittingError: If it cannot be drafted, placed or draped.
    """
    pattern = garment.draft(measures, size_step=size_step, file_size=file_size, ease=ease)
    return wear_pattern(
        garment, pattern, body, edge_length_m=edge_length_m, settings=settings, seed=seed
    )


def wear_pattern(
    garment: TwinGarment,
    pattern: Pattern,
    body: Body,
    *,
    edge_length_m: float = EDGE_LENGTH_M,
    settings: DrapeSettings | None = None,
    seed: int = 0,
    progress: Callable[[int, float], None] | None = None,
) -> Worn:
    """The same for a pattern that is drafted already; ``progress`` is called after every step."""
    levels, fabrics = gripping(
        garment_levels_on_body(pattern, body, edge_length_m=edge_length_m),
        garment.fabric,
        garment.grip,
    )
    rest = drape(
        levels,
        body,
        fabrics,
        settings=settings or DrapeSettings(),
        rng=np.random.default_rng(seed),
        progress=progress,
    )
    return Worn(
        garment=garment, body=body, pattern=pattern, cloth=levels.finest, drape=rest,
        fabric=garment.fabric,
    )  # fmt: skip
