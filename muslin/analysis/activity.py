"""Activity of a session against its markers: windows judged, unknown, or over a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from muslin.classify import picked, shipped_or, stream_with
from muslin.errors import InputError
from wearables.errors import ModelError
from wearables.events import SampleBlock
from wearables.sessions import SessionMarker, StreamReader


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityResult:
    """Activity by the model against the markers' truth.

    Attributes:
        stream: Name of the stream that was judged.
        times_s: Middle of each window.
        labels: Smoothed label of each window.
        probabilities: Of the label.
        reasons: Why a window is unknown; empty where it is not.
        truth: True activity, empty where no marker says it.
        classes: Classes of the model.
        accuracy: Share of judged windows that are right; windows over a change are not judged.
        unknown: Share of windows that are unknown.
        n_judged: Windows with a truth and a label.
    """

    stream: str
    times_s: tuple[float, ...]
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    reasons: tuple[str, ...]
    truth: tuple[str, ...]
    classes: tuple[str, ...]
    accuracy: float
    unknown: float
    n_judged: int

    def sentence(self) -> str:
        """Say the result in one line."""
        if not self.labels:
            return "the recording is shorter than a window"
        unknown = f"{100 * self.unknown:.0f} % of {len(self.labels)} windows unknown"
        if not self.n_judged:
            return f"no window can be judged against a marker, {unknown}"
        return f"{100 * self.accuracy:.0f} % of {self.n_judged} judged windows right, {unknown}"


def classify_against_markers(
    streams: Mapping[str, tuple[StreamReader, list[SampleBlock]]],
    *,
    model: Path | None,
    markers: Sequence[SessionMarker],
) -> tuple[ActivityResult | None, str]:
    """Classify the stream that has the model's channels, or say why not.

    Args:
        streams: Streams by name, each with its unbroken runs.
        model: Weights; the ones that ship when absent.
        markers: The session's markers; the kind ``activity`` holds the truth.

    Returns:
        The result, and an empty text; or nothing, and why the shipped model does not fit.

    Raises:
        InputError: If no stream has a given model's channels.
        ModelError: If a given model does not fit.
    """
    try:
        return _activity(streams, shipped_or(model), markers), ""
    except (InputError, ModelError) as error:
        if model is not None:
            raise
        return None, str(error)


def _activity(
    streams: Mapping[str, tuple[StreamReader, list[SampleBlock]]],
    model: Path,
    markers: Sequence[SessionMarker],
) -> ActivityResult:
    from wearables.activity.answer import UNKNOWN
    from wearables.activity.models import open_model
    from wearables.signals.operator import run

    loaded = open_model(model)
    there = {name: stream.channels for name, (stream, _) in streams.items()}
    name, columns = stream_with(there, loaded.channels, None)
    stream, runs = streams[name]
    operator = loaded.open(loaded.channels, stream.rate_hz)
    windows = run(operator, [picked(block, columns) for block in runs])
    half_s = loaded.window_s / 2
    truth = tuple(_truth(window.time_s, half_s, markers) for window in windows)
    labels = tuple(window.smoothed for window in windows)
    judged = [
        (label, true)
        for label, true in zip(labels, truth, strict=True)
        if true and label != UNKNOWN
    ]
    n_right = sum(label == true for label, true in judged)
    return ActivityResult(
        stream=name,
        times_s=tuple(window.time_s for window in windows),
        labels=labels,
        probabilities=tuple(window.probability for window in windows),
        reasons=tuple(window.reason for window in windows),
        truth=truth,
        classes=loaded.classes,
        accuracy=n_right / len(judged) if judged else float("nan"),
        unknown=labels.count(UNKNOWN) / len(labels) if labels else float("nan"),
        n_judged=len(judged),
    )


def _truth(time_s: float, half_s: float, markers: Sequence[SessionMarker]) -> str:
    """True activity over a whole window; empty when it changes inside, or nobody said it."""
    told = [mark for mark in markers if mark.kind == "activity"]
    before = [mark for mark in told if mark.time_s <= time_s - half_s + 0.1]
    inside = [mark for mark in told if time_s - half_s + 0.1 < mark.time_s < time_s + half_s - 0.1]
    return before[-1].text if before and not inside else ""
