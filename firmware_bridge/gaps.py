"""Indices of one stream that have not arrived: intervals that wait, are declared, or are filled."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from firmware_bridge.events import LossCause

KEPT_DECLARED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """An interval of indices that has not arrived, ``[start, stop)``.

    Attributes:
        start: First missing index.
        stop: One past the last missing index.
        since_ns: Host time of the frame that showed it.
        cause: Why, as far as is known.
        epoch_before: Link of the frame before.
        epoch_after: Link of the frame after.
    """

    start: int
    stop: int
    since_ns: int
    cause: LossCause
    epoch_before: int
    epoch_after: int


@dataclass(slots=True)
class Track:
    """What is known of one stream in one boot.

    Attributes:
        next_index: One past the newest index seen, or where the stream is expected to start.
        has_data: Whether a frame has come.
        newest_us: Device time of the newest frame.
        last_epoch: Link of the newest frame; nothing before the first one.
        waiting: Holes that are not confirmed, ascending.
        declared: Holes already told as lost, which a late frame may still fill.
    """

    next_index: int = 0
    has_data: bool = False
    newest_us: int = 0
    last_epoch: int | None = None
    waiting: list[Hole] = field(default_factory=list[Hole])
    declared: list[Hole] = field(default_factory=list[Hole])

    def place(
        self, start: int, stop: int, *, host_ns: int, epoch: int, cause: LossCause
    ) -> list[tuple[int, int]]:
        """Note that ``[start, stop)`` arrived; returns its parts that are new, ascending.

        Args:
            start: First index.
            stop: One past the last index.
            host_ns: Arrival.
            epoch: Link that carried it.
            cause: Why samples just before ``start`` are missing, if they are.
        """
        pieces: list[tuple[int, int]] = []
        if start < self.next_index:
            self.waiting, filled = _fill(self.waiting, start, stop, cause)
            self.declared, filled_late = _fill(self.declared, start, stop, cause)
            pieces = sorted(filled + filled_late)
        elif start > self.next_index:
            self.lose_until(start, host_ns=host_ns, epoch=epoch, cause=cause)
        if stop > self.next_index:
            pieces.append((max(start, self.next_index), stop))
            self.next_index = stop
            self.last_epoch = epoch
        self.has_data = True
        return pieces

    def lose_until(self, stop: int, *, host_ns: int, epoch: int, cause: LossCause) -> None:
        """Open a hole from the newest index on."""
        if stop <= self.next_index:
            return
        before = epoch if self.last_epoch is None else self.last_epoch
        self.waiting.append(
            Hole(
                start=self.next_index,
                stop=stop,
                since_ns=host_ns,
                cause=cause,
                epoch_before=before,
                epoch_after=epoch,
            )
        )
        self.next_index = stop

    def confirm(self, *, before_ns: int, max_waiting: int) -> Iterator[Hole]:
        """Declare the holes shown at or before a time, and the oldest ones beyond the cap."""
        surplus = len(self.waiting) - max_waiting
        rest: list[Hole] = []
        for i, hole in enumerate(self.waiting):
            if i < surplus or hole.since_ns <= before_ns:
                self.declared.append(hole)
                yield hole
            else:
                rest.append(hole)
        self.waiting = rest
        # What was declared long ago is not filled any more; it stays lost.
        del self.declared[:-KEPT_DECLARED]


def _fill(
    holes: list[Hole], start: int, stop: int, cause: LossCause
) -> tuple[list[Hole], list[tuple[int, int]]]:
    """Take an interval out of holes; returns what is left, and what was missing."""
    pieces: list[tuple[int, int]] = []
    rest: list[Hole] = []
    for hole in holes:
        low, high = max(start, hole.start), min(stop, hole.stop)
        if low >= high:
            # The frame behind a hole knows why it is there; it may come after later ones.
            told = hole.stop == start and cause is not LossCause.RADIO
            rest.append(replace(hole, cause=cause) if told else hole)
            continue
        pieces.append((low, high))
        if hole.start < low:
            rest.append(
                replace(hole, stop=low, cause=hole.cause if cause is LossCause.RADIO else cause)
            )
        if high < hole.stop:
            rest.append(replace(hole, start=high))
    return rest, pieces
