"""The contract of streaming operators: any cut into blocks gives the same bits as one go.

An operator is called with blocks, told of gaps with their length in samples, flushed at the end.
Settings never change; memory can be reset, saved and restored. Sums run over windows of fixed size
that hang on the sample index, never over blocks. Results are stamped with the time they describe;
``delay_s`` says how much later they appear at the latest.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock

Out = TypeVar("Out")
# Beyond this the body may do something else: adaptive levels start anew.
ADAPTIVE_GAP_S = 2.0


class Memory:
    """What is remembered apart from settings, as plain values that can be saved and compared."""

    # Names of the attributes that remember; everything else is a setting.
    memory: ClassVar[tuple[str, ...]] = ()

    def state(self) -> dict[str, Any]:
        """What it remembers, as numbers, arrays, lists, tuples and mappings of them."""
        return {name: _saved(getattr(self, name)) for name in self.memory}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that one with the same settings gave.

        Raises:
            SignalError: If the state is another one's.
        """
        if set(state) != set(self.memory):
            raise SignalError(
                f"state holds {sorted(state)}; {type(self).__name__} needs {sorted(self.memory)}"
            )
        for name, value in state.items():
            own = getattr(self, name)
            if isinstance(own, Memory):
                own.restore(value)
            elif _is_family(own):
                for part, saved in zip(own, value, strict=True):
                    part.restore(saved)
            else:
                setattr(self, name, copy.deepcopy(value))


def _is_family(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Memory)


def _saved(value: Any) -> Any:
    if isinstance(value, Memory):
        return value.state()
    if _is_family(value):
        return [part.state() for part in value]
    return copy.deepcopy(value)


class Operator(Memory, ABC, Generic[Out]):
    """Turns blocks into results of its own kind.

    Attributes:
        rate_hz: Rate that it was designed for.
        delay_s: How long after the time it describes a result appears at the latest.
        warmup_s: How long results after a start are of low quality.
    """

    rate_hz: float
    delay_s: float = 0.0
    warmup_s: float = 0.0

    @abstractmethod
    def __call__(self, block: SampleBlock) -> Sequence[Out]:
        """Take in the next block; returns what is certain now."""

    @abstractmethod
    def gap(self, n_missing: int) -> Sequence[Out]:
        """So many samples are missing before the next block; returns what was still waiting."""

    def flush(self) -> Sequence[Out]:
        """The signal is over; returns what was still waiting. Only `reset` is legal after it."""
        return []

    @abstractmethod
    def reset(self) -> None:
        """Forget everything but the settings."""


class RunOperator(Operator[Out]):
    """An operator that sees unbroken runs of finite samples on a rising clock.

    Samples that are not finite, and steps of the clock that do not go forward, count as gaps.
    Subclasses say what to do with a run, at its end, and when samples resume.
    """

    def __init__(self, *, rate_hz: float, columns: Sequence[int]) -> None:
        if not (np.isfinite(rate_hz) and rate_hz > 0):
            raise SignalError(f"rate of {rate_hz} Hz is not above 0 Hz")
        self.rate_hz = float(rate_hz)
        self.columns = tuple(columns)
        self._n_missing = 0
        self._is_open = False
        self._last_time_s = -np.inf

    memory = ("_n_missing", "_is_open", "_last_time_s")

    @abstractmethod
    def _take(self, block: SampleBlock) -> list[Out]:
        """Take in samples that continue the run."""

    def _end(self) -> list[Out]:
        """The run ends here; returns what was still waiting."""
        return []

    @abstractmethod
    def _resume(self, missing_s: float) -> None:
        """A run starts after so many missing seconds."""

    def __call__(self, block: SampleBlock) -> list[Out]:
        """Take in the next block; returns what is certain now."""
        if block.n_samples and max(self.columns, default=0) >= block.values.shape[1]:
            raise SignalError(
                f"column {max(self.columns)} was asked for; the block has {block.values.shape[1]}"
            )
        results: list[Out] = []
        for part, is_good in self._parts(block):
            if not is_good:
                results += self.gap(part.n_samples)
                continue
            if part.time_s[0] <= self._last_time_s:
                results += self.gap(round(2 * ADAPTIVE_GAP_S * self.rate_hz))
            if self._n_missing:
                self._resume(self._n_missing / self.rate_hz)
                self._n_missing = 0
            self._is_open = True
            self._last_time_s = float(part.time_s[-1])
            results += self._take(part)
        return results

    def _parts(self, block: SampleBlock) -> Iterator[tuple[SampleBlock, bool]]:
        """Runs of rows that can be used or not, cut where the clock does not go forward."""
        if block.n_samples == 0:
            return
        own = block.values[:, list(self.columns)]
        good = np.isfinite(own).all(axis=1) & np.isfinite(block.time_s)
        is_step = block.time_s[1:] <= block.time_s[:-1]
        if good.all() and not is_step.any():
            yield block, True
            return
        changes = np.flatnonzero((good[1:] != good[:-1]) | is_step) + 1
        edges = [0, *changes.tolist(), block.n_samples]
        for start, stop in pairwise(edges):
            yield block.part(start, stop), bool(good[start])

    def gap(self, n_missing: int) -> list[Out]:
        """Samples are missing: finish what is certain."""
        waiting = self._end() if self._is_open else []
        self._is_open = False
        self._n_missing += n_missing
        return waiting

    def flush(self) -> list[Out]:
        """Finish what is certain; the signal is over."""
        return self.gap(0)

    def reset(self) -> None:
        """Forget everything but the settings."""
        self._n_missing = 0
        self._is_open = False
        self._last_time_s = -np.inf


class Chain(Operator[Out]):
    """Operators one behind the other; all but the last turn blocks into blocks. Delays add."""

    memory = ("_first", "_last", "_expected")

    def __init__(self, first: Sequence[Operator[SampleBlock]], last: Operator[Out]) -> None:
        self._first = tuple(first)
        self._last = last
        self._expected: int = -1
        self.rate_hz = last.rate_hz
        self.delay_s = sum(part.delay_s for part in self._first) + last.delay_s
        self.warmup_s = sum(part.warmup_s for part in self._first) + last.warmup_s

    def __call__(self, block: SampleBlock) -> list[Out]:
        """Pass a block through."""
        return self._push([block], 0)

    def _push(self, blocks: Sequence[SampleBlock], at: int) -> list[Out]:
        for i, part in enumerate(self._first[at:], start=at):
            blocks = [out for block in blocks for out in part(block) if out.n_samples]
            if not blocks:
                return []
            if i == len(self._first) - 1:
                break
        results: list[Out] = []
        for block in blocks:
            if 0 <= self._expected != block.first_index:
                results += self._last.gap(max(1, block.first_index - self._expected))
            results += self._last(block)
            self._expected = block.first_index + block.n_samples
        return results

    def gap(self, n_missing: int) -> list[Out]:
        """Tell each operator; what was waiting goes on through the rest."""
        results: list[Out] = []
        for i, part in enumerate(self._first):
            results += self._push(part.gap(n_missing), i + 1)
        # The last one learns of the hole from the index of what comes next.
        return results

    def flush(self) -> list[Out]:
        """Flush one after the other."""
        results: list[Out] = []
        for i, part in enumerate(self._first):
            results += self._push(part.flush(), i + 1)
        return [*results, *self._last.flush()]

    def reset(self) -> None:
        """Forget the signal."""
        self._expected = -1
        for part in (*self._first, self._last):
            part.reset()


def chain(*operators: Operator[Any]) -> Operator[Any]:
    """Put operators behind each other.

    Args:
        operators: All but the last give blocks.

    Raises:
        SignalError: If there is none.
    """
    if not operators:
        raise SignalError("a chain needs at least one operator")
    if len(operators) == 1:
        return operators[0]
    return Chain(operators[:-1], operators[-1])


def run(operator: Operator[Out], blocks: Iterable[SampleBlock]) -> list[Out]:
    """Run an operator over blocks, telling it of every break in the index, and flush it.

    An index that goes back is a new start of the garment: the operator is flushed and reset.
    """
    results: list[Out] = []
    expected: int | None = None
    for block in blocks:
        if expected is not None and block.first_index > expected:
            results += operator.gap(block.first_index - expected)
        elif expected is not None and block.first_index < expected:
            results += operator.flush()
            operator.reset()
        results += operator(block)
        expected = block.first_index + block.n_samples
    return results + list(operator.flush())


def moving_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean of each full window, shape (n - width + 1,); a window's result depends on it alone."""
    if len(values) < width:
        return np.zeros(0)
    return np.lib.stride_tricks.sliding_window_view(values, width).mean(axis=1)
