"""Pictures of a fit that was saved as GLB: what `muslin render` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from muslin.errors import Exit, InputError
from muslin.folders import existing_file, writable_folder
from muslin.screen import print_json, say, say_table, step

if TYPE_CHECKING:
    from PIL import Image

    from fitting.preview import Backend, MapStyle, PaintedMesh

ALL_VIEWS = (
    "front", "three_quarter", "left", "quarter_back_left",
    "back", "quarter_back_right", "right", "quarter_right",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderResult:
    """Pictures that `render` wrote.

    Attributes:
        files: Pictures.
        backend: What drew them.
        converged: Whether the drape was at rest, as its file says.
    """

    files: tuple[Path, ...]
    backend: str
    converged: bool | None

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result, and choose the exit code."""
        numbers = {
            "files": [str(path) for path in self.files],
            "backend": self.backend,
            "converged": self.converged,
        }
        if as_json:
            print_json(numbers)
        else:
            say_table("Pictures", [(path.name, str(path)) for path in self.files])
        return Exit.INCOMPLETE if self.converged is False else Exit.DONE


def render(
    fit: Path,
    *,
    map_name: str | None = None,
    views: Sequence[str] = ALL_VIEWS,
    low: float | None = None,
    high: float | None = None,
    n_turntable: int = 0,
    flat: bool = False,
    backend: "Backend" = "auto",
    width_px: int = 800,
    height_px: int = 1000,
    out: Path | None = None,
) -> RenderResult:
    """Draw a fit that `drape` saved.

    One view gives one picture of the given size; several give a contact sheet.

    Args:
        fit: GLB file of a drape.
        map_name: Map to show; what the file shows when absent.
        views: Directions.
        low: Lower end of the colour range, in the legend's unit.
        high: Upper end of the same.
        n_turntable: Pictures of a turn, written as an animated PNG beside; none when 0.
        flat: Draw colours without shading.
        backend: What draws; ``auto`` takes the first that works here.
        width_px: Width of a picture.
        height_px: Height of a picture.
        out: Picture to write; beside the file when absent.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If the file is no fit, or a backend is not usable here.
    """
    from fitting.preview import View, camera_for, read_glb
    from fitting.preview.render import backend_here

    if not 16 <= width_px <= 8000 or not 16 <= height_px <= 8000:
        raise InputError(f"{width_px} x {height_px} pixels are outside 16 to 8000")
    if n_turntable and not 4 <= n_turntable <= 360:
        raise InputError(f"a turntable of {n_turntable} pictures is outside 4 to 360")
    unknown = [view for view in views if view not in get_args(View)]
    if unknown or not views:
        raise InputError(
            f"view {(unknown or [''])[0]!r} is not known; known are {', '.join(get_args(View))}"
        )
    meshes, extras = read_glb(existing_file(fit, "GLB file"))
    name = map_name or str(extras.get("map", "stretch"))
    painted, style = _painted(meshes, name, low, high)
    target = fit.with_name(f"{fit.stem}_{name}.png") if out is None else out
    writable_folder(target.parent)
    chosen = backend_here(backend)
    with step(f"{len(views)} pictures by {chosen}"):
        sheet = _sheet(painted, style, views, extras, (width_px, height_px), chosen, flat=flat)
        _save(sheet, target)
    files = [target]
    if n_turntable:
        files.append(target.with_name(f"{target.stem}_turn.png"))
        with step(f"turntable of {n_turntable} pictures"):
            from fitting.preview import write_turntable

            write_turntable(
                files[1], painted, camera_for("front", painted), scale=style.scale,
                n_pictures=n_turntable, backend=chosen, flat=flat,
            )  # fmt: skip
    converged = extras.get("converged")
    if converged is False:
        say("this drape did not converge: the picture shows no state of rest")
    return RenderResult(files=tuple(files), backend=chosen, converged=converged)


def _painted(
    meshes: tuple["PaintedMesh", ...], name: str, low: float | None, high: float | None
) -> tuple[tuple["PaintedMesh", ...], "MapStyle"]:
    """Meshes with the map on what carries its numbers."""
    from fitting.preview import map_style, paint

    style = map_style(name, low=low, high=high)
    if not any(mesh.numbers for mesh in meshes):
        raise InputError("the file holds no garment with numbers; `muslin drape` writes such files")
    return tuple(paint(mesh, style) if mesh.numbers else mesh for mesh in meshes), style


def _sheet(
    meshes: tuple["PaintedMesh", ...],
    style: "MapStyle",
    views: Sequence[Any],
    extras: dict[str, Any],
    size_px: tuple[int, int],
    backend: "Backend",
    *,
    flat: bool,
) -> "Image.Image":
    """One large picture, or all views with one legend."""
    from fitting.preview import Cell, camera_for, contact_sheet

    lines = tuple(str(line) for line in extras.get("lines", ()))
    title = str(extras.get("title", ""))
    alone = len(views) == 1
    width_px, height_px = size_px if alone else (size_px[0] // 2, size_px[1] // 2)
    cells = []
    for i, view in enumerate(views):
        camera = camera_for(view, meshes)
        cells.append(
            Cell(
                title=view.replace("_", " ") if not alone else title,
                lines=lines if alone else (),
                meshes=meshes,
                camera=camera,
                converged=extras.get("converged") if i == 0 else None,
            )
        )
    heading = "" if alone else "; ".join([title, *lines[:1]])
    return contact_sheet(
        tuple(cells), style.scale, n_columns=4, title=heading,
        cell_width_px=width_px, cell_height_px=height_px, backend=backend, flat=flat,
    )  # fmt: skip


def _save(sheet: "Image.Image", path: Path) -> None:
    """Save by the file's ending.

    Raises:
        InputError: If no picture format has that ending.
    """
    try:
        sheet.save(path)
    except ValueError as error:
        raise InputError(f"no picture format ends in {path.suffix!r}; .png is best") from error
