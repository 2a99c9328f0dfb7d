"""A committee on a live stream: an operator like any other, with a first answer within 3 s.

Windows hang on the sample index, so any cut into blocks gives the same answers. Until a whole
window has passed, windows are filled up in front with the first sample: at rest, nothing happens.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wearables.activity.classify import MAX_GAP_S, RATE_TOLERANCE, UNKNOWN, Activity
from wearables.activity.committee_file import Shipped
from wearables.activity.smoothing import Forward
from wearables.errors import ModelError
from wearables.events import SampleBlock
from wearables.signals.operator import Operator
from wearables.signals.windows import Window, Windows

FIRST_ANSWER_S = 3.0
# Without learnt limits, an answer needs at least this probability.
_LEAST = 0.4


class LiveCommittee(Operator[Activity]):
    """Judges a stream window by window.

    Results are stamped with the middle of their window; ``delay_s`` later they are known.
    """

    memory = ("_windows", "_belief", "_started")

    def __init__(self, shipped: Shipped, *, channels: tuple[str, ...], rate_hz: float) -> None:
        """Check that the signal is what the committee was trained on.

        Raises:
            ModelError: If channels, units, order or rate are others.
        """
        card = shipped.card
        if channels != card.channels:
            raise ModelError(
                f"the model needs the channels {', '.join(card.channels)} in this order; "
                f"the signal has {', '.join(channels)}"
            )
        if abs(rate_hz / card.rate_hz - 1) > RATE_TOLERANCE:
            raise ModelError(
                f"the model needs {card.rate_hz:g} Hz, the signal has {rate_hz:.3f} Hz; "
                "resample it as a step of its own"
            )
        self.shipped, self.rate_hz = shipped, rate_hz
        self.n = round(card.recipe.window_s * card.rate_hz)
        self.hop = max(1, round(card.recipe.hop_s * card.rate_hz))
        self.delay_s = self.n / 2 / card.rate_hz
        self._windows = Windows(n=self.n, hop=self.hop, rate_hz=card.rate_hz)
        self._forward = Forward(shipped.succession) if shipped.succession else None
        self.reset()

    @property
    def _belief(self) -> NDArray[np.float64] | None:
        return self._forward.belief if self._forward else None

    @_belief.setter
    def _belief(self, belief: NDArray[np.float64] | None) -> None:
        if self._forward:
            self._forward.belief = belief

    def reset(self) -> None:
        """Forget the signal."""
        self._windows.reset()
        if self._forward:
            self._forward.reset()
        self._started = False

    def __call__(self, block: SampleBlock) -> list[Activity]:
        """Take in a block; returns the answers that are certain now."""
        if block.n_samples == 0:
            return []
        found: list[Window] = []
        if not self._started:
            self._started = True
            found += self._windows(self._rest_before(block))
        found += self._windows(block)
        return self._answers(found)

    def _rest_before(self, block: SampleBlock) -> SampleBlock:
        """Rest in front of the stream, so that the first window ends FIRST_ANSWER_S after it."""
        n_before = max(0, self.n - int(FIRST_ANSWER_S * self.rate_hz))
        start = block.first_index - n_before
        # The windows' grid hangs on the index; rest begins on it or just before.
        start -= start % self.hop
        n_before = block.first_index - start
        time_s = block.time_s[0] - np.arange(n_before, 0, -1) / self.rate_hz
        values = np.repeat(block.values[:1], n_before, axis=0)
        return SampleBlock(
            stream=block.stream, first_index=start, time_s=time_s, values=values,
            channels=block.channels,
        )  # fmt: skip

    def gap(self, n_missing: int) -> list[Activity]:
        """Windows with a long hole are unknown."""
        return self._answers(self._windows.gap(n_missing))

    def _answers(self, found: Sequence[Window]) -> list[Activity]:
        longest = max(1, int(MAX_GAP_S * self.rate_hz))
        return [self._answer(window, longest) for window in found if window.coverage > 0]

    def _answer(self, window: Window, longest: int) -> Activity:
        values = window.values
        if window.longest_gap >= longest or not np.isfinite(values).any(axis=0).all():
            if self._forward:
                self._forward.skip()
            return _unknown(window, "gap")
        committee, doubt = self.shipped.committee, self.shipped.doubt
        filled = _bridged(values)[None]
        raw = committee.probabilities(filled)
        if doubt is not None:
            features = committee.standard_features(filled)
            if bool(doubt.is_unknown(raw, features)[0]):
                if self._forward:
                    self._forward.skip()
                return _unknown(window, "doubt")
            raw = doubt.temper(raw)
        elif raw.max() < _LEAST:
            return _unknown(window, "doubt")
        belief = self._forward(raw[0]) if self._forward else raw[0]
        classes = committee.classes
        return Activity(
            time_s=window.time_s,
            label=classes[int(raw[0].argmax())],
            smoothed=classes[int(belief.argmax())],
            probability=float(belief.max()),
            reason="",
        )


def _unknown(window: Window, reason: str) -> Activity:
    return Activity(
        time_s=window.time_s, label=UNKNOWN, smoothed=UNKNOWN, probability=0.0, reason=reason
    )


def _bridged(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holes too short to matter are filled along a line."""
    if np.isfinite(values).all():
        return values
    rows = np.arange(len(values))
    filled = values.copy()
    for column in filled.T:
        good = np.isfinite(column)
        column[~good] = np.interp(rows[~good], rows[good], column[good])
    return filled
