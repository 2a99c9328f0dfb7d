"""The live view of a recording in the terminal: a table that stands still, drawn at 4 Hz."""

import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from muslin.screen import say

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from wearables.sources import Controls
    from wearables.sources.monitor import Monitor, StreamState

REFRESH_HZ = 4.0
_BARS = "▁▂▃▄▅▆▇█"
_SPARK_WIDTH = 24
_MAX_SPARKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One recording on the screen.

    Attributes:
        monitor: Its counters.
        path: Its file.
        device: Its name in a file that it shares.
        rssi_dbm: Strength of reception, asked anew each time.
    """

    monitor: "Monitor"
    path: Path
    rssi_dbm: Callable[[], int | None]
    device: str = ""

    @property
    def place(self) -> str:
        """Where it is recorded to."""
        return f"{self.path.name}#{self.device}" if self.device else self.path.name


def sparkline(values: NDArray[np.integer], *, width: int = _SPARK_WIDTH) -> str:
    """The shape of a channel in block letters; as many as there are samples, at most `width`."""
    if len(values) == 0:
        return ""
    parts = np.array_split(np.asarray(values, dtype=np.float64), min(width, len(values)))
    means = np.array([part.mean() for part in parts])
    span = means.max() - means.min()
    if span == 0:
        return "▁" * len(means)
    return "".join(_BARS[int(level)] for level in np.rint((means - means.min()) / span * 7))


def quality_bar(quality: float) -> str:
    """Quality in five blocks and a number, so that it does not depend on colours."""
    n_full = round(5 * quality)
    return "█" * n_full + "░" * (5 - n_full) + f" {100 * quality:3.0f} %"


class RecordingPanel:
    """What people see while they record."""

    def __init__(
        self, watched: Sequence[Watched], controls: "Controls", *, duration_s: float
    ) -> None:
        self._watched = watched
        self._controls = controls
        self._duration_s = duration_s
        self._start_ns = time.monotonic_ns()
        self._was_linked = [True] * len(watched)

    def render(self) -> "RenderableType":
        """The whole view."""
        from rich.console import Group

        return Group(*(self._one(item) for item in self._watched), self._foot())

    def has_lost_a_link(self) -> bool:
        """Whether a link ended since the last time this was asked."""
        now = [item.monitor.is_linked for item in self._watched]
        lost = any(was and not is_up for was, is_up in zip(self._was_linked, now, strict=True))
        self._was_linked = now
        return lost

    def _one(self, item: Watched) -> "Table":
        from rich import box
        from rich.table import Table

        monitor = item.monitor
        link = f"link {monitor.n_links} up" if monitor.is_linked else "NO LINK"
        if monitor.trouble:
            link += f" ({monitor.trouble})"
        rssi = item.rssi_dbm()
        facts = [f"{monitor.name} → {item.place}", link]
        if not math.isnan(monitor.battery_pct):
            facts.append(f"battery {monitor.battery_pct:.0f} %")
        if rssi is not None:
            facts.append(f"RSSI {rssi} dBm")
        table = Table(title="   ".join(facts), box=box.SIMPLE, title_justify="left")
        for name in ("stream", "rate Hz", "covered", "gaps", "lost s", "age s", "late ms"):
            table.add_column(name, justify="left" if name == "stream" else "right", no_wrap=True)
        table.add_column("quality", no_wrap=True)
        table.add_column("last seconds", no_wrap=True)
        for stream in monitor.streams():
            _add_stream(table, stream)
        return table

    def _foot(self) -> str:
        elapsed_s = (time.monotonic_ns() - self._start_ns) * 1e-9
        text = f"{elapsed_s:7.1f} s"
        if self._duration_s:
            text += f" of {self._duration_s:g} s"
        free_b = shutil.disk_usage(self._watched[0].path.parent).free
        text += f"   disk {free_b / 1e9:.1f} GB free"
        marker = self._controls.last_marker
        if marker is not None:
            ago_s = (time.monotonic_ns() - marker.host_ns) * 1e-9
            text += f"   last marker: {marker.text} ({ago_s:.0f} s ago)"
        if self._controls.is_paused:
            text += "   PAUSED"
        return text + "\nm marker   p pause   q stop"


def _number(value: float, digits: int = 1) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _add_stream(table: "Table", stream: "StreamState") -> None:
    numbers = [
        f"{_number(stream.rate_hz)} / {stream.nominal_hz:g}",
        f"{_number(100 * stream.coverage)} %",
        str(stream.n_gaps),
        _number(stream.lost_s),
        _number(stream.age_s),
        _number(1000 * stream.latency_s, 0),
        quality_bar(stream.quality),
    ]
    for i, channel in enumerate(stream.channels[:_MAX_SPARKS]):
        head = [stream.name, *numbers] if i == 0 else [""] * 8
        table.add_row(*head, f"{sparkline(stream.shapes[:, i]):{_SPARK_WIDTH}} {channel}")
    n_more = len(stream.channels) - _MAX_SPARKS
    if n_more > 0:
        table.add_row(*[""] * 8, f"and {n_more} channels more")


async def keep_showing(panel: RecordingPanel) -> None:
    """Draw the panel on the terminal until cancelled; a bell tells of a link that ended."""
    import asyncio

    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    with Live(panel.render(), console=console, auto_refresh=False, transient=True) as live:
        while True:
            await asyncio.sleep(1 / REFRESH_HZ)
            if panel.has_lost_a_link():
                console.bell()
            live.update(panel.render(), refresh=True)


async def keep_telling(panel: RecordingPanel, watched: Sequence[Watched]) -> None:
    """Without a terminal: a line when a link ends or comes back, nothing else."""
    import asyncio

    linked = [True] * len(watched)
    while True:
        await asyncio.sleep(1 / REFRESH_HZ)
        for i, item in enumerate(watched):
            if item.monitor.n_links and item.monitor.is_linked != linked[i]:
                linked[i] = item.monitor.is_linked
                if item.monitor.trouble != "stopped":
                    trouble = f"link ended: {item.monitor.trouble}"
                    say(f"  {item.place}: {'link is up again' if linked[i] else trouble}")
