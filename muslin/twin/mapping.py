"""Spread cases of a survey over processes of this machine, with a line of progress."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

from muslin.screen import say

T = TypeVar("T")
R = TypeVar("R")
_TOLD_EVERY = 10


@contextmanager
def process_mapper(
    n_processes: int | None = None,
) -> "Iterator[Callable[[Callable[[T], R], Iterable[T]], Iterable[R]]]":
    """A mapper over processes; 1 stays in this one.

    Args:
        n_processes: Processes, as many as there are cores by default.
    """
    n = n_processes or os.cpu_count() or 1
    if n == 1:
        yield lambda run, items: _told(map(run, items))
        return
    # Spawned, not forked: the threads of the engine's kernels do not survive a fork.
    with ProcessPoolExecutor(max_workers=n, mp_context=get_context("spawn")) as pool:

        def spread(run: Callable[[T], R], items: Iterable[T]) -> Iterable[R]:
            waiting = [pool.submit(run, item) for item in items]
            return _told(future.result() for future in as_completed(waiting))

        yield spread


def _told(results: "Iterable[R]") -> "Iterator[R]":
    for n_done, result in enumerate(results, start=1):
        if n_done % _TOLD_EVERY == 0:
            say(f"    {n_done} cases done")
        yield result
