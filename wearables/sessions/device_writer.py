"""One garment of a session file that is being written: streams, links, clock exchanges, state."""

from collections.abc import Callable
from typing import Any

from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import Exchange
from wearables.events import (
    Damaged,
    Exchanged,
    LinkClosed,
    LinkOpened,
    Lost,
    Sampled,
    Status,
)
from wearables.sessions.calibration import Calibration
from wearables.sessions.finish import write_boots, write_clock
from wearables.sessions.head import write_device
from wearables.sessions.stream_writer import StreamWriter, append_rows

Log = Callable[[int, str, str], None]
DeviceEvent = Sampled | Lost | Damaged | Status | LinkOpened | LinkClosed | Exchanged


class DeviceWriter:
    """Takes in one garment's events and brings them to its group on `flush`.

    Attributes:
        key: Name of the group.
        streams: Its streams, by stream id.
    """

    def __init__(
        self,
        file: Any,
        key: str,
        schema: GarmentSchema,
        calibrations: tuple[Calibration, ...],
        *,
        log: Log,
    ) -> None:
        self.key = key
        self._group = write_device(file, key, schema, calibrations)
        groups = self._group.create_group("streams")
        self.streams = {
            stream.id: StreamWriter(groups.create_group(stream.name), stream)
            for stream in schema.streams
        }
        self._names = {stream.id: stream.name for stream in schema.streams}
        self._log = log
        self._pending: dict[str, list[tuple[Any, ...]]] = {}
        self._exchanges: dict[int, list[Exchange]] = {}
        self._epochs: dict[int, int] = {}
        self._n_epoch_frames: dict[int, int] = {}
        self._n_epoch_damaged: dict[int, int] = {}

    @property
    def n_stored(self) -> dict[str, int]:
        """Samples in the file, by stream."""
        return {self._names[key]: stream.n_stored for key, stream in self.streams.items()}

    @property
    def n_lost(self) -> dict[str, int]:
        """Samples in gap rows that nothing has filled, by stream."""
        return {self._names[key]: stream.n_lost for key, stream in self.streams.items()}

    def take(self, event: DeviceEvent) -> None:
        """Take in one event."""
        match event:
            case Sampled():
                epoch = event.epoch
                self._n_epoch_frames[epoch] = self._n_epoch_frames.get(epoch, 0) + 1
                self.streams[event.stream_id].write_samples(event)
            case Lost():
                self.streams[event.stream_id].write_loss(event)
            case Damaged():
                epoch = event.epoch
                self._n_epoch_damaged[epoch] = self._n_epoch_damaged.get(epoch, 0) + 1
                self._log(event.host_ns, "warning", f"damaged frame: {event.reason}")
            case Status():
                row = (event.host_ns, event.battery_pct, event.producer_lost)
                self._add("status", (*row, event.frames_dropped, event.log_used_b))
            case LinkOpened():
                self._open_epoch(event)
            case LinkClosed():
                self._close_epoch(event)
            case Exchanged():
                self._add_exchange(event)

    def _add(self, table: str, row: tuple[Any, ...]) -> None:
        self._pending.setdefault(table, []).append(row)

    def _open_epoch(self, link: LinkOpened) -> None:
        n_waiting = len(self._pending.get("epochs", ()))
        self._epochs[link.epoch] = self._group["epochs"].shape[0] + n_waiting
        self._add("epochs", (link.epoch, link.boot, link.host_ns, 0, "open", link.mtu, 0, 0))
        self._log(link.host_ns, "info", f"link {link.epoch} is up, MTU {link.mtu}")

    def _close_epoch(self, link: LinkClosed) -> None:
        """Complete the row of a link; it must have been flushed."""
        table = self._group["epochs"]
        if link.epoch in self._epochs:
            row = table[self._epochs[link.epoch]]
            row["close_host_ns"], row["reason"] = link.host_ns, link.reason
            row["n_frames"] = self._n_epoch_frames.get(link.epoch, 0)
            row["n_damaged"] = self._n_epoch_damaged.get(link.epoch, 0)
            table[self._epochs[link.epoch]] = row
        self._log(link.host_ns, "info", f"link {link.epoch} ended: {link.reason}")

    def _add_exchange(self, event: Exchanged) -> None:
        exchange = event.exchange
        self._exchanges.setdefault(event.boot, []).append(exchange)
        times = (exchange.t1_host_ns, exchange.t2_device_us, exchange.t3_device_us)
        row = (event.epoch, event.boot, *times, exchange.t4_host_ns, exchange.dither_us)
        self._add("exchanges", row)

    def flush(self) -> None:
        """Bring the buffers to the file."""
        for name, rows in self._pending.items():
            append_rows(self._group[name], rows)
        self._pending.clear()
        for stream in self.streams.values():
            stream.flush()

    def finish(self) -> None:
        """Write what is known at the end: measured rates, fits of the clock, boots."""
        for stream in self.streams.values():
            stream.finish()
        write_clock(self._group, self._exchanges)
        write_boots(self._group)
