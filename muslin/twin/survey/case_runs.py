"""Cases of a survey over the workers of a batch: what was run before is read, the rest is run.

The machinery is that of `muslin.batch`: local processes or a dask scheduler, one result a file
under a key of all inputs.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from muslin.batch.cluster import run_cases, workers
from muslin.batch.store import BatchFolder
from muslin.screen import counted, say
from muslin.twin.survey.case_file import (
    CODE_ROOTS,
    case_key,
    drape_arrays,
    restored_result,
    stored_result,
)
from muslin.twin.survey.cases import Case, CaseResult, lost_case
from muslin.twin.survey.survey import Mapper

_RunCase = Callable[[Case], CaseResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRuns:
    """Where and how cases are run.

    Attributes:
        folder: Where results are kept; a rerun does what is missing there.
        scheduler: Address of a dask scheduler; none starts local workers.
        n_workers: Local workers, of one thread each; one stays in this process.
        memory_gib: Memory that a local worker may use.
        timeout_s: Time that one drape may take.
        retry_failed: Run cases again that failed before.
    """

    folder: Path
    scheduler: str | None = None
    n_workers: int = 2
    memory_gib: float = 4.0
    timeout_s: float = 600.0
    retry_failed: bool = False


@contextmanager
def case_mapper(runs: CaseRuns) -> Iterator[Mapper]:
    """A mapper that keeps results; workers start when the first case needs them.

    Args:
        runs: Where and how.

    Raises:
        InputError: If the workers cannot be reached.
    """
    store = BatchFolder(runs.folder)
    with ExitStack() as stack:
        started: list[tuple[Any, int]] = []

        def client() -> tuple[Any, int]:
            if not started:
                started.append(
                    stack.enter_context(
                        workers(
                            runs.scheduler,
                            n_workers=runs.n_workers,
                            memory_gib=runs.memory_gib,
                            roots=CODE_ROOTS,
                        )
                    )
                )
            return started[0]

        def spread(run: _RunCase, cases: Iterable[Case]) -> Iterator[CaseResult]:
            missing: dict[str, list[Case]] = {}
            n_known = 0
            for case in cases:
                key = case_key(case)
                known = known_result(store, key, case)
                if known is None or (runs.retry_failed and known.state != "read"):
                    missing.setdefault(key, []).append(replace(case, timeout_s=runs.timeout_s))
                else:
                    n_known += 1
                    yield known
            say(f"    {len(missing)} cases to run, {n_known} were there already")
            for key, result in _run(runs, client, run, missing):
                first = missing[key][0]
                if result.worn is not None:
                    store.keep_arrays(key, drape_arrays(result.worn))
                store.keep(stored_result(key, first, result))
                for case in missing[key]:
                    yield _for(case, result)

        yield spread


def known_result(store: BatchFolder, key: str, case: Case) -> CaseResult | None:
    """Result of a case from its files, None where one of them is missing."""
    content = store.result(key)
    if content is None:
        return None
    if not (case.keep and content["state"] == "read"):
        return restored_result(content, case, None)
    arrays = store.arrays(key)
    return None if arrays is None else restored_result(content, case, arrays)


def _run(
    runs: CaseRuns,
    client: Callable[[], tuple[Any, int]],
    run: _RunCase,
    missing: dict[str, list[Case]],
) -> Iterator[tuple[str, CaseResult]]:
    """Results by key, as they come."""
    if not missing:
        return
    items = [(key, same[0]) for key, same in missing.items()]
    if runs.scheduler is None and runs.n_workers == 1:
        results: Iterable[tuple[str, CaseResult]] = map(partial(_work, run=run), items)
    else:
        found, n_workers = client()
        results = run_cases(
            found, items, work=partial(_work, run=run), lost=_lost, n_workers=n_workers,
            timeout_s=runs.timeout_s,
        )  # fmt: skip
    yield from counted(results, total=len(items), words="cases")


def _work(item: tuple[str, Case], *, run: _RunCase) -> tuple[str, CaseResult]:
    """Run a case; the body that came with it does not travel back."""
    key, case = item
    return key, _with_body(run(case), None)


def _lost(item: tuple[str, Case], error: BaseException) -> tuple[str, CaseResult]:
    return item[0], lost_case(item[1], error)


def _for(case: Case, result: CaseResult) -> CaseResult:
    """A result for a case of the same key: two people of the same tapes share it."""
    named = replace(result, person=case.person.name, size_step=case.size_step)
    return _with_body(named, case.person.body)


def _with_body(result: CaseResult, body: Any) -> CaseResult:
    if result.worn is None:
        return result
    return replace(result, worn=replace(result.worn, body=body))
