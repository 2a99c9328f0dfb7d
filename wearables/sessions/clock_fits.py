"""Fits of a garment's clock that somebody adds to a closed session, beside those that are there.

The recorder's own fit stays, as do all exchanges. The group ``clock`` says which one is in force.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from firmware_bridge.timesync import ClockFit
from wearables.errors import SessionError
from wearables.sessions import layout
from wearables.sessions.reader import Session

FINAL = layout.FINAL_FIT


def add_fit(path: Path, *, name: str, shift_s: float, why: str = "") -> str:
    """Add the fit in force, moved, and put it in force.

    Args:
        path: A closed or recovered session, ``FILE#DEVICE`` for one of several garments.
        name: What the fit is called; a number is added if the name is taken.
        shift_s: How much later everything of this garment happened than the fit in force says.
        why: What it goes by, kept beside it.

    Returns:
        The name that it got.

    Raises:
        SessionError: If the session is being recorded, or holds several garments and none is named.
    """
    if name == FINAL or "/" in name or not name:
        raise SessionError(f"a fit cannot be called {name!r}")
    with Session.open(path) as session:
        if session.state == layout.STATE_RECORDING:
            raise SessionError(f"{path} was not closed; run muslin repair {path} first")
        device = session.only
        file_path, key = session.path, device.key
        boots = sorted({int(b) for s in device.streams.values() for b in s.segments["boot"]})
        fits = {boot: device.clock(boot) for boot in boots}
    try:
        with h5py.File(file_path, "r+") as file:
            return _write(file[f"devices/{key}"], name, fits, shift_s=shift_s, why=why)
    except OSError as error:
        raise SessionError(f"{file_path} cannot be written: {error}") from error


def _write(device: Any, name: str, fits: dict[int, ClockFit], *, shift_s: float, why: str) -> str:
    clock = device.require_group("clock")
    taken, number = name, 2
    while taken in clock:
        taken, number = f"{name}-{number}", number + 1
    rows = [
        (boot, us, offset + shift_s, drift, sd)
        for boot, fit in fits.items()
        for us, offset, drift, sd in zip(
            fit.device_us, fit.offset_s, fit.drift, fit.sd_s, strict=True
        )
    ]
    table = clock.create_dataset(taken, data=np.array(rows, dtype=layout.KNOTS))
    residuals = [fit.rms_residual_s for fit in fits.values()]
    table.attrs["method"] = name
    table.attrs["n_used"] = sum(fit.n_used for fit in fits.values())
    table.attrs["rms_residual_s"] = max(residuals, default=float("nan"))
    table.attrs["made_utc"] = datetime.now(UTC).isoformat()
    table.attrs["shift_s"], table.attrs["why"] = shift_s, why
    clock.attrs["current"] = taken
    return taken


def keep_additions(path: Path, target: Path) -> None:
    """Copy what was added to a session after its close, remarks and fits, into its repaired copy.

    What cannot be read is left out.
    """
    try:
        with h5py.File(path, "r", locking=False) as old, h5py.File(target, "r+") as new:
            if "annotations" in old:
                old.copy("annotations", new)
            devices: Any = new["devices"]
            for key, device in devices.items():
                _keep_fits(old, f"devices/{key}/clock", device["clock"])
    except (OSError, KeyError, RuntimeError, ValueError):
        return


def _keep_fits(old: Any, place: str, clock: Any) -> None:
    if place not in old:
        return
    for name in old[place]:
        if name != FINAL:
            old[place].copy(name, clock)
    clock.attrs["current"] = old[place].attrs.get("current", FINAL)
