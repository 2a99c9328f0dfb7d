"""Models on a live stream: operators like any other, with a first answer within 3 s.

Windows hang on the sample index, so any cut into blocks gives the same answers. Until a whole
window has passed, windows are filled up in front with the first sample: at rest, nothing happens.
"""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wearables.activity.adapt import Personal
from wearables.activity.answer import Activity, bridged, check_signal, trouble, unknown
from wearables.activity.committee_file import Shipped
from wearables.activity.smoothing import Forward
from wearables.events import SampleBlock
from wearables.signals.operator import Operator
from wearables.signals.windows import Window, Windows

FIRST_ANSWER_S = 3.0
# Without learnt limits, an answer needs at least this probability.
_LEAST = 0.4


class LiveModel(Operator[Activity]):
    """Judges a stream window by window.

    Results are stamped with the middle of their window; ``delay_s`` later they are known.
    """

    memory = ("_windows", "_started")

    def __init__(
        self, *, wanted: tuple[str, ...], wanted_hz: float, n: int, hop: int,
        channels: tuple[str, ...], rate_hz: float,
    ) -> None:  # fmt: skip
        """Check that the signal is what the model was trained on.

        Args:
            wanted: Channels of the model.
            wanted_hz: Rate of the model.
            n: Samples of a window.
            hop: Samples between windows.
            channels: Channels of the signal.
            rate_hz: Rate of the signal.

        Raises:
            ModelError: If channels, units, order or rate are others.
        """
        check_signal(wanted, wanted_hz, channels, rate_hz)
        self.rate_hz = rate_hz
        self.n, self.hop = n, hop
        self.delay_s, self.warmup_s = n / 2 / wanted_hz, n / wanted_hz
        self._wanted_hz = wanted_hz
        self._windows = Windows(n=n, hop=hop, rate_hz=wanted_hz)
        self._started = False

    @abstractmethod
    def _judge(self, time_s: float, values: NDArray[np.float64]) -> Activity:
        """Answer for a window without holes, shape (n, n_channels)."""

    @abstractmethod
    def _skip(self) -> None:
        """A window could not be judged; time passes."""

    def reset(self) -> None:
        """Forget the signal."""
        self._windows.reset()
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
        # Wholly inside of a gap there is nobody to speak of.
        return [self._answer(window) for window in found if np.isfinite(window.time_s)]

    def _answer(self, window: Window) -> Activity:
        reason = trouble(window, rate_hz=self._wanted_hz)
        if reason:
            self._skip()
            return unknown(window.time_s, reason)
        return self._judge(window.time_s, bridged(window.values))


class LiveCommittee(LiveModel):
    """A committee on a stream; its past is the belief of a forward filter."""

    memory = (*LiveModel.memory, "_belief")

    def __init__(
        self, shipped: Shipped, *, channels: tuple[str, ...], rate_hz: float,
        personal: Personal | None = None,
    ) -> None:  # fmt: skip
        """Check that the signal is what the committee was trained on.

        Args:
            shipped: The committee.
            channels: Channels of the signal.
            rate_hz: Rate of the signal.
            personal: The same committee with one wearer's repetitions.

        Raises:
            ModelError: If channels, units, order or rate are others.
        """
        card = shipped.card
        super().__init__(
            wanted=card.channels, wanted_hz=card.rate_hz,
            n=round(card.recipe.window_s * card.rate_hz),
            hop=max(1, round(card.recipe.hop_s * card.rate_hz)),
            channels=channels, rate_hz=rate_hz,
        )  # fmt: skip
        self.shipped = shipped
        self._personal = personal
        self._forward = Forward(shipped.succession) if shipped.succession else None

    @property
    def _belief(self) -> NDArray[np.float64] | None:
        return self._forward.belief if self._forward else None

    @_belief.setter
    def _belief(self, belief: NDArray[np.float64] | None) -> None:
        if self._forward:
            self._forward.belief = belief

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        if self._forward:
            self._forward.reset()

    def _skip(self) -> None:
        if self._forward:
            self._forward.skip()

    def _judge(self, time_s: float, values: NDArray[np.float64]) -> Activity:
        committee, doubt = self.shipped.committee, self.shipped.doubt
        raw = committee.probabilities(values[None])
        is_doubtful = raw.max() < _LEAST
        if doubt is not None:
            is_doubtful = bool(doubt.is_unknown(raw, committee.standard_features(values[None]))[0])
            raw = doubt.temper(raw)
        if self._personal is not None:
            raw = self._personal.probabilities(values[None])
        if is_doubtful:
            self._skip()
            return unknown(time_s, "doubt")
        belief = self._forward(raw[0]) if self._forward else raw[0]
        classes = committee.classes
        return Activity(
            time_s=time_s,
            label=classes[int(raw[0].argmax())],
            smoothed=classes[int(belief.argmax())],
            probability=float(belief.max()),
            reason="",
        )
