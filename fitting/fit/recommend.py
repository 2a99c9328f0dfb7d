"""Which size: rank a size run on one body, with the reason per region and how sure.

Each size is draped and judged. How sure the choice is follows from the tape: a girth read d too
small is the same as a garment d smaller, so every region's numbers at another body girth are read
between the draped sizes. Two thousand draws of tape errors give a probability for each size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.errors import FitClassError
from fitting.fit.fit_class import FitClass
from fitting.fit.report import FitReport
from fitting.fit.verdict import INSIDE, judge, quantities

N_DRAWS = 2000
_LEVEL_OF_REGION = {
    "chest": "bust_girth",
    "waist": "waist_girth",
    "hip": "hip_girth",
    "upper_arm": "upper_arm_girth",
    "thigh": "thigh_girth",
    "lower_leg": "calf_girth",
    "lower_arm": "wrist_girth",
    "neck": "neck_girth",
    "shoulder": "bust_girth",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeVerdict:
    """One size of the run.

    Attributes:
        name: Size.
        fits: Whether every region has an accepted verdict and the drape is at rest.
        misfit: Root of the summed squares of all regions' misfits, in steps of verdicts.
        limiting: Region that is worst, empty where nothing misfits.
        reason: Verdict and rule of that region.
        probability: Share of draws of the tape in which this size is the choice.
        regions: Verdict and rule by region.
    """

    name: str
    fits: bool
    misfit: float
    limiting: str
    reason: str
    probability: float
    regions: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """Answer for one body and one size run.

    Attributes:
        best: Size to take, None when no size fits or none came to rest.
        nearest: Size of the smallest misfit, whether it fits or not; None when none is at rest.
        sizes: All sizes in the order of the run.
        none_fits_probability: Share of draws in which no size fits.
        margin: Misfit of the runner-up less that of the nearest, in steps of verdicts.
        because: One sentence.
    """

    best: str | None
    nearest: str | None
    sizes: tuple[SizeVerdict, ...]
    none_fits_probability: float
    margin: float
    because: str

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program."""
        return {
            "recommended": self.best,
            "nearest": self.nearest,
            "because": self.because,
            "margin": self.margin,
            "no_size_fits_probability": self.none_fits_probability,
            "sizes": [
                {
                    "size": size.name,
                    "fits": size.fits,
                    "misfit": size.misfit,
                    "limiting_region": size.limiting,
                    "reason": size.reason,
                    "probability": size.probability,
                    "regions": {
                        name: {"verdict": verdict, "rule": rule}
                        for name, (verdict, rule) in size.regions.items()
                    },
                }
                for size in self.sizes
            ],
        }


def recommend(
    reports: Mapping[str, FitReport],
    *,
    uncertainty_m: Mapping[str, float],
    rng: np.random.Generator,
    n_draws: int = N_DRAWS,
) -> Recommendation:
    """Choose a size.

    Args:
        reports: Fit of every size, ascending, by its name.
        uncertainty_m: Standard deviation of each girth of the body, by measure.
        rng: Draws the tape's errors.
        n_draws: How many draws.

    Raises:
        FitClassError: If there is no size, or sizes were judged by different classes.
    """
    if not reports:
        raise FitClassError("a size run needs at least one size")
    classes = {report.fit_class.name for report in reports.values()}
    if len(classes) > 1:
        raise FitClassError(f"sizes were judged by different classes: {', '.join(sorted(classes))}")
    resting = {name: report for name, report in reports.items() if report.drape.converged}
    share, none_share = _probabilities(resting, uncertainty_m, rng, n_draws)
    sizes = tuple(_size(name, report, share.get(name, 0.0)) for name, report in reports.items())
    ranked = sorted((s for s in sizes if s.name in resting), key=lambda size: size.misfit)
    fitting = [size for size in ranked if size.fits]
    best = fitting[0] if fitting else None
    nearest = best or (ranked[0] if ranked else None)
    others = [size.misfit for size in ranked if nearest is not None and size.name != nearest.name]
    return Recommendation(
        best=best.name if best else None,
        nearest=nearest.name if nearest else None,
        sizes=sizes,
        none_fits_probability=none_share,
        margin=min(others) - nearest.misfit if nearest and others else 0.0,
        because=_because(best, nearest),
    )


def _because(best: SizeVerdict | None, nearest: SizeVerdict | None) -> str:
    if nearest is None:
        return "no drape came to rest, so no size can be judged"
    if best is None:
        return (
            f"no size fits; {nearest.name} comes nearest, but {nearest.limiting} {nearest.reason}"
        )
    if not best.limiting:
        return f"{best.name} fits in every region"
    return f"{best.name} fits; {best.limiting} is nearest to its limit: {best.reason}"


def _size(name: str, report: FitReport, probability: float) -> SizeVerdict:
    judged = {key: region for key, region in report.regions.items() if region.verdict != "none"}
    misfits = {key: abs(report.misfits[key]) for key in judged}
    worst = max(misfits, key=lambda key: misfits[key], default="")
    refused = [key for key in judged if judged[key].verdict not in report.fit_class.accepted]
    if refused:
        worst = max(refused, key=lambda key: misfits[key])
    elif worst and misfits[worst] <= INSIDE:
        worst = ""
    return SizeVerdict(
        name=name,
        fits=report.fits,
        misfit=float(np.sqrt(sum(value**2 for value in misfits.values()))),
        limiting=worst.replace("_", " "),
        reason=f"is {judged[worst].verdict}: {judged[worst].rule}" if worst else "",
        probability=probability,
        regions={key: (region.verdict, region.rule) for key, region in judged.items()},
    )


def _probabilities(
    reports: Mapping[str, FitReport],
    uncertainty_m: Mapping[str, float],
    rng: np.random.Generator,
    n_draws: int,
) -> tuple[dict[str, float], float]:
    """Share of draws in which each size is the choice, and in which none fits."""
    if not reports:
        return {}, 1.0
    names = list(reports)
    if len(names) == 1:
        fits = reports[names[0]].fits
        return {names[0]: float(fits)}, float(not fits)
    fit_class = next(iter(reports.values())).fit_class
    regions = _common_regions(list(reports.values()))
    levels = sorted({_LEVEL_OF_REGION[name] for name in regions if name in _LEVEL_OF_REGION})
    sd = np.array([uncertainty_m.get(level, 0.0) for level in levels])
    errors = rng.standard_normal((n_draws, len(levels))) * sd
    misfit = np.zeros((n_draws, len(names)))
    fits = np.ones((n_draws, len(names)), dtype=np.bool_)
    for region in regions:
        level = _LEVEL_OF_REGION.get(region)
        shift = errors[:, levels.index(level)] if level else np.zeros(n_draws)
        for i, (values, accepted) in enumerate(_shifted(region, list(reports.values()), shift,
                                                        fit_class)):  # fmt: skip
            misfit[:, i] += values**2
            fits[:, i] &= accepted
    misfit[~fits] = np.inf
    none = ~fits.any(axis=1)
    choice = misfit.argmin(axis=1)
    shares = {name: float((~none & (choice == i)).mean()) for i, name in enumerate(names)}
    return shares, float(none.mean())


def _common_regions(reports: Sequence[FitReport]) -> list[str]:
    """Regions that every size could be judged in."""
    return [
        name
        for name in reports[0].regions
        if all(
            name in report.regions and report.regions[name].verdict != "none" for report in reports
        )
    ]


def _shifted(
    region: str, reports: Sequence[FitReport], shift_m: NDArray[np.float64], fit_class: FitClass
) -> list[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Misfit and acceptance of each size when the body is larger by a shift, per draw.

    Judged on a grid of forty body girths and read between them.
    """
    runs = [quantities(report.regions[region]) for report in reports]
    keys = [key for key in runs[0] if all(key in run for run in runs)]
    girth_m = _garment_scale_m(runs)
    grid = np.linspace(shift_m.min() - 1e-6, shift_m.max() + 1e-6, 40)
    result = []
    for i in range(len(reports)):
        place = girth_m[i] - grid
        columns = {key: _between(place, girth_m, [run[key] for run in runs]) for key in keys}
        judged = [
            judge(region, {key: float(columns[key][k]) for key in keys}, fit_class)
            for k in range(len(grid))
        ]
        misfits = np.array([one.misfit for one in judged])
        accepted = np.array([one.verdict in (*fit_class.accepted, "none") for one in judged])
        nearest = np.clip(np.searchsorted(grid, shift_m), 0, len(grid) - 1)
        result.append((np.interp(shift_m, grid, misfits), accepted[nearest]))
    return result


def _garment_scale_m(runs: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Girth of each size over the smallest, by ease; by steps of 4 cm where ease is not known."""
    if all("ease_cm" in run for run in runs):
        scale = np.array([run["ease_cm"] for run in runs])
        if (np.diff(scale) > 1e-4).all():
            return (scale - scale[0]).astype(np.float64)
    return 0.04 * np.arange(len(runs), dtype=np.float64)


def _between(
    place: NDArray[np.float64], at: NDArray[np.float64], values: Sequence[float]
) -> NDArray[np.float64]:
    """Linear between the sizes, and straight on beyond them."""
    y = np.asarray(values, dtype=np.float64)
    part = np.clip(np.searchsorted(at, place) - 1, 0, len(at) - 2)
    slope = np.diff(y) / np.diff(at)
    return np.asarray(y[part] + slope[part] * (place - at[part]), dtype=np.float64)
