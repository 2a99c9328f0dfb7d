"""Check sensors against their pattern and the garment's schema; every problem with a remedy."""

import math
from collections.abc import Sequence
from itertools import combinations

from firmware_bridge.schema import GarmentSchema
from fitting.pattern import Finding, Panel, Pattern
from muslin.twin.sensors.sensor import Sensor

# A seam is stitched about so wide; nothing electric lies in it.
SEAM_CLEAR_M = 0.004
_FOLDED = ("dart", "pleat", "fold")
# Kinds of channels that a kind of sensor feeds.
_CHANNEL_KINDS: dict[str, tuple[str, ...]] = {
    "electrode": ("ecg", "emg", "eda", "bioz"),
    "strain_line": ("strain",),
    "imu": ("acc", "gyr", "mag"),
    "pressure_pad": ("pressure", "force"),
    "thermistor": ("temperature", "temp"),
    "ppg": ("ppg",),
}
_SHARED = ("electrode",)


def check_sensors(
    sensors: Sequence[Sensor], pattern: Pattern, *, schema: GarmentSchema | None = None
) -> tuple[Finding, ...]:
    """List everything that is wrong with sensors, panel by panel.

    Args:
        sensors: Sensors laid on the pattern.
        pattern: The pattern they lie on.
        schema: What the garment sends; none leaves channels unchecked.
    """
    found: list[Finding] = []
    names = [sensor.name for sensor in sensors]
    for name in sorted({name for name in names if names.count(name) > 1}):
        panel = next(s.panel for s in sensors if s.name == name)
        found.append(_finding("SENSOR_NAME", panel, f"two sensors are called {name!r}", "rename"))
    panels = {panel.name: panel for panel in pattern.panels}
    for sensor in sensors:
        if sensor.panel in panels:
            found += _on_panel(sensor, panels[sensor.panel], pattern)
        else:
            text = f"sensor {sensor.name!r} is on panel {sensor.panel!r}, which is not there"
            remedy = f"name one of {', '.join(panels)}"
            found.append(_finding("SENSOR_PANEL", sensor.panel, text, remedy))
    found += _overlaps(sensors)
    return (*found, *(_channels(sensors, schema) if schema is not None else ()))


def _on_panel(sensor: Sensor, panel: Panel, pattern: Pattern) -> list[Finding]:
    """Whether a sensor lies inside its panel, off seams, darts and holes."""
    import shapely

    cover = shapely.Polygon(sensor.cover_m())
    what = f"sensor {sensor.name!r}"
    if not cover.is_valid or cover.area < 1e-8:
        text = f"{what} has an outline that crosses itself or covers nothing"
        return [_finding("SENSOR_SHAPE", panel.name, text, "draw it anew")]
    outline = shapely.Polygon(panel.outline_m(0.001))
    outside = cover.difference(outline).area
    if outside > 1e-3 * cover.area:
        share = outside / cover.area
        text = f"{what} leaves the panel with {share:.0%} of its area"
        return [_finding("SENSOR_OUTSIDE", panel.name, text, "move it inside", share=share)]
    found = []
    for hole in panel.holes:
        if len(hole.outline_m) and cover.intersects(shapely.Polygon(hole.outline_m)):
            text = f"{what} lies over a cut-out"
            found.append(_finding("SENSOR_HOLE", panel.name, text, "move it off"))
    for line in panel.internal_lines:
        if line.kind in _FOLDED and cover.intersects(shapely.LineString(line.points_m)):
            text = f"{what} crosses a {line.kind}, where the cloth is folded"
            found.append(_finding("SENSOR_FOLD", panel.name, text, "move it to one side"))
    for i_edge, word in _sewn_edges(panel, pattern):
        n = max(2, math.ceil(panel.length_m(i_edge) / 0.002))
        gap_m = cover.distance(shapely.LineString(panel.sample_m(i_edge, n)))
        if gap_m < SEAM_CLEAR_M:
            text = f"{what} lies {gap_m * 1000:.1f} mm from a {word}"
            remedy = f"keep {SEAM_CLEAR_M * 1000:.0f} mm away from it"
            found.append(
                Finding(
                    code="SENSOR_SEAM", panel=panel.name, edge=i_edge, text=text, remedy=remedy,
                    numbers={"gap_m": gap_m},
                )
            )  # fmt: skip
    return found


def _sewn_edges(panel: Panel, pattern: Pattern) -> list[tuple[int, str]]:
    """Edges of a panel that are sewn, and as what."""
    sewn: dict[int, str] = {}
    for seam in pattern.seams:
        word = "dart" if seam.kind == "dart" else "seam"
        for run in (*seam.runs_a, *seam.runs_b):
            if run.panel == panel.name:
                sewn[run.edge] = word
    return sorted(sewn.items())


def _overlaps(sensors: Sequence[Sensor]) -> list[Finding]:
    import shapely

    found = []
    for a, b in combinations(sensors, 2):
        if a.panel != b.panel:
            continue
        covers = [shapely.Polygon(s.cover_m()) for s in (a, b)]
        if all(cover.is_valid for cover in covers) and covers[0].intersection(covers[1]).area > 0:
            text = f"sensors {a.name!r} and {b.name!r} lie upon each other"
            found.append(_finding("SENSOR_OVERLAP", a.panel, text, "move one of them"))
    return found


def _channels(sensors: Sequence[Sensor], schema: GarmentSchema) -> list[Finding]:
    """Whether every channel exists, is fed once, and is of the sensor's kind."""
    known = {
        f"{stream.name}.{channel.name}": channel.kind
        for stream in schema.streams
        for channel in stream.channels
    }
    found, fed = [], dict[str, Sensor]()
    for sensor in sensors:
        for name in sensor.channels:
            what = f"sensor {sensor.name!r} feeds {name!r}"
            if name not in known:
                text = f"{what}, which garment {schema.name!r} does not send"
                remedy = f"it sends {', '.join(known)}"
                found.append(_finding("SENSOR_CHANNEL", sensor.panel, text, remedy))
                continue
            if known[name] not in _CHANNEL_KINDS[sensor.kind]:
                text = f"{what}, a channel of kind {known[name]!r}"
                remedy = f"an {sensor.kind} feeds {' or '.join(_CHANNEL_KINDS[sensor.kind])}"
                found.append(_finding("SENSOR_CHANNEL_KIND", sensor.panel, text, remedy))
            other = fed.setdefault(name, sensor)
            if other is not sensor and sensor.kind not in _SHARED:
                text = f"{what}, which {other.name!r} feeds already"
                found.append(
                    _finding("SENSOR_CHANNEL_TWICE", sensor.panel, text, "name another channel")
                )
    found += [
        Finding(
            code="CHANNEL_UNFED", panel="", edge=None, severity="hint",
            text=f"no sensor feeds channel {name!r}",
        )
        for name in known
        if name not in fed
    ]  # fmt: skip
    return found


def _finding(code: str, panel: str, text: str, remedy: str, **numbers: float) -> Finding:
    return Finding(code=code, panel=panel, edge=None, text=text, remedy=remedy, numbers=numbers)
