"""Rows of a session file's tables as the events that they were made of."""

from collections.abc import Iterator
from typing import Any

from firmware_bridge.events import LossCause
from firmware_bridge.timesync import Exchange
from wearables.events import Exchanged, LinkClosed, LinkOpened, Lost, Marker, Status
from wearables.sessions import layout


def links_of_row(row: Any) -> Iterator[LinkOpened | LinkClosed]:
    """A row of ``epochs``: a link that came up, and ended unless the recorder ended first."""
    epoch, closed_ns = int(row["epoch"]), int(row["close_host_ns"])
    yield LinkOpened(
        epoch=epoch,
        boot=int(row["boot"]),
        host_ns=int(row["open_host_ns"]),
        mtu=int(row["mtu"]),
    )
    if closed_ns:
        yield LinkClosed(epoch=epoch, host_ns=closed_ns, reason=row["reason"].decode())


def exchange_of_row(row: Any) -> Exchanged:
    """A row of ``exchanges``."""
    names = ("t1_host_ns", "t2_device_us", "t3_device_us", "t4_host_ns", "dither_us")
    exchange = Exchange(**{name: int(row[name]) for name in names})
    return Exchanged(exchange=exchange, epoch=int(row["epoch"]), boot=int(row["boot"]))


def marker_of_row(row: Any) -> Marker:
    """A row of ``markers``."""
    device_us = int(row["device_us"])
    return Marker(
        host_ns=int(row["host_ns"]),
        kind=row["kind"].decode(),
        text=row["text"].decode(),
        source=row["source"].decode(),
        device_us=None if device_us == layout.NO_DEVICE_TIME else device_us,
    )


def status_of_row(row: Any) -> Status:
    """A row of ``status``."""
    return Status(
        host_ns=int(row["host_ns"]),
        battery_pct=float(row["battery_pct"]),
        producer_lost=int(row["producer_lost"]),
        frames_dropped=int(row["frames_dropped"]),
        log_used_b=int(row["log_used_b"]),
    )


def loss_of_row(row: Any, stream_id: int) -> Lost:
    """A row of ``gaps``; one of unknown size is told when it was over."""
    n_samples = int(row["n"])
    opened_ns, closed_ns = int(row["opened_host_ns"]), int(row["closed_host_ns"])
    duration_ns = closed_ns - opened_ns if n_samples == 0 else 0
    return Lost(
        stream_id=stream_id,
        boot=int(row["boot"]),
        first_index=int(row["index"]),
        n_samples=n_samples,
        cause=LossCause(int(row["cause"])),
        host_ns=opened_ns + duration_ns,
        epoch_before=int(row["epoch_before"]),
        epoch_after=int(row["epoch_after"]),
        duration_ns=duration_ns,
    )
