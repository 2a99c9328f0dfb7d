"""Drapes garments in a process of its own; `python -m` runs it. Bodies and engine stay warm.

Commands: ``scan`` (a scan becomes a body), ``fit`` (body, garment, drape, maps), ``clip`` (the fit
follows a movement), ``file`` (GLB or sheet of a fit), ``sensors`` (list, add, remove, write),
``stop``.
"""

import importlib
import io
import itertools
import json
import queue
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fitting.body import Measurements
from muslin.errors import InputError
from muslin.fitting_room import Fit, Garment
from muslin.studio.fit_clip import follow
from muslin.studio.fit_maps import SHOWN
from muslin.studio.fitted import Fitted, Wearer, Wish, mesh_of, preview_of, summary_of
from muslin.studio.mesh_bytes import unpack_arrays
from muslin.studio.pipe import Content, Office
from muslin.studio.sensor_wish import SENSOR_FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitting.body import Body, Sex
    from fitting.cloth import ClothLevels
    from muslin.studio.sensor_board import SensorBoard

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
        self._wearers: dict[str, Wearer] = {}
        self._sexes: dict[str, Sex] = {}
        self._fits: dict[int, Fitted] = {}
        self._boards: dict[int, SensorBoard] = {}

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
            elif command["do"] == "scan":
                self._scan(command)
            elif command["do"] == "clip":
                self._clip(command)
            elif command["do"] == "sensors":
                self._sensors(command)
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

        self._progress(number, 0.02, "body")
        wearer = self._scanned(wish.scan, wish.scan_path) if wish.scan else self._taped(wish)
        body = wearer.body if wish.pose == "a" else pose_body(wearer.body, wish.pose)
        self._progress(number, 0.12, "sewing the garment together")
        garment = wish.garment()
        measures = complete_measures(Measurements.from_cm(wish.measures_cm), wearer.measured)
        pattern = pattern_of(garment, measures, ease=wish.ease())
        levels = garment_levels_on_body(pattern, body, edge_length_m=wish.edge_m)
        self._check()
        preview = {"type": "preview", "id": number, "summary": {"id": number, "is_preview": True}}
        self._office.tell(preview, preview_of(levels.finest, body))
        fit = self._draped(number, garment, levels, body)
        return Fitted(wish=wish, wearer=wearer, pattern=pattern, fit=fit)

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

    def _taped(self, wish: Wish) -> Wearer:
        from fitting.body import body_from_measurements

        key = f"{wish.sex} {sorted(wish.measures_cm.items())}"
        if key not in self._wearers:
            measures = Measurements.from_cm(wish.measures_cm)
            fit = body_from_measurements(
                measures, sex=wish.sex, progress=lambda text: self._check()
            )
            self._keep(key, Wearer(body=fit.body, measured=fit.achieved, warnings=fit.warnings))
        self._check()
        return self._wearers[key]

    def _scanned(self, scan: str, path: str) -> Wearer:
        from fitting.body import make_scan, register_scan

        if scan not in self._wearers:
            _, arrays = unpack_arrays(Path(path).read_bytes())
            points, faces = arrays["vertices_m"].astype(float), arrays["faces"].astype(np.int64)
            found = register_scan(
                make_scan(points, faces, unit="m"), progress=lambda text: self._check()
            )
            self._sexes[scan] = found.sex
            self._keep(
                scan, Wearer(body=found.body, measured=found.measured, warnings=found.warnings)
            )
        self._check()
        return self._wearers[scan]

    def _keep(self, key: str, wearer: Wearer) -> None:
        self._wearers[key] = wearer
        while len(self._wearers) > N_BODIES:
            del self._wearers[next(iter(self._wearers))]

    def _scan(self, command: Content) -> None:
        from fitting.errors import FittingError

        told = {"id": command["id"], "of": "scan"}
        self._progress(command["id"], 0.1, "finding the person in the scan")
        try:
            wearer = self._scanned(command["scan"], command["path"])
        except Stopped:
            self._office.tell({**told, "type": "stopped"})
        except (FittingError, ValueError, ArithmeticError, MemoryError, OSError) as error:
            self._office.tell({**told, "type": "failed", "text": str(error)})
        else:
            measures_cm = {name: m * 100 for name, m in wearer.measured.given().items()}
            found = {"scan": command["scan"], "sex": self._sexes[command["scan"]],
                     "measures_cm": measures_cm, "warnings": list(wearer.warnings)}  # fmt: skip
            self._office.tell({**told, **found, "type": "scanned"})

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

    def _sensors(self, command: Content) -> None:
        from fitting.errors import FittingError

        number, told = command["id"], {"id": command["id"], "kind": command["kind"]}
        try:
            board = self._board(number)
            if command["kind"] in SENSOR_FILES:
                self._office.tell({**told, "type": "file"}, board.file(command["kind"]))
                return
            if command["change"]:
                board.change(command["change"])
            rows = {"sensors": board.rows(), "landmarks": board.landmarks()}
            self._office.tell({**told, "type": "file"}, json.dumps(rows, allow_nan=False).encode())
        except (FittingError, ValueError, ArithmeticError, LookupError, OSError) as error:
            self._office.tell({**told, "type": "no_file", "text": str(error)})

    def _board(self, number: int) -> "SensorBoard":
        """Sensors of a fit; those of one garment share a file, so only the newest board counts."""
        fitted = self._fits.get(number)
        if fitted is None:
            raise InputError(_GONE)
        from muslin.studio.sensor_board import SensorBoard

        if number not in self._boards:
            self._boards = {number: SensorBoard(fitted)}
        return self._boards[number]

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
