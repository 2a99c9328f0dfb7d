"""What stands on a session's time line beside the samples: gaps and markers."""

from dataclasses import dataclass

from firmware_bridge.events import LossCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Samples that the garment took and that are not in the file.

    Attributes:
        start_s: Session time of the first missing sample.
        stop_s: Session time of the first sample after.
        first_index: Index of the first missing sample.
        n_samples: Missing samples when the gap was found; 0 if nobody knows, as after a reboot.
        cause: Why.
        n_filled: How many came later.
    """

    start_s: float
    stop_s: float
    first_index: int
    n_samples: int
    cause: LossCause
    n_filled: int

    @property
    def is_open(self) -> bool:
        """Whether something is still missing."""
        return self.n_samples == 0 or self.n_filled < self.n_samples


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMarker:
    """A marker or a remark on the session's clock.

    Attributes:
        time_s: When.
        kind: Its class.
        text: What it says.
        source: user, device or program; of a remark its author.
        duration_s: How long it holds.
    """

    time_s: float
    kind: str
    text: str
    source: str
    duration_s: float = 0.0
