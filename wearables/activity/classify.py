"""Classify a recording window by window; a window with a hole is unknown, and says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from wearables.activity.weights import ModelCard, load_model
from wearables.errors import ModelError
from wearables.events import SampleBlock
from wearables.signals.windows import Window, windows

UNKNOWN = "unknown"
MAX_GAP_S = 0.1
MIN_PROBABILITY = 0.5
RATE_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What one window says.

    Attributes:
        time_s: Middle of the window.
        label: Class, or ``unknown``.
        smoothed: Majority of the last three labels, without their future.
        probability: Of the most likely class; 0 where nothing could be said.
        reason: Why it is unknown: ``gap`` or ``doubt``; empty otherwise.
    """

    time_s: float
    label: str
    smoothed: str
    probability: float
    reason: str


class Classifier:
    """A loaded model; refuses signals that it was not trained for."""

    def __init__(self, path: Path) -> None:
        self._net, self.card = load_model(path)

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
        _check_signal(self.card, channels, rate_hz)
        found = windows(blocks, n=self.card.window, hop=self.card.hop)
        longest = int(MAX_GAP_S * self.card.rate_hz)
        usable = [i for i, window in enumerate(found) if window.longest_gap < max(1, longest)]
        usable = [i for i in usable if np.isfinite(found[i].values).all()]
        scores = np.zeros((len(found), len(self.card.classes)))
        if usable:
            values = np.stack([found[i].values for i in usable]).astype(np.float32)
            mean, sd = (np.array(c, dtype=np.float32) for c in (self.card.mean, self.card.sd))
            with torch.no_grad():
                inputs = torch.from_numpy((values - mean) / sd)
                scores[usable] = torch.softmax(self._net(inputs), dim=1).numpy()
        return self._label(found, scores, set(usable))

    def _label(
        self, found: Sequence[Window], scores: NDArray[np.float64], usable: set[int]
    ) -> list[Activity]:
        labels: list[str] = []
        result = []
        for i, window in enumerate(found):
            probability = float(scores[i].max())
            reason = ""
            label = self.card.classes[int(scores[i].argmax())]
            if i not in usable:
                label, reason, probability = UNKNOWN, "gap", 0.0
            elif probability < MIN_PROBABILITY:
                label, reason = UNKNOWN, "doubt"
            labels.append(label)
            result.append(
                Activity(
                    time_s=window.time_s,
                    label=label,
                    smoothed=_majority(labels[-3:]),
                    probability=probability,
                    reason=reason,
                )
            )
        return result


def _majority(labels: list[str]) -> str:
    """Most frequent label, the newest one in a tie; unknown stays unknown and has no vote."""
    if labels[-1] == UNKNOWN:
        return UNKNOWN
    known = [label for label in reversed(labels) if label != UNKNOWN]
    return max(known, key=known.count)


def _check_signal(card: ModelCard, channels: tuple[str, ...], rate_hz: float) -> None:
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
