"""Drapes garments in a process of its own; `python -m` runs it. Bodies and engine stay warm.

Commands: ``fit`` (body, garment, drape, maps), ``file`` (GLB or sheet of a fit), ``stop``.
"""

import io
import queue
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muslin.studio.fit_maps import MAPS
from muslin.studio.fitted import Fitted, Wish, mesh_of, preview_of, summary_of
from muslin.studio.pipe import Content, Office

if TYPE_CHECKING:
    from fitting.body import BodyFit

N_KEPT = 6
N_BODIES = 4
_STEPS_LIKELY = 150.0


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
            if command["do"] == "fit":
                self._stop.clear()
                self._fit(command)
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
        except (FittingError, ValueError, ArithmeticError, MemoryError) as error:
            self._office.tell({"type": "failed", "id": number, "text": str(error)})

    def _fitted(self, number: int, wish: Wish) -> Fitted:
        from fitting.body import pose_body
        from fitting.cloth import load_fabric
        from fitting.cloth.place import garment_levels_on_body
        from fitting.drape import DrapeSettings
        from fitting.drape import drape as drape_cloth
        from fitting.fit import fit_map, fit_report

        self._progress(number, 0.02, "body from tape measures")
        body_fit = self._body(wish)
        body = body_fit.body if wish.pose == "a" else pose_body(body_fit.body, wish.pose)
        self._progress(number, 0.12, "sewing the garment together")
        fabric = load_fabric(wish.fabric)
        garment = garment_levels_on_body(
            wish.pattern_for(body_fit), body, edge_length_m=wish.edge_m
        )
        self._check()
        preview = {"type": "preview", "id": number, "summary": {"id": number, "is_preview": True}}
        self._office.tell(preview, preview_of(garment.finest, body))

        def progress(i_step: int, velocity_m_s: float) -> None:
            self._check()
            share = 0.2 + 0.7 * (1 - np.exp(-i_step / _STEPS_LIKELY))
            text = f"step {i_step}, cloth moves at {velocity_m_s * 1000:.1f} mm/s"
            self._progress(number, float(share), text)

        draped = drape_cloth(
            garment, body, (fabric,), settings=DrapeSettings(), rng=np.random.default_rng(0),
            progress=progress,
        )  # fmt: skip
        self._progress(number, 0.93, "maps and verdict")
        cloth = garment.finest
        fit = fit_map(cloth, draped, body, (fabric,))
        report = fit_report(cloth, draped, body, (fabric,), fit)
        self._check()
        return Fitted(
            wish=wish, body=body, body_fit=body_fit, cloth=cloth, drape=draped, map=fit,
            report=report,
        )  # fmt: skip

    def _body(self, wish: Wish) -> "BodyFit":
        from fitting.body import Measurements, body_from_measurements

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

    def _file(self, command: Content) -> None:
        number, kind = command["id"], command["kind"]
        fitted = self._fits.get(number)
        told = {"id": number, "kind": kind}
        if fitted is None:
            text = "this fit was made before the worker started anew; drape it again"
            self._office.tell({**told, "type": "no_file", "text": text})
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

    numbers = {
        f"{m.name}_{m.unit}".replace("%", "pct").replace("/", "_"): m.values(
            fitted.map, fitted.report, fitted.cloth
        )
        for m in MAPS
    }
    meshes = fitted.painted(MAPS[0], numbers=numbers)
    with tempfile.TemporaryDirectory(prefix="muslin-fit-") as folder:
        path = Path(folder) / "fit.glb"
        write_glb(path, meshes)
        return path.read_bytes()


def _sheet(fitted: Fitted) -> bytes:
    """Three views under the pressure map, as a PNG."""
    from fitting.preview import Row, draw_sheet

    row = Row(
        title=fitted.title, lines=fitted.report.lines(), meshes=fitted.painted(MAPS[0]),
        converged=fitted.drape.converged,
    )  # fmt: skip
    low_m = float(fitted.drape.positions_m[:, 1].min()) - 0.12
    image: Any = draw_sheet((row,), MAPS[0].scale, crop_low_m=max(low_m, 0.0))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _load() -> None:
    """Import and compile what a drape needs while nobody waits yet."""
    import fitting.body
    import fitting.cloth.place
    import fitting.drape
    import fitting.fit
    import fitting.preview  # noqa: F401


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
