"""What is written into a session when it is closed: clock fits and boots."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from firmware_bridge.timesync import Exchange, refit
from wearables.sessions import layout
from wearables.sessions.stream_writer import append_rows


def write_clock(device: Any, exchanges: Mapping[int, Sequence[Exchange]]) -> None:
    """Fit the clock of each boot from its exchanges and keep the fit beside them."""
    fits = {boot: refit(rows) for boot, rows in sorted(exchanges.items())}
    rows = [
        (boot, us, offset, drift, sd)
        for boot, fit in fits.items()
        for us, offset, drift, sd in zip(
            fit.device_us, fit.offset_s, fit.drift, fit.sd_s, strict=True
        )
    ]
    clock = device.create_group("clock")
    table = clock.create_dataset(layout.FINAL_FIT, data=np.array(rows, dtype=layout.KNOTS))
    clock.attrs["current"] = layout.FINAL_FIT
    table.attrs["method"] = "line"
    table.attrs["n_used"] = sum(fit.n_used for fit in fits.values())
    residuals = [fit.rms_residual_s for fit in fits.values()]
    table.attrs["rms_residual_s"] = max(residuals, default=float("nan"))
    table.attrs["made_utc"] = datetime.now(UTC).isoformat()


def write_boots(device: Any) -> None:
    """Note from when to when each boot was heard."""
    frames = [stream["frames"][...] for stream in device["streams"].values()]
    table = np.concatenate(frames) if frames else np.zeros(0, layout.FRAMES)
    rows = []
    for boot in np.unique(table["boot"]):
        host_ns = table["host_ns"][table["boot"] == boot]
        rows.append((boot, host_ns.min(), host_ns.max()))
    append_rows(device["boots"], rows)
