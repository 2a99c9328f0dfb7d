"""What a drape says of a sensor: where it lands, how hard it presses, how far it is stretched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body
from fitting.cloth.skin import vertex_normals
from muslin.twin.sensors.landmarks import landmark_title, landmarks_of
from muslin.twin.sensors.locate import Site
from muslin.twin.sensors.requirement import (
    Range,
    Requirement,
    Verdict,
    load_requirements,
    requirement_for,
    say_quantity,
    say_range,
)
from muslin.twin.sensors.sensor import Sensor
from muslin.twin.worn.segments import segment_at
from muslin.twin.worn.wear import Worn

# Running shakes a module on the trunk with about so much; estimated.
PEAK_ACC_M_S2 = 2 * 9.81
# A direction below this is left out of a place in words.
_SAID_M = 0.005
READ_NUMBERS = (
    "pressure_mean_pa", "pressure_least_pa", "contact_share", "strain", "tilt_rad", "slip_margin",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One quantity of a sensor against its range.

    Attributes:
        quantity: Name of the quantity.
        value: What the drape says, SI.
        range: Where it may lie.
        verdict: ``ok``, ``too low`` or ``too high``.
    """

    quantity: str
    value: float
    range: Range
    verdict: Verdict

    def __str__(self) -> str:
        said = say_quantity(self.quantity, self.value)
        if self.verdict == "ok":
            return said
        return f"{said}, {self.verdict}: {say_range(self.quantity, self.range)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a worn sensor feels at rest.

    Attributes:
        sensor: The sensor.
        point_m: Nearest point of the skin to its middle, body frame, shape (3,).
        normal: Outward normal of the skin there, shape (3,).
        landmark: Nearest anatomical landmark.
        landmark_m: Distance from it.
        place: The same in words, with directions.
        segment: Segment of the body that it rides on; empty for a body without joints.
        gap_m: Mean distance of the cloth from the skin.
        pressure_mean_pa: Contact force over the worn area, mean.
        pressure_least_pa: Least pressure; each value a mean within 15 mm.
        laplace_pa: Mean pressure that tension and curvature alone give, as a check.
        contact_share: Share of the area that presses on the skin, no unit.
        strain: Strain along the line, or along the axis of an area, no unit.
        tilt_rad: Angle between the segment's long axis and the nearest edge of an area.
        slip_margin: Friction limit over tangential force, infinite where nothing pulls, no unit.
        judgements: Each quantity that it has a requirement for; empty without a verdict.
        requirement: Name of the requirement; empty for none.
        converged: Whether the drape is at rest; without that there is no verdict.
    """

    sensor: Sensor
    point_m: NDArray[np.float64]
    normal: NDArray[np.float64]
    landmark: str
    landmark_m: float
    place: str
    segment: str
    gap_m: float
    pressure_mean_pa: float
    pressure_least_pa: float
    laplace_pa: float
    contact_share: float
    strain: float
    tilt_rad: float
    slip_margin: float
    judgements: tuple[Judgement, ...]
    requirement: str
    converged: bool

    @property
    def works(self) -> bool:
        """Whether everything that it needs holds; False without a verdict."""
        return self.converged and all(j.verdict == "ok" for j in self.judgements)

    @property
    def verdict(self) -> str:
        """``works``, the first thing that is wrong, or why there is no verdict."""
        if not self.converged:
            return "no verdict: the drape is not at rest"
        if not self.requirement:
            return "no requirement"
        wrong = [str(j) for j in self.judgements if j.verdict != "ok"]
        return "; ".join(wrong) if wrong else "works"

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program, units in the key names."""
        return {
            "name": self.sensor.name,
            "kind": self.sensor.kind,
            "panel": self.sensor.panel,
            "channels": list(self.sensor.channels),
            "point_m": [float(v) for v in self.point_m],
            "normal": [float(v) for v in self.normal],
            "landmark": self.landmark,
            "landmark_m": self.landmark_m,
            "place": self.place,
            "segment": self.segment,
            "gap_m": self.gap_m,
            "laplace_pa": self.laplace_pa,
            **{name: _finite(getattr(self, name)) for name in READ_NUMBERS},
            "requirement": self.requirement,
            "works": self.works if self.converged and self.requirement else None,
            "verdict": self.verdict,
            "judgements": [
                {
                    "quantity": j.quantity, "value": _finite(j.value), "low": j.range.low,
                    "high": j.range.high, "verdict": j.verdict, "source": j.range.source,
                }
                for j in self.judgements
            ],
        }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def read_worn(
    worn: Worn, *, requirements: Mapping[str, Requirement] | None = None
) -> tuple[Reading, ...]:
    """Read every sensor of a worn garment.

    Args:
        worn: The garment at rest.
        requirements: What sensors need; those that ship when absent.

    Raises:
        SensorError: If a sensor names an unknown requirement or lies beside the mesh.
    """
    return read_sensors_of(worn, worn.sensors, requirements=requirements)


def read_sensors_of(
    worn: Worn, sensors: Sequence[Sensor], *, requirements: Mapping[str, Requirement] | None = None
) -> tuple[Reading, ...]:
    """Read sensors on a worn garment, wherever they are put; no new drape is needed."""
    known = load_requirements() if requirements is None else requirements
    skin, landmarks = _Skin(worn.body), landmarks_of(worn.body)
    return tuple(
        _read(
            worn, sensor, requirement_for(sensor.requirement, sensor.kind, known), skin, landmarks
        )
        for sensor in sensors
    )


def quantities(worn: Worn, site: Site) -> dict[str, float]:
    """The numbers that requirements speak of, without the search on the skin."""
    return {
        **_pressures(worn, site),
        "strain": site.strain(worn.drape.positions_m),
        "tilt_rad": _tilt_rad(worn, site),
        "slip_margin": _slip_margin(worn, site),
    }


def judge(found: Mapping[str, float], wanted: Requirement | None) -> tuple[Judgement, ...]:
    """Compare quantities with a requirement."""
    if wanted is None:
        return ()
    return tuple(
        Judgement(quantity=name, value=found[name], range=limit, verdict=limit.verdict(found[name]))
        for name, limit in wanted.ranges.items()
    )


def _read(
    worn: Worn, sensor: Sensor, wanted: Requirement | None, skin: "_Skin",
    landmarks: Mapping[str, NDArray[np.float64]],
) -> Reading:  # fmt: skip
    site = worn.site(sensor)
    found = quantities(worn, site)
    middle = site.mean(site.points_m(worn.drape.positions_m))
    point, normal = skin.nearest(middle)
    key, distance_m, words = nearest_landmark(point, landmarks)
    segment = segment_at(worn.body, point)
    at_rest = worn.drape.converged
    return Reading(
        sensor=sensor,
        point_m=point,
        normal=normal,
        landmark=key,
        landmark_m=distance_m,
        place=words,
        segment="" if segment is None else segment.name,
        gap_m=float(site.mean(site.values(worn.fit.gap_m))),
        laplace_pa=float(site.mean(site.values(worn.fit.laplace_pa))),
        judgements=judge(found, wanted) if at_rest else (),
        requirement="" if wanted is None else wanted.name,
        converged=at_rest,
        **found,
    )


def _pressures(worn: Worn, site: Site) -> dict[str, float]:
    """Pressures over the worn area of a site and how much of it presses."""
    area = site.weights * _growth(worn, site)
    touching = site.values((worn.drape.contact_force_n > 0).astype(np.float64))
    return {
        "pressure_mean_pa": float(site.values(worn.pressure_pa) @ area / area.sum()),
        "pressure_least_pa": float(site.values(worn.smooth_pressure_pa).min()),
        "contact_share": float(touching @ area / area.sum()),
    }


def _growth(worn: Worn, site: Site) -> NDArray[np.float64]:
    """Worn area over flat area of every piece, shape (n,)."""
    F = site.gradient(worn.drape.positions_m)
    return np.linalg.norm(np.cross(F[..., 0], F[..., 1]), axis=1)


def _tilt_rad(worn: Worn, site: Site) -> float:
    """Angle between the segment's axis and the nearest axis of the sensor in its plane."""
    x = worn.drape.positions_m
    segment = segment_at(worn.body, site.mean(site.points_m(x)))
    if segment is None:
        return 0.0
    R = site.R_world_sensor(x)
    cosine = np.abs(R[:, :2].T @ segment.axis).max()
    return float(np.arccos(np.clip(cosine, 0, 1)))


def _slip_margin(worn: Worn, site: Site) -> float:
    """Friction limit of an area over the tangential force on it and its mass when shaken.

    The tangential force is what the skin holds at rest: anchored Coulomb friction, summed as
    vectors, so that pulls that cancel within the area do not count.
    """
    area = site.weights * _growth(worn, site)
    if site.sensor.is_line:
        area = area * max(site.sensor.width_m, 1e-3)
    held = np.einsum("n,nk,nkd->d", area, site.barycentric, worn.friction_pa[site.vertices])
    pull = float(np.linalg.norm(held)) + site.sensor.mass_kg * PEAK_ACC_M_S2
    limit = float(site.values(worn.friction_skin * worn.pressure_pa) @ area)
    return limit / pull if pull > 1e-9 else float("inf")


class _Skin:
    """Nearest points of the skin and its normals there."""

    def __init__(self, body: Body) -> None:
        from scipy.spatial import KDTree

        self._body = body
        self._normals = vertex_normals(body.vertices_m, body.faces)
        self._corners = body.vertices_m[body.faces]
        self._tree = KDTree(self._corners.mean(axis=1))

    def nearest(
        self, point_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Nearest point of the skin and the outward normal there, each shape (3,)."""
        from trimesh.triangles import closest_point, points_to_barycentric

        rows = np.asarray(self._tree.query(point_m, k=min(24, len(self._corners)))[1])
        found = np.asarray(closest_point(self._corners[rows], np.tile(point_m, (len(rows), 1))))
        best = int(np.linalg.norm(found - point_m, axis=1).argmin())
        row, point = int(rows[best]), found[best]
        weights = points_to_barycentric(self._corners[[row]], point[None])[0]
        normal = weights @ self._normals[self._body.faces[row]]
        return point, normal / np.linalg.norm(normal)


def nearest_landmark(
    point_m: NDArray[np.float64], landmarks: Mapping[str, NDArray[np.float64]]
) -> tuple[str, float, str]:
    """Nearest landmark, its distance [m], and the place in words."""
    if not landmarks:
        return "", 0.0, ""
    off = {name: float(np.linalg.norm(point_m - at)) for name, at in landmarks.items()}
    key = min(off, key=lambda name: off[name])
    title = landmark_title(key)
    if off[key] < _SAID_M:
        return key, off[key], f"on the {title}"
    way = point_m - landmarks[key]
    words = (("below", "above"), ("right", "left"), ("behind", "in front"))
    parts = [
        (abs(float(way[axis])), words[i][int(way[axis] > 0)])
        for i, axis in enumerate((1, 0, 2))
        if abs(way[axis]) >= _SAID_M
    ]
    # Two directions say it; the third follows from the shape of the body.
    parts = sorted(parts, reverse=True)[:2]
    said = " and ".join(f"{length * 100:.1f} cm {word}" for length, word in parts)
    return (
        key,
        off[key],
        f"{said} of the {title}".replace("below of", "below")
        .replace("above of", "above")
        .replace("behind of", "behind"),
    )
