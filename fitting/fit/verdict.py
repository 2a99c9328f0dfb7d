"""From numbers to a verdict per region, and how far a region is from what its class intends."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fitting.fit.fit_class import Band, FitClass, Verdict
from fitting.fit.summary import Summary

# Less cloth than this says nothing about a region.
LEAST_AREA_M2 = 0.006
# ... and it must cover this share of the region's skin, or be this share of the garment.
LEAST_COVER, LEAST_SHARE = 0.15, 0.25
_CENTRED = 0.1
# Largest misfit within the intended verdict.
INSIDE = 0.5 * _CENTRED + 1e-9
_STEP: dict[str, float] = {"loose": -1.0, "easy": 0.0, "close": 1.0, "tight": 2.0}
_LOUDEST: tuple[Verdict, ...] = ("tight", "loose", "close", "easy")
_UNITS = {
    "ease_cm": (100.0, "cm", "ease"),
    "gap_mean_cm": (100.0, "cm", "mean gap"),
    "strain_percent_of_limit": (100.0, "% of the fabric's limit", "strain p95"),
    "pressure_mean_kpa": (0.001, "kPa", "mean pressure"),
    "pressure_p95_kpa": (0.001, "kPa", "pressure p95"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Verdict of one region.

    Attributes:
        verdict: The loudest of its quantities; ``none`` where there is nothing to judge.
        rule: Quantity, value and threshold that decided, in words.
        misfit: Distance from the intended verdict in steps of verdicts, at most `INSIDE` within
            it; positive is too tight, negative too loose.
    """

    verdict: Verdict
    rule: str
    misfit: float = 0.0


def quantities(region: Summary) -> dict[str, float]:
    """What a fit class judges, SI, by the class's names."""
    spreads = region.spreads
    values = {
        "gap_mean_cm": spreads["gap_m"].mean,
        "strain_percent_of_limit": spreads["strain_share"].p95,
        "pressure_mean_kpa": spreads["pressure_pa"].mean,
        "pressure_p95_kpa": spreads["pressure_pa"].p95,
    }
    if region.ease_m is not None:
        values["ease_cm"] = region.ease_m
    return values


def judge(name: str, values: Mapping[str, float], fit_class: FitClass) -> Judged:
    """Judge one region.

    Args:
        name: Region of the body.
        values: Its numbers, SI, as `quantities` gives them.
        fit_class: What the garment is meant to be.
    """
    bands = {key: band for key, band in fit_class.bands(name).items() if key in values}
    if not bands:
        return Judged(verdict="none", rule=f"the class has no threshold for {name}")
    found: dict[str, Verdict] = {key: band.verdict(values[key]) for key, band in bands.items()}
    key = min(found, key=lambda name: _LOUDEST.index(found[name]))
    verdict = found[key]
    misfits = [misfit(band, values[key], fit_class.intended) for key, band in bands.items()]
    worst = max(misfits, key=abs)
    # What presses too much hurts, so tightness anywhere outweighs slack elsewhere.
    return Judged(
        verdict=verdict,
        rule=_rule(key, values[key], bands[key], verdict),
        misfit=max(misfits) if max(misfits) > INSIDE else worst,
    )


def misfit(band: Band, value: float, intended: Verdict) -> float:
    """Steps of verdicts between a value and the intended verdict.

    Within it a tenth of the way from its middle, so that of two sizes that fit the better centred
    one wins; a quantity that nothing calls loose cannot be too small.
    """
    off = _place(band, value) - _STEP[intended]
    if off < 0 and band.loose is None:
        return 0.0
    beyond = max(abs(off) - 0.5, 0.0)
    return float(np.sign(off) * (_CENTRED * min(abs(off), 0.5) + beyond))


def _place(band: Band, value: float) -> float:
    """Where a value lies: loose below -0.5, easy round 0, close round 1, tight above 1.5."""
    marks = [
        (limit, place)
        for limit, place in ((band.loose, -0.5), (band.close, 0.5), (band.tight, 1.5))
        if limit is not None
    ]
    sign = -1.0 if band.rises else 1.0
    marks = [(sign * limit, place) for limit, place in marks]
    x = sign * value
    if len(marks) == 1:
        # One threshold has no width: half of it counts as a step.
        limit, place = marks[0]
        width = max(abs(limit) / 2, 1e-9)
        return place + (x - limit) / width
    if x <= marks[0][0]:
        (a, p), (b, q) = marks[0], marks[1]
    elif x >= marks[-1][0]:
        (a, p), (b, q) = marks[-2], marks[-1]
    else:
        (a, p), (b, q) = next(pair for pair in pairwise(marks) if x <= pair[1][0])
    return p + (x - a) / max(b - a, 1e-12) * (q - p)


def _rule(key: str, value: float, band: Band, verdict: Verdict) -> str:
    factor, unit, words = _UNITS[key]
    said = f"{words} {value * factor:.3g} {unit}"
    limit = {"tight": band.tight, "close": band.close, "loose": band.loose}.get(verdict)
    if limit is None:
        return f"{said}, within its limits"
    beyond = "below" if band.rises == (verdict != "loose") else "at or above"
    return f"{said} is {beyond} {limit * factor:.3g}"
