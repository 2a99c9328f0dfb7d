"""Why samples are missing, as far as the host knows: it dropped them, or the garment rebooted."""

import dataclasses
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from firmware_bridge.packet import INDEX_MODULUS
from wearables.events import LossCause, Lost


@dataclass(slots=True, kw_only=True)
class DroppedRange:
    """Samples thrown away: ``[start, stop)``, start as on the wire, 32 bit."""

    stream_id: int
    boot: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebooted:
    """A garment was found in a new boot; travels in the queue behind the frames of the old one.

    Attributes:
        boot: The boot that ended.
        epoch: Link on which the new one was found.
        heard_ns: When the old boot was last heard.
        host_ns: When the new one was found.
    """

    boot: int
    epoch: int
    heard_ns: int
    host_ns: int

    def loss(self, stream_id: int, *, index: int, epoch_before: int) -> Lost:
        """What the garment took and could not tell: nobody knows how much, only how long.

        Args:
            stream_id: Stream.
            index: One past the newest index that is known of the old boot.
            epoch_before: Link of the newest frame.
        """
        return Lost(
            stream_id=stream_id, boot=self.boot, first_index=index, n_samples=0,
            cause=LossCause.REBOOT, host_ns=self.host_ns, epoch_before=epoch_before,
            epoch_after=self.epoch, duration_ns=self.host_ns - self.heard_ns,
        )  # fmt: skip


def with_causes(event: Lost, dropped: Collection[DroppedRange]) -> list[Lost]:
    """Split a loss so that each part has its cause.

    Args:
        event: A loss as the garment's indices show it.
        dropped: What the host threw away, since its queue was full.
    """
    if event.cause is not LossCause.RADIO:
        return [event]
    if event.epoch_before != event.epoch_after:
        event = dataclasses.replace(event, cause=LossCause.NO_LINK)
    return list(_parts(event, dropped))


def _parts(event: Lost, dropped: Collection[DroppedRange]) -> Iterator[Lost]:
    place, stop = event.first_index, event.first_index + event.n_samples
    for low, high in sorted(_unwrapped(event, item) for item in dropped):
        start, end = max(low, place), min(high, stop)
        if start >= end:
            continue
        if place < start:
            yield dataclasses.replace(event, first_index=place, n_samples=start - place)
        yield dataclasses.replace(
            event, first_index=start, n_samples=end - start, cause=LossCause.HOST_QUEUE
        )
        place = end
    if place < stop:
        yield dataclasses.replace(event, first_index=place, n_samples=stop - place)


def _unwrapped(event: Lost, item: DroppedRange) -> tuple[int, int]:
    """A dropped range in the 64-bit indices of a loss; empty if it is of something else."""
    if (item.stream_id, item.boot) != (event.stream_id, event.boot):
        return 0, 0
    half = INDEX_MODULUS // 2
    low = event.first_index + (item.start - event.first_index + half) % INDEX_MODULUS - half
    return low, low + item.stop - item.start
