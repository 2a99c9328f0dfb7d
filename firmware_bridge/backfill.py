"""Which missing ranges to ask a garment's log for, and when to ask again.

Ranges are merged, few are asked at once, and only while the live stream leaves room. An answer
may be lost like any frame, so silence means asking again; a garment that says that its log starts
later, or that stays silent, leaves the rest lost.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRange:
    """Samples to ask for: ``[start, stop)`` of one stream in one boot."""

    stream_id: int
    boot: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillSettings:
    """Patience.

    Attributes:
        max_asked: Ranges that are asked for at the same time.
        max_samples: Longest range of one request; longer ones are cut.
        silence_s: Wait for the next frame of a request before asking again.
        max_tries: Requests without any new frame before a range is given up.
    """

    max_asked: int = 4
    max_samples: int = 20_000
    silence_s: float = 2.0
    max_tries: int = 5


@dataclass(slots=True)
class _Wish:
    """Missing intervals of one stream in one boot, ascending, disjoint."""

    parts: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    asked: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    heard_ns: int = 0
    tries: int = 0


class BackfillPlanner:
    """Plans requests from losses; one instance for one garment.

    Attributes:
        n_filled: Samples that came back.
        n_given_up: Samples that will not come.
    """

    def __init__(self, settings: BackfillSettings | None = None) -> None:
        self.settings = settings or BackfillSettings()
        self._wishes: dict[tuple[int, int], _Wish] = {}
        self.n_filled = 0
        self.n_given_up = 0

    @property
    def n_missing(self) -> int:
        """Samples that are still hoped for."""
        return sum(b - a for wish in self._wishes.values() for a, b in wish.parts)

    def first_missing(self, stream_id: int, boot: int) -> int | None:
        """Index before which nothing is hoped for; nothing if that holds for the whole stream."""
        wish = self._wishes.get((stream_id, boot))
        return wish.parts[0][0] if wish is not None and wish.parts else None

    def want(self, stream_id: int, boot: int, start: int, stop: int) -> None:
        """Note samples that are missing."""
        wish = self._wishes.setdefault((stream_id, boot), _Wish())
        wish.parts = _merge([*wish.parts, (start, stop)])

    def arrived(self, stream_id: int, boot: int, start: int, stop: int, *, host_ns: int) -> bool:
        """Note samples that came; returns whether they were asked for."""
        wish = self._wishes.get((stream_id, boot))
        if wish is None:
            return False
        was_asked = any(a < stop and start < b for a, b in wish.asked)
        before = _size(wish.parts)
        wish.parts = _without(wish.parts, start, stop)
        wish.asked = _without(wish.asked, start, stop)
        n_new = before - _size(wish.parts)
        if n_new:
            self.n_filled += n_new
            wish.heard_ns, wish.tries = host_ns, 0
        return was_asked

    def requests(self, host_ns: int) -> list[BackfillRange]:
        """Ranges to ask for now; asking counts from here on."""
        settings, result = self.settings, list[BackfillRange]()
        silence_ns = round(settings.silence_s * 1e9)
        n_asked = sum(len(wish.asked) for wish in self._wishes.values())
        for (stream_id, boot), wish in sorted(self._wishes.items()):
            if wish.asked and host_ns - wish.heard_ns > silence_ns:
                n_asked -= len(wish.asked)
                wish.asked = []
            if wish.asked or not wish.parts:
                continue
            if wish.tries >= settings.max_tries:
                self.n_given_up += _size(wish.parts)
                wish.parts = []
                continue
            room = settings.max_asked - n_asked
            for start, end in wish.parts[: max(room, 0)]:
                stop = min(end, start + settings.max_samples)
                wish.asked.append((start, stop))
                result.append(BackfillRange(stream_id=stream_id, boot=boot, start=start, stop=stop))
            if wish.asked:
                n_asked += len(wish.asked)
                wish.heard_ns = host_ns
                wish.tries += 1
        return result

    def answered(self, request: BackfillRange, *, n_frames: int, oldest: int) -> None:
        """Note the garment's answer.

        Args:
            request: What was asked.
            n_frames: Frames it will send.
            oldest: First index that its log still holds.
        """
        wish = self._wishes.get((request.stream_id, request.boot))
        if wish is None:
            return
        gone_stop = request.stop if n_frames == 0 else min(oldest, request.stop)
        if gone_stop > request.start:
            before = _size(wish.parts)
            wish.parts = _without(wish.parts, request.start, gone_stop)
            wish.asked = _without(wish.asked, request.start, gone_stop)
            self.n_given_up += before - _size(wish.parts)

    def forget_asked(self) -> None:
        """A new link: whatever was asked on the old one will not come."""
        for wish in self._wishes.values():
            wish.asked, wish.tries = [], 0


def _size(parts: list[tuple[int, int]]) -> int:
    return sum(stop - start for start, stop in parts)


def _merge(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Union of intervals, ascending and disjoint; touching ones become one."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(part for part in parts if part[0] < part[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _without(parts: list[tuple[int, int]], start: int, stop: int) -> list[tuple[int, int]]:
    """Intervals less one interval."""
    rest: list[tuple[int, int]] = []
    for low, high in parts:
        pieces = [(low, min(high, start)), (max(low, stop), high)]
        rest.extend((a, b) for a, b in pieces if a < b)
    return rest
