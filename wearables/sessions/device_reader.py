"""One garment of an open session file: its streams, clock exchanges, links and state."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import ClockFit, refit
from wearables.sessions import layout
from wearables.sessions.calibration import Calibration, calibration_of_row
from wearables.sessions.event_rows import exchange_of_row
from wearables.sessions.stream_reader import StreamReader, table


class DeviceReader:
    """What the file holds of one garment.

    Attributes:
        key: Name of its group.
        schema: Streams and channels.
        calibrations: Corrections of channels, the newest last.
        anchor_host_ns: Host time of session time 0.
        anchor_utc_ns: UTC at the same moment.
        streams: By the name that the garment gives them.
    """

    def __init__(
        self, group: Any, key: str, *, anchor_host_ns: int, anchor_utc_ns: int, prefix: str
    ) -> None:
        self._group = group
        self.key = key
        self.anchor_host_ns, self.anchor_utc_ns = anchor_host_ns, anchor_utc_ns
        self.schema = GarmentSchema.from_cbor(group["descriptor"][...].tobytes())
        self._clocks: dict[int, ClockFit] = {}
        self.calibrations = self._read_calibrations()
        self.streams = {
            str(name): StreamReader(self, stream, str(name), label=f"{prefix}{name}")
            for name, stream in group["streams"].items()
        }

    def _read_calibrations(self) -> tuple[Calibration, ...]:
        if "calibrations" not in self._group:
            return ()
        return tuple(calibration_of_row(row) for row in table(self._group, "calibrations"))

    def calibration(self, channel: str) -> Calibration | None:
        """The newest calibration of ``stream/channel``; nothing if it has none."""
        return next((c for c in reversed(self.calibrations) if c.channel == channel), None)

    @property
    def descriptor_sha256(self) -> str:
        """Hash of the descriptor as it was noted while recording."""
        return str(self._group["descriptor"].attrs["sha256"])

    @property
    def exchanges(self) -> NDArray[Any]:
        """Clock exchanges as recorded."""
        return self._group["exchanges"][...]

    @property
    def epochs(self) -> NDArray[Any]:
        """Radio links."""
        return self._group["epochs"][...]

    @property
    def status(self) -> NDArray[Any]:
        """Status messages of the garment."""
        return self._group["status"][...]

    @property
    def last_boot(self) -> int:
        """The boot of the newest segment; 0 without any."""
        boots = [boot for s in self.streams.values() for boot in s.segments["boot"]]
        return int(boots[-1]) if boots else 0

    def clock(self, boot: int) -> ClockFit:
        """Fit of one boot: the one in force, else the line through the recorded exchanges."""
        if boot not in self._clocks and (added := self._added_fit(boot)) is not None:
            self._clocks[boot] = added
        if boot not in self._clocks:
            rows = self.exchanges[self.exchanges["boot"] == boot]
            fit = refit([exchange_of_row(row).exchange for row in rows])
            self._clocks[boot] = self._arrival_clock(boot) if fit.method == "none" else fit
        return self._clocks[boot]

    def place_by_arrival(self) -> None:
        """Place samples by the arrival of their frames from now on, as if no clock had been asked.

        What clock exchanges are worth shows against it.
        """
        boots = {int(boot) for s in self.streams.values() for boot in s.segments["boot"]}
        self._clocks = {boot: self._arrival_clock(boot) for boot in boots}

    def _added_fit(self, boot: int) -> ClockFit | None:
        """What somebody added after the close and put in force."""
        clock = self._group.get("clock")
        if clock is None:
            return None
        name = str(clock.attrs.get("current", ""))
        if name in ("", layout.FINAL_FIT) or name not in clock:
            return None
        knots = table(clock, name)
        own = knots[knots["boot"] == boot]
        if not len(own):
            return None
        attrs = clock[name].attrs
        return ClockFit(
            device_us=own["device_us"], offset_s=own["offset_s"], drift=own["drift"],
            sd_s=own["sd_s"], rms_residual_s=float(attrs["rms_residual_s"]),
            n_used=int(attrs["n_used"]), method=str(attrs["method"]),
        )  # fmt: skip

    def _arrival_clock(self, boot: int) -> ClockFit:
        """Without exchanges: the least delay of a frame's arrival, biased late by the radio."""
        best_s = np.inf
        for stream in self.streams.values():
            own = stream.frames[stream.frames["boot"] == boot]
            if len(own):
                delay_s = own["host_ns"] * 1e-9 - own["device_us"] * 1e-6
                best_s = min(best_s, float(delay_s.min()))
        one = np.ones(1)
        return ClockFit(
            device_us=0 * one,
            offset_s=one * (best_s if np.isfinite(best_s) else self.anchor_host_ns * 1e-9),
            drift=0 * one,
            sd_s=one * 0.02,
            rms_residual_s=float("nan"),
            n_used=0,
            method="bounds",
        )
