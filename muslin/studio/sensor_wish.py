"""What a page may ask of the sensors of a fit: every name, number and count is looked at."""

import math
import re
from typing import Any

from muslin.errors import InputError

# Those of `muslin.twin`, which the server does not load.
KINDS = ("electrode", "strain_line", "imu", "pressure_pad", "thermistor", "ppg")
LINES = ("strain_line",)
SENSOR_FILES = ("toml", "dxf", "svg")
N_POINTS = 60
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}")
_LANDMARK = re.compile(r"[a-z0-9_]{1,40}")


def checked_change(content: dict[str, Any]) -> dict[str, Any]:
    """A change to the sensors of a fit.

    Args:
        content: ``do`` is ``add``, with ``kind``, perhaps ``name``, and ``points`` (triangle and
            three weights each) or a landmark ``over``; or ``remove`` with ``name``.

    Raises:
        InputError: If something else is asked for.
    """
    match content.get("do"):
        case "remove":
            return {"do": "remove", "name": _name(content.get("name"))}
        case "add":
            return _added(content)
        case _:
            raise InputError("sensors are added or removed, nothing else")


def _added(content: dict[str, Any]) -> dict[str, Any]:
    kind = content.get("kind")
    if kind not in KINDS:
        raise InputError(f"kind is not one of {', '.join(KINDS)}")
    name = _name(content["name"]) if content.get("name") else ""
    over = content.get("over") or ""
    if over:
        if not isinstance(over, str) or not _LANDMARK.fullmatch(over):
            raise InputError("landmark is no name")
        return {"do": "add", "kind": kind, "name": name, "over": over, "points": []}
    points = content.get("points")
    least = 2 if kind in LINES else 1
    if not isinstance(points, list) or not least <= len(points) <= N_POINTS:
        raise InputError(f"wanted {least} to {N_POINTS} points on the garment")
    return {
        "do": "add", "kind": kind, "name": name, "over": "",
        "points": [_point(point) for point in points],
    }  # fmt: skip


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InputError("a sensor's name has 1 to 40 letters, digits, spaces, dots, - or _")
    return value


def _point(value: Any) -> list[float]:
    """Triangle and three weights."""
    good = isinstance(value, list) and len(value) == 4
    if not good or not all(
        isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in value
    ):
        raise InputError("a point is a triangle and three weights")
    face, *weights = value
    if face != int(face) or not 0 <= face < 1 << 31 or min(weights) < -1e-3 or max(weights) > 1.001:
        raise InputError("a point's triangle is a number from 0 and its weights lie in 0 to 1")
    return [int(face), *(max(float(w), 0.0) for w in weights)]
