"""Drapes garments in a process of its own; `python -m` runs it. Bodies and engine stay warm.

Commands: ``fit`` (body, garment, drape, maps), ``clip`` (the fit follows a movement), ``file`` (GLB
or sheet of a fit), ``stop``.
"""

import importlib
import io
import itertools
import queue
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fitting.body import Measurements
from muslin.fitting_room import Fit, Garment
from muslin.studio.fit_clip import follow
from muslin.studio.fit_maps import SHOWN
from muslin.studio.fitted import Fitted, Wish, mesh_of, preview_of, summary_of
from muslin.studio.pipe import Content, Office

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitting.body import Body, BodyFit
    from fitting.cloth import ClothLevels

N_KEPT = 6
N_BODIES = 4
_STEPS_LIKELY = 150.0
_GONE = "this fit was made before the worker started anew; drape it again"


class Stopped(Exception):  # noqa: N818 - it is a wish, not an error
    """The person pressed stop."""


class Worker:
    """What the process remembers."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._commands: queue.Queue[Content | None] = queue.Queue(maxsize=64)
        self._stop = threading.Event()
        self._bodies: dict[str, BodyFit] = {}
        self._fits: dict[int, Fitted] = {}

    def command(self, command: Content | None) -> None:
        """Take a command from the listening thread; a stop is obeyed at once."""
        if command is not None and command.get("do") == "stop":
            self._stop.set()
        else:
            self._commands.put(command)

    def run(self) -> None:
        """Work until the studio goes."""
        while True:
            command = self._commands.get()
            if command is None:
                return
            self._stop.clear()
            if command["do"] == "fit":
                self._fit(command)
            elif command["do"] == "clip":
                self._clip(command)
            else:
                self._file(command)

    def _fit(self, command: Content) -> None:
        from fitting.errors import FittingError

        number = command["id"]
        try:
            self._fits[number] = self._fitted(number, Wish.of(command))
            while len(self._fits) > N_KEPT:
                del self._fits[min(self._fits)]
            fitted = self._fits[number]
            content = {"type": "fitted", "id": number, "summary": summary_of(fitted, number)}
            self._office.tell(content, mesh_of(fitted))
        except Stopped:
            self._office.tell({"type": "stopped", "id": number})
        except (FittingError, ValueError, ArithmeticError, LookupError, MemoryError) as error:
            self._office.tell({"type": "failed", "id": number, "text": str(error)})

    def _fitted(self, number: int, wish: Wish) -> Fitted:
        from fitting.body import pose_body
        from fitting.cloth.place import garment_levels_on_body
        from fitting.pattern import complete_measures
        from muslin.fitting_room import pattern_of

        self._progress(number, 0.02, "body from tape measures")
        body_fit = self._body(wish)
        body = body_fit.body if wish.pose == "a" else pose_body(body_fit.body, wish.pose)
        self._progress(number, 0.12, "sewing the garment together")
        garment = wish.garment()
        measures = complete_measures(Measurements.from_cm(wish.measures_cm), body_fit.achieved)
        levels = garment_levels_on_body(
            pattern_of(garment, measures), body, edge_length_m=wish.edge_m
        )
        self._check()
        preview = {"type": "preview", "id": number, "summary": {"id": number, "is_preview": True}}
        self._office.tell(preview, preview_of(levels.finest, body))
        fit = self._draped(number, garment, levels, body)
        return Fitted(wish=wish, body_fit=body_fit, fit=fit)

    def _draped(self, number: int, garment: Garment, levels: "ClothLevels", body: "Body") -> Fit:
        from fitting.drape import DrapeSettings
        from fitting.drape import drape as drape_cloth
        from fitting.fit import fit_map, fit_report

        steps = itertools.count(1)  # The engine counts anew on every level of the mesh.

        def progress(_: int, velocity_m_s: float) -> None:
            self._check()
            n_steps = next(steps)
            share = 0.2 + 0.7 * (1 - np.exp(-n_steps / _STEPS_LIKELY))
            text = f"step {n_steps}, cloth moves at {velocity_m_s * 1000:.1f} mm/s"
            self._progress(number, float(share), text)

        fabrics, cloth = (garment.fabric,), levels.finest
        draped = drape_cloth(
            levels, body, fabrics, settings=DrapeSettings(),
            rng=np.random.default_rng(garment.seed), progress=progress,
        )  # fmt: skip
        self._progress(number, 0.93, "maps and verdict")
        maps = fit_map(cloth, draped, body, fabrics)
        report = fit_report(cloth, draped, body, fabrics, maps, fit_class=garment.fit_class)
        self._check()
        name = "own pattern" if Path(garment.pattern).suffix else garment.pattern
        title = f"{name}, {garment.size_name}, {garment.fabric.name}".replace("_", " ")
        return Fit(garment=garment, title=title, body=body, cloth=cloth, drape=draped, map=maps,
                   report=report)  # fmt: skip

    def _body(self, wish: Wish) -> "BodyFit":
        from fitting.body import body_from_measurements

        key = f"{wish.sex} {sorted(wish.measures_cm.items())}"
        if key not in self._bodies:
            measures = Measurements.from_cm(wish.measures_cm)
            self._bodies[key] = body_from_measurements(
                measures, sex=wish.sex, progress=lambda text: self._check()
            )
            while len(self._bodies) > N_BODIES:
                del self._bodies[next(iter(self._bodies))]
        self._check()
        return self._bodies[key]

    def _clip(self, command: Content) -> None:
        from fitting.errors import FittingError

        number, told = command["id"], {"id": command["id"], "of": "clip"}
        fitted = self._fits.get(number)
        if fitted is None:
            self._office.tell({**told, "type": "failed", "text": _GONE})
            return
        try:
            moved = follow(fitted, command["motion"], progress=self._moving(number))
            self._office.tell({**told, "type": "clip", "motion": command["motion"]}, moved)
        except Stopped:
            self._office.tell({**told, "type": "stopped"})
        except (FittingError, ValueError, ArithmeticError, MemoryError) as error:
            self._office.tell({**told, "type": "failed", "text": str(error)})

    def _moving(self, number: int) -> "Callable[[int, int], None]":
        def progress(i_frame: int, n_frames: int) -> None:
            self._check()
            self._progress(number, i_frame / n_frames, f"pose {i_frame} of {n_frames}")

        return progress

    def _file(self, command: Content) -> None:
        number, kind = command["id"], command["kind"]
        fitted = self._fits.get(number)
        told = {"id": number, "kind": kind}
        if fitted is None:
            self._office.tell({**told, "type": "no_file", "text": _GONE})
            return
        content = _glb(fitted) if kind == "glb" else _sheet(fitted)
        self._office.tell({**told, "type": "file"}, content)

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _progress(self, number: int, share: float, text: str) -> None:
        self._office.tell({"type": "progress", "id": number, "share": share, "text": text})


def _glb(fitted: Fitted) -> bytes:
    """Body and garment, painted with the pressure, every map as numbers."""
    from fitting.preview import write_glb

    with tempfile.TemporaryDirectory(prefix="muslin-fit-") as folder:
        path = Path(folder) / "fit.glb"
        extras = {"title": fitted.fit.title, "converged": fitted.fit.drape.converged}
        write_glb(path, fitted.meshes(SHOWN[0]), extras=extras)
        return path.read_bytes()


def _sheet(fitted: Fitted) -> bytes:
    """Three views under the pressure map, as a PNG."""
    from fitting.preview import Row, draw_sheet

    drape = fitted.fit.drape
    row = Row(
        title=fitted.fit.title, lines=fitted.fit.report.lines(),
        meshes=fitted.meshes(SHOWN[0]), converged=drape.converged,
    )  # fmt: skip
    low_m = float(drape.positions_m[:, 1].min()) - 0.12
    image = draw_sheet((row,), SHOWN[0].style.scale, crop_low_m=max(low_m, 0.0))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _load() -> None:
    """Import what a drape needs while nobody waits yet."""
    for module in ("fitting.cloth.place", "fitting.drape", "fitting.fit", "fitting.preview"):
        importlib.import_module(module)


def main() -> None:
    """Be ready, drape until the studio goes."""
    office = Office()
    worker = Worker(office)
    office.listen(worker.command)
    _load()
    office.tell({"type": "ready"})
    worker.run()


if __name__ == "__main__":
    main()
