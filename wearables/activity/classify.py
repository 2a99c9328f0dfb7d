"""A small net on a stream or a recording, window by window."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from wearables.activity.answer import UNKNOWN, Activity, check_signal, unknown
from wearables.activity.live import LiveModel
from wearables.activity.net import ActivityNet
from wearables.activity.weights import ModelCard, load_model
from wearables.events import SampleBlock
from wearables.signals.operator import run

MIN_PROBABILITY = 0.5
_N_VOTES = 3


class LiveNet(LiveModel):
    """A net on a stream; its past are the last three labels, the most frequent of which wins."""

    memory = (*LiveModel.memory, "_labels")

    def __init__(
        self, net: ActivityNet, card: ModelCard, *, channels: tuple[str, ...], rate_hz: float
    ) -> None:
        """Check that the signal is what the net was trained on.

        Raises:
            ModelError: If channels, units, order or rate are others.
        """
        super().__init__(
            wanted=card.channels, wanted_hz=card.rate_hz, n=card.window, hop=card.hop,
            channels=channels, rate_hz=rate_hz,
        )  # fmt: skip
        self.card, self._net = card, net
        self._mean, self._sd = (np.array(c, dtype=np.float32) for c in (card.mean, card.sd))
        self._labels: list[str] = []

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._labels = []

    def _skip(self) -> None:
        self._vote(UNKNOWN)

    def _vote(self, label: str) -> str:
        self._labels = [*self._labels, label][-_N_VOTES:]
        return _majority(self._labels)

    def _judge(self, time_s: float, values: NDArray[np.float64]) -> Activity:
        with torch.inference_mode():
            inputs = torch.from_numpy((values.astype(np.float32) - self._mean) / self._sd)
            scores = torch.softmax(self._net(inputs[None])[0], dim=0).numpy()
        probability = float(scores.max())
        if probability < MIN_PROBABILITY:
            self._skip()
            return unknown(time_s, "doubt", probability=probability)
        label = self.card.classes[int(scores.argmax())]
        return Activity(
            time_s=time_s, label=label, smoothed=self._vote(label), probability=probability,
            reason="",
        )  # fmt: skip


class Classifier:
    """A loaded net; refuses signals that it was not trained for."""

    def __init__(self, path: Path) -> None:
        self._net, self.card = load_model(path)

    def live(self, *, channels: tuple[str, ...], rate_hz: float) -> LiveNet:
        """The net as an operator.

        Raises:
            ModelError: If channels, units, order or rate are others.
        """
        return LiveNet(self._net, self.card, channels=channels, rate_hz=rate_hz)

    def __call__(
        self, blocks: Sequence[SampleBlock], *, channels: tuple[str, ...], rate_hz: float
    ) -> list[Activity]:
        """Classify a recording.

        Args:
            blocks: Unbroken runs of samples in SI.
            channels: Their names with units; must be the model's.
            rate_hz: Measured rate; within one per cent of the model's.

        Raises:
            ModelError: If channels, units, order or rate are others.
        """
        check_signal(self.card.channels, self.card.rate_hz, channels, rate_hz)
        return run(self.live(channels=channels, rate_hz=rate_hz), blocks)


def _majority(labels: list[str]) -> str:
    """Most frequent label, the newest one in a tie; unknown stays unknown and has no vote."""
    if labels[-1] == UNKNOWN:
        return UNKNOWN
    known = [label for label in reversed(labels) if label != UNKNOWN]
    return max(known, key=known.count)
