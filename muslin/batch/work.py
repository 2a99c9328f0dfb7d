"""One case, run in a worker: body, drape, report. One thread, quiet, the same bits anywhere.

Kernels are compiled once and read from the cache of the checkout by every process on a machine.
"""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fitting.body import Body, Measurements, Sex, body_from_measurements
from fitting.errors import FittingError
from fitting.fit import FitReport
from muslin.batch.case import RESULT_FORMAT, Case
from muslin.batch.sources import code_name
from muslin.fitting_room import drape_sewn, judge_drape

# Times and counters of the machine; everything else in a report follows from the inputs.
_NOT_RESULTS = ("solve_s",)


class CaseTimeoutError(RuntimeError):
    """A case took longer than it may."""


def run_case(case: Case, *, timeout_s: float) -> dict[str, Any]:
    """Fit one case; what was wrong with its inputs is a result too.

    Args:
        case: What to fit.
        timeout_s: Time after which a drape is given up; the failure can be retried.
    """
    try:
        content = {"state": "done", **_fit(case, timeout_s=timeout_s)}
    except (FittingError, CaseTimeoutError) as error:
        content = {"state": "failed", "error": str(error), "kind": type(error).__name__}
    return {"format": RESULT_FORMAT, "key": case.key, "seed": case.seed, **content}


def lost_case(case: Case, error: BaseException) -> dict[str, Any]:
    """Result of a case that no worker came back from."""
    return {
        "format": RESULT_FORMAT, "key": case.key, "seed": case.seed, "state": "failed",
        "error": said_by(error), "kind": type(error).__name__,
    }  # fmt: skip


def said_by(error: BaseException) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def worker_code(roots: tuple[str, ...]) -> str:
    """Version and code of this project where it is called."""
    return code_name(roots)


def _fit(case: Case, *, timeout_s: float) -> dict[str, Any]:
    body = _body(case.measures, case.sex)
    style = case.style
    cloth, draped = drape_sewn(
        style.sewn, body, style.fabric, edge_length_m=style.edge_length_m, seed=case.seed,
        n_threads=1, progress=stop_after(timeout_s),
    )  # fmt: skip
    _, report = judge_drape(cloth, draped, body, style.fabric, fit_class=style.fit_class)
    numbers = {k: v for k, v in report.to_json().items() if k not in _NOT_RESULTS}
    return {"n_vertices": len(cloth.positions_m), **numbers, "limiting": _limiting(report)}


@lru_cache(maxsize=4)
def _body(measures: Measurements, sex: Sex) -> Body:
    """Body of the last few people: cases come body by body."""
    return body_from_measurements(measures, sex=sex).body


def stop_after(timeout_s: float) -> Callable[[int, float], None]:
    """What a drape calls after each step: raises `CaseTimeoutError` when the time is over."""
    start_ns = time.monotonic_ns()

    def look(step: int, _velocity_m_s: float) -> None:
        taken_s = (time.monotonic_ns() - start_ns) / 1e9
        if taken_s > timeout_s:
            raise CaseTimeoutError(f"not at rest within {timeout_s:g} s, at step {step}")

    return look


def _limiting(report: FitReport) -> dict[str, Any] | None:
    """Region furthest from its intended verdict; none where nothing was judged."""
    judged = {
        name: report.misfits[name]
        for name, region in report.regions.items()
        if region.verdict != "none"
    }
    if not judged:
        return None
    name = max(judged, key=lambda key: abs(judged[key]))
    region = report.regions[name]
    return {
        "region": name, "verdict": region.verdict, "rule": region.rule, "misfit": judged[name],
    }  # fmt: skip
