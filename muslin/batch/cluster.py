"""Workers of a batch: the only door to `dask.distributed`.

Local workers are processes of one thread each on the loopback interface, with a limit of memory.
A scheduler elsewhere is yours: it runs what its clients send, so it belongs into a network that you
trust, or behind TLS.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from muslin.batch.sources import FIT_ROOTS, code_name
from muslin.batch.work import worker_code
from muslin.errors import InputError

LOOPBACK = "127.0.0.1"
CONNECT_S = 30.0
# Cases that the scheduler holds for each worker; the rest wait here, where they cost nothing.
_AHEAD = 3

C = TypeVar("C")
R = TypeVar("R")


@contextmanager
def workers(
    scheduler: str | None,
    *,
    n_workers: int,
    memory_gib: float,
    roots: tuple[str, ...] = FIT_ROOTS,
) -> Iterator[tuple[Any, int]]:
    """A client and how many workers it has; local workers end with the block.

    Args:
        scheduler: Address of a scheduler, such as ``tcp://127.0.0.1:8786``; none starts workers.
        n_workers: Local workers.
        memory_gib: Memory that a local worker may use before it is started again.
        roots: Code that results follow from, which must be the same everywhere.

    Raises:
        InputError: If dask is missing, the scheduler does not answer, or a worker runs another
            version.
    """
    distributed = _distributed()
    if scheduler is None:
        logging.getLogger("distributed").setLevel(logging.ERROR)
        cluster = distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, host=LOOPBACK,
            dashboard_address=None, memory_limit=f"{memory_gib:g}GiB", silence_logs=logging.ERROR,
        )  # fmt: skip
        with cluster, distributed.Client(cluster) as client:
            yield client, n_workers
        return
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise InputError(f"the scheduler {scheduler} does not answer: {error}") from error
    with client:
        yield client, _count_workers(client, scheduler, roots)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise InputError("batches need dask: pip install 'muslin[batch]'") from error
    return distributed


def _count_workers(client: Any, scheduler: str, roots: tuple[str, ...]) -> int:
    """Workers of a scheduler, all of this version and code."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError as error:
        raise InputError(f"the scheduler {scheduler} has no worker") from error
    try:
        codes = client.run(worker_code, roots)
    except ImportError as error:
        raise InputError(f"a worker of {scheduler} has no muslin: {error}") from error
    own = code_name(roots)
    other = next((item for item in codes.items() if item[1] != own), None)
    if other is not None:
        raise InputError(f"worker {other[0]} runs muslin {other[1]}; this is {own}")
    return len(codes)


def run_cases(
    client: Any,
    cases: Iterable[C],
    *,
    work: Callable[[C], R],
    lost: Callable[[C, BaseException], R],
    n_workers: int,
    timeout_s: float,
) -> Iterator[R]:
    """Run cases on the workers; yields results as they come, in no order.

    A case whose worker dies again and again is a failure; the others go on.

    Args:
        client: Of `workers`.
        cases: What to run; they travel to the workers as a whole.
        work: Runs one case in a worker.
        lost: Result of a case that no worker came back from.
        n_workers: How many workers there are.
        timeout_s: Time that one case may take.

    Raises:
        InputError: If no result comes although enough time for it has passed.
    """
    distributed = _distributed()
    left = iter(cases)
    waiting: dict[Any, C] = {}
    # Body, compiling and a worker's restart come on top of the drape itself.
    patience_s = 2 * timeout_s + 300

    def refill() -> None:
        while len(waiting) < n_workers * _AHEAD and (case := next(left, None)) is not None:
            # Not pure and under a name of its own: a scheduler must not answer from memory.
            waiting[client.submit(work, case, pure=False)] = case

    refill()
    while waiting:
        try:
            done, _ = distributed.wait(
                list(waiting), timeout=patience_s, return_when="FIRST_COMPLETED"
            )
        except TimeoutError as error:
            raise InputError(f"no case was finished within {patience_s:.0f} s") from error
        for future in done:
            case = waiting.pop(future)
            error = future.exception()
            yield future.result() if error is None else lost(case, error)
        refill()
