"""What a tech pack holds, before it is drawn."""

import math
from dataclasses import dataclass
from typing import Any

from fitting.body import Body, Measurements
from fitting.cloth import Cloth, Fabric
from fitting.drape import Drape
from fitting.fit import FitClass, FitMap, FitReport
from fitting.nesting import Allowance, Marker
from fitting.pattern import Pattern
from muslin.techpack.bill import SeamLine, bands, sensor_fields
from muslin.techpack.measures import PointOfMeasure
from muslin.version import version


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSize:
    """One size of the garment.

    Attributes:
        pattern: Of this size.
        measures: Tape measures of the body that tried it on.
        body: That body.
        cloth: The mesh.
        drape: Its rest.
        map: Maps of the drape.
        report: Numbers and verdicts.
        marker: One garment of this size alone on the fabric.
        seams: Seams and hems with their thread.
    """

    pattern: Pattern
    measures: Measurements
    body: Body
    cloth: Cloth
    drape: Drape
    map: FitMap
    report: FitReport
    marker: Marker
    seams: tuple[SeamLine, ...]

    @property
    def thread_m(self) -> float:
        """Thread of all seams and hems."""
        return sum(line.thread_m for line in self.seams)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Everything that the pages show.

    Attributes:
        name: The garment.
        fabric: Card of its fabric.
        fit_class: What it is meant to be.
        allowance: Around the sew lines.
        sizes: Every size, as asked for.
        sample: Number of the size that the drawings show.
        marker: One garment of every size together.
        points: Points of measure.
        seed: Seed of the drapes and the marker.
        edge_length_m: Edge length of the cloth mesh.
    """

    name: str
    fabric: Fabric
    fit_class: FitClass
    allowance: Allowance
    sizes: tuple[PackSize, ...]
    sample: int
    marker: Marker
    points: tuple[PointOfMeasure, ...]
    seed: int
    edge_length_m: float

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program, units in the key names."""
        density = self.fabric.area_density_kg_m2
        return {
            "garment": self.name,
            "fabric": self.fabric.name,
            "fit_class": self.fit_class.name,
            "points_of_measure": {
                point.name: {
                    "values_m": [v if math.isfinite(v) else None for v in point.values_m],
                    "tolerance_m": point.tolerance_m,
                }
                for point in self.points
            },
            "sizes": [
                {
                    "size": size.pattern.size,
                    "fits": size.report.fits if size.drape.converged else None,
                    "converged": size.drape.converged,
                    "fabric_length_m": size.marker.length_m,
                    "fabric_mass_kg": size.marker.mass_kg(density),
                    "waste_share": 1 - size.marker.utilisation,
                    "thread_m": size.thread_m,
                    "bands": [band[0] for band in bands(size.pattern)],
                    "n_sensor_fields": len(sensor_fields(size.pattern)),
                }
                for size in self.sizes
            ],
            "marker_length_m": self.marker.length_m,
            "marker_utilisation": self.marker.utilisation,
            "seed": self.seed,
            "software": f"muslin {version()}",
        }


def verdict(size: PackSize) -> str:
    """Whether a size fits the body that tried it on, in a sentence."""
    if not size.drape.converged:
        return f"no verdict: {size.drape.cause}"
    if size.report.fits:
        return "fits"
    wrong = [
        f"{name.replace('_', ' ')} {region.verdict}"
        for name, region in size.report.regions.items()
        if region.verdict != "none" and region.verdict not in size.report.fit_class.accepted
    ]
    return f"does not fit: {', '.join(wrong) or 'nothing could be judged'}"
