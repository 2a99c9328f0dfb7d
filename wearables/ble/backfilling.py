"""Get back from a garment's log what the link has lost, boots before the newest one included."""

import contextlib
import logging
import time
from typing import Any

from firmware_bridge.backfill import BackfillPlanner
from firmware_bridge.control import Command
from firmware_bridge.errors import ControlError, FrameError
from firmware_bridge.packet import Frame
from wearables.ble.link import Link
from wearables.events import Event, LossCause, Lost

logger = logging.getLogger(__name__)

_IN_THE_LOG = (LossCause.RADIO, LossCause.NO_LINK, LossCause.DAMAGED, LossCause.HOST_QUEUE)


class LogFiller:
    """Asks for losses; without a log it does nothing."""

    def __init__(self) -> None:
        self._planner: BackfillPlanner | None = None

    @property
    def has_log(self) -> bool:
        """Whether the garment keeps what it sent."""
        return self._planner is not None

    @property
    def n_missing(self) -> int:
        """Samples that are still hoped for."""
        return 0 if self._planner is None else self._planner.n_missing

    def begin(self) -> None:
        """A link to a garment with a log is up."""
        self._planner = self._planner or BackfillPlanner()
        self._planner.forget_asked()

    def want(self, event: Event) -> None:
        """Note a loss that the log may hold."""
        if self._planner is not None and isinstance(event, Lost) and event.cause in _IN_THE_LOG:
            stop = event.first_index + event.n_samples
            self._planner.want(event.stream_id, event.boot, event.first_index, stop)

    def note_arrival(self, data: bytes, host_ns: int) -> bool:
        """Note a frame; returns whether it was asked for."""
        if self._planner is None:
            return False
        with contextlib.suppress(FrameError):
            frame = Frame.from_bytes(data)
            start, stop = frame.first_index, frame.first_index + frame.n_samples
            return self._planner.arrived(
                frame.stream_id, frame.session, start, stop, host_ns=host_ns
            )
        return False

    async def ask(self, link: Link) -> None:
        """Ask for what is missing, if it is time to."""
        if self._planner is None:
            return
        for wanted in self._planner.requests(time.monotonic_ns()):
            body = {"stream": wanted.stream_id, "session": wanted.boot}
            try:
                answer, _ = await link.ask(
                    Command.BACKFILL, {**body, "a": wanted.start, "b": wanted.stop}
                )
            except ControlError as error:
                logger.info("backfill of stream %d refused: %s", wanted.stream_id, error)
                self._planner.answered(wanted, n_frames=0, oldest=wanted.stop)
                continue
            except TimeoutError:
                # What is asked for in vain is asked for again; the link may be busy with new data.
                logger.info("no answer to the backfill of stream %d", wanted.stream_id)
                return
            self._planner.answered(
                wanted, n_frames=int(answer["frames"]), oldest=int(answer["oldest"])
            )

    async def acknowledge(self, link: Link, stream_id: int, boot: int, newest: int) -> None:
        """Tell the log up to where the recording has everything, or has given up hope.

        Args:
            link: The garment.
            stream_id: Stream.
            boot: Boot.
            newest: One past the newest index that came or was told.
        """
        if self._planner is None:
            return
        upto = self._planner.first_missing(stream_id, boot)
        body = {"stream": stream_id, "session": boot, "upto": newest if upto is None else upto}
        try:
            await link.ask(Command.ACK, body)
        except ControlError as error:
            logger.info("acknowledgement of stream %d refused: %s", stream_id, error)


def newest_by_boot(status: dict[str, Any]) -> dict[int, dict[int, int]]:
    """One past the last index of each stream by boot, from a garment's log status.

    A garment with a log also tells how far it got before it was started anew.
    """
    newest: dict[int, dict[int, int]] = {}
    for key, row in status.items():
        for boot, _, stop in [(row["session"], 0, row["newest"]), *row.get("earlier", ())]:
            newest.setdefault(int(boot), {})[int(key)] = int(stop)
    return newest
