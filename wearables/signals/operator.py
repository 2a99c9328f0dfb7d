"""The contract of streaming operators: any cut into blocks gives the same bits as one go.

An operator is called with blocks, told of gaps, flushed at the end. Settings never change; state
can be reset. Sums run over windows of fixed size that hang on the sample index, never over blocks.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from wearables.events import SampleBlock

Out_co = TypeVar("Out_co", covariant=True)


class Operator(Protocol[Out_co]):
    """Turns blocks into results of its own kind."""

    def __call__(self, block: SampleBlock) -> Sequence[Out_co]:
        """Take in the next block; returns what is certain now."""
        ...

    def gap(self) -> Sequence[Out_co]:
        """Samples are missing before the next block; returns what was still waiting."""
        ...

    def flush(self) -> Sequence[Out_co]:
        """The signal is over; returns what was still waiting."""
        ...

    def reset(self) -> None:
        """Forget everything but the settings."""
        ...


def run(operator: Operator[Out_co], blocks: Iterable[SampleBlock]) -> list[Out_co]:
    """Run an operator over blocks, telling it of every break in the index, and flush it."""
    results: list[Out_co] = []
    expected: int | None = None
    for block in blocks:
        if expected is not None and block.first_index != expected:
            results += operator.gap()
        results += operator(block)
        expected = block.first_index + block.n_samples
    return results + list(operator.flush())


def moving_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean of each full window, shape (n - width + 1,); a window's result depends on it alone."""
    if len(values) < width:
        return np.zeros(0)
    return np.lib.stride_tricks.sliding_window_view(values, width).mean(axis=1)
