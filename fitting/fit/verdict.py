"""From numbers to one word per region, and the rule that gave it.

The bands are working values, not a standard: no numeric source for daily comfort was found.
"""

from dataclasses import dataclass
from typing import Literal

Fit = Literal["tight", "close", "easy", "loose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitBands:
    """Where one word ends and the next begins.

    Attributes:
        limit_share_tight: 95th percentile of strain over the fabric's limit that is tight.
        pressure_tight_kpa: Mean pressure of touching cloth that is tight.
        ease_tight: Ease over body girth below which a region is tight, no unit.
        ease_close: Below it, close.
        ease_easy: Below it, easy; loose above.
        gap_close_m: Median gap below which a region without a girth is close.
        gap_easy_m: Below it, easy; loose above.
    """

    limit_share_tight: float = 1.0
    pressure_tight_kpa: float = 2.0
    ease_tight: float = 0.0
    ease_close: float = 0.04
    ease_easy: float = 0.14
    gap_close_m: float = 0.006
    gap_easy_m: float = 0.03


def judge(
    bands: FitBands,
    *,
    limit_share_p95: float,
    pressure_mean_kpa: float,
    ease_share: float | None,
    gap_median_m: float,
) -> tuple[Fit, str]:
    """Return the word and the rule that fired."""
    if limit_share_p95 > bands.limit_share_tight:
        return "tight", f"strain is {limit_share_p95:.2f} of the fabric's limit"
    if pressure_mean_kpa > bands.pressure_tight_kpa:
        return "tight", f"mean pressure is {pressure_mean_kpa:.2f} kPa"
    if ease_share is None:
        rule = f"median gap is {1e3 * gap_median_m:.1f} mm"
        if gap_median_m < bands.gap_close_m:
            return "close", rule
        return ("easy" if gap_median_m < bands.gap_easy_m else "loose"), rule
    rule = f"ease is {100 * ease_share:.1f} % of the body girth"
    if ease_share < bands.ease_tight:
        return "tight", rule
    if ease_share < bands.ease_close:
        return "close", rule
    return ("easy" if ease_share < bands.ease_easy else "loose"), rule
