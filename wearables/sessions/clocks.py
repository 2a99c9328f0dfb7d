"""How good a session's clocks are, boot by boot, and what to doubt."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.timesync import ClockFit
from wearables.sessions.device_reader import DeviceReader
from wearables.sessions.reader import Session

# A crystal that is further off than this is broken or not what the garment says it is.
MAX_DRIFT_PPM = 100.0
MAX_RESIDUAL_S = 2e-3
MIN_EXCHANGES = 3
PER_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFacts:
    """The fit of one boot.

    Attributes:
        boot: Power-up of the garment.
        device: Which of several garments; empty for the only one.
        method: How it was fitted; ``bounds`` when only arrivals tell.
        n_exchanges: Exchanges in the file.
        offset_s: Host minus garment at the first knot.
        drift_ppm: How much faster the garment's clock runs than the host's.
        drift_sd_ppm: What the exchanges leave open of it, much in a short recording; nothing where
            they are too few to tell.
        rms_residual_s: Scatter of the exchanges that were used; nothing without any.
        duration_s: From the first to the last frame.
    """

    boot: int
    method: str
    n_exchanges: int
    offset_s: float
    drift_ppm: float
    drift_sd_ppm: float | None
    rms_residual_s: float | None
    duration_s: float
    device: str = ""

    @property
    def name(self) -> str:
        """Whose clock it is."""
        return (
            f"clock of {self.device}, boot {self.boot}"
            if self.device
            else f"clock of boot {self.boot}"
        )

    @property
    def doubts(self) -> tuple[str, ...]:
        """One sentence for each thing that is worse than it should be."""
        who = self.name
        found: list[str] = []
        if self.rms_residual_s is None:
            return ()
        if self.rms_residual_s > MAX_RESIDUAL_S:
            found.append(
                f"{who}: exchanges scatter by {1000 * self.rms_residual_s:.1f} ms, "
                f"wanted at most {1000 * MAX_RESIDUAL_S:g} ms"
            )
        if self.drift_sd_ppm is not None and (
            abs(self.drift_ppm) - 2 * self.drift_sd_ppm > MAX_DRIFT_PPM
        ):
            found.append(
                f"{who}: it runs {self.drift_ppm:+.0f} ppm against the host's, "
                f"wanted at most {MAX_DRIFT_PPM:g}"
            )
        if self.n_exchanges < MIN_EXCHANGES * self.duration_s / PER_S:
            found.append(
                f"{who}: {self.n_exchanges} exchanges in {self.duration_s:.0f} s, "
                f"wanted {MIN_EXCHANGES} every {PER_S:g} s"
            )
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Facts for a program."""
        return asdict(self)

    def __str__(self) -> str:
        """The same in a few words."""
        if self.rms_residual_s is None:
            return "no exchange; times come from arrivals and are late by the radio's delay"
        sd = "" if self.drift_sd_ppm is None else f" ± {self.drift_sd_ppm:.1f}"
        return (
            f"{self.drift_ppm:+.1f}{sd} ppm, {self.n_exchanges} exchanges, "
            f"residual {1000 * self.rms_residual_s:.2f} ms"
        )


def clock_facts(session: Session) -> tuple[ClockFacts, ...]:
    """Facts of every boot that gave samples, garment by garment."""
    is_alone = len(session.devices) == 1
    return tuple(
        _facts(device, boot, table, name="" if is_alone else device.key)
        for device in session.devices.values()
        for table in _heard(device)
        for boot in np.unique(table["boot"]).tolist()
    )


def _heard(device: DeviceReader) -> list[NDArray[Any]]:
    """Boot and arrival of all frames in one table; none where there is no stream."""
    frames = [stream.frames[["boot", "host_ns"]] for stream in device.streams.values()]
    return [np.concatenate(frames)] if frames else []


def _facts(device: DeviceReader, boot: int, table: NDArray[Any], *, name: str) -> ClockFacts:
    clock, exchanges = device.clock(boot), device.exchanges
    asked_s = exchanges["t1_host_ns"][exchanges["boot"] == boot] * 1e-9
    n_exchanges = asked_s.size
    return ClockFacts(
        boot=boot,
        method=clock.method,
        n_exchanges=n_exchanges,
        offset_s=float(clock.offset_s[0]),
        drift_ppm=-float(clock.drift[0]) * 1e6,
        drift_sd_ppm=_drift_sd_ppm(asked_s, clock),
        rms_residual_s=float(clock.rms_residual_s) if n_exchanges else None,
        duration_s=float(np.ptp(table["host_ns"][table["boot"] == boot])) * 1e-9,
        device=name,
    )


def _drift_sd_ppm(asked_s: NDArray[np.float64], clock: ClockFit) -> float | None:
    """Standard error of a slope through exchanges, as if all that were used weighed the same."""
    spread_s = float(asked_s.std()) if asked_s.size else 0.0
    if spread_s == 0 or clock.n_used < 1:
        return None
    return float(clock.rms_residual_s / (spread_s * np.sqrt(clock.n_used)) * 1e6)
