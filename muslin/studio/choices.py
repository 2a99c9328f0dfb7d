"""What can be chosen in the fit room, with the units and names that a person reads."""

import tomllib
from functools import cache
from typing import Any

from muslin.errors import InputError
from muslin.folders import assets_folder

PERCENTILES = ("p5", "p25", "p50", "p75", "p95")
# Measures that the survey behind the presets has; the others follow from the body.
SLIDERS = (
    "stature", "bust_girth", "waist_navel_girth", "hip_girth", "neck_girth", "wrist_girth",
    "thigh_girth", "calf_girth", "shoulder_width", "inside_leg_height",
)  # fmt: skip
MOTIONS = ("walk", "arm_raise")
POSES = ("a", "t", "arms_down", "arms_up", "arms_forward", "sitting", "squat", "walk_contact")


@cache
def fit_choices() -> dict[str, Any]:
    """Blocks, fabrics, poses, sliders and presets."""
    from fitting.body import HUMAN_RANGE_M, read_measurements
    from fitting.cloth.fabric_cards import fabric_names
    from fitting.pattern import BLOCKS

    demo, sex = read_measurements(assets_folder() / "body" / "demo.toml")
    return {
        "blocks": [
            {"name": block.name, "text": block.text, "fabric": block.fabric}
            for block in BLOCKS.values()
        ],
        "fabrics": list(fabric_names()),
        "poses": list(POSES),
        "sizes": [-2, -1, 0, 1, 2],
        "sliders": [
            {"name": name, "low_cm": low * 100, "high_cm": high * 100}
            for name, (low, high) in ((key, HUMAN_RANGE_M[key]) for key in SLIDERS)
        ],
        "demo": {"sex": sex, "measures_cm": {k: v * 100 for k, v in demo.given().items()}},
        "presets": presets(),
    }


def presets() -> dict[str, dict[str, dict[str, float]]]:
    """Measures [cm] by sex and percentile, as far as the survey has them."""
    text = (assets_folder() / "body" / "ansur2.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for sex in ("female", "male"):
        rows = {name: tables[sex].get(f"{name}_cm") for name in SLIDERS}
        found[sex] = {
            percentile: {name: row[percentile] for name, row in rows.items() if row}
            for percentile in PERCENTILES
        }
    return found


def checked_measures(given: Any) -> dict[str, float]:
    """Tape measures [cm] that a page sent.

    Raises:
        InputError: If they are no numbers by known names.
        MeasurementError: If one is not human.
    """
    from fitting.body import Measurements

    if not isinstance(given, dict) or not given:
        raise InputError("measures_cm holds no measure")
    return {name: metres * 100 for name, metres in Measurements.from_cm(given).given().items()}
