"""Put sizes or fabrics side by side: what `muslin compare` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muslin.drape import glb_extras, solver_state
from muslin.errors import Exit, InputError
from muslin.fitting_room import EDGE_LENGTH_M, Fit, choose_garment, open_fitting_room
from muslin.folders import writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say_table, step
from muslin.version import version

if TYPE_CHECKING:
    from fitting.preview import Backend, View

N_MOST = 6
_VIEWS: tuple["View", ...] = ("front", "back")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareResult:
    """What a run of `compare` made.

    Attributes:
        folder: Where the files are.
        numbers: Content of ``compare.json``.
    """

    folder: Path
    numbers: dict[str, Any]

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        if as_json:
            print_json(self.numbers)
        else:
            rows = [(fit["title"], solver_state(fit)) for fit in self.numbers["fits"]]
            files = [(name, str(self.folder / name)) for name in ("compare.png", "compare.json")]
            say_table("Compare", [*rows, *files])
        done = all(fit["converged"] for fit in self.numbers["fits"])
        return Exit.DONE if done else Exit.INCOMPLETE


def compare(
    *,
    patterns: Sequence[str] = ("tshirt",),
    body: Path | None = None,
    fabrics: Sequence[str] = (),
    sizes: Sequence[int] = (0,),
    fit_class: str | None = None,
    map_name: str = "stretch",
    backend: "Backend" = "numpy",
    edge_length_m: float = EDGE_LENGTH_M,
    out: Path = Path("compare"),
    seed: int = 0,
) -> CompareResult:
    """Drape every pattern in every size and fabric, on one sheet with one legend and camera.

    Args:
        patterns: Names of blocks or pattern files.
        body: Tape measures (TOML, cm); the demo's body when absent.
        fabrics: Fabric cards; each block's usual fabric when empty.
        sizes: Size steps.
        fit_class: Fit class, or path of one; each block's usual class when absent.
        map_name: Map that the sheet shows.
        backend: What draws the sheet.
        edge_length_m: Edge length of the cloth mesh.
        out: Folder for compare.png and compare.json.
        seed: Seed of the runs.

    Raises:
        InputError: If an option cannot be used, or there are too many pictures for one sheet.
        FittingError: If a file says something impossible.
    """
    from fitting.preview import map_style

    map_style(map_name)
    folder = writable_folder(out)
    garments = [
        choose_garment(
            pattern, size_step=size_step, fabric=fabric, fit_class=fit_class,
            edge_length_m=edge_length_m, seed=seed,
        )
        for pattern in patterns
        for fabric in (fabrics or (None,))
        for size_step in sizes
    ]  # fmt: skip
    if not 2 <= len(garments) <= N_MOST:
        raise InputError(
            f"{len(garments)} fits were asked for; one sheet holds 2 to {N_MOST}: "
            "give sizes such as -1,0,1 or several fabrics"
        )
    room = open_fitting_room(body)
    fits = [room.try_on(garment) for garment in garments]
    numbers = {
        "seed": seed,
        "software": f"muslin {version()}",
        **room.to_json(),
        "fits": [fit.to_json() for fit in fits],
    }
    with step("sheet"):
        write_comparison(folder / "compare.png", fits, map_name=map_name, backend=backend)
    write_json(folder / "compare.json", numbers)
    return CompareResult(folder=folder, numbers=numbers)


def write_comparison(
    path: Path,
    fits: Sequence[Fit],
    *,
    map_name: str,
    title: str = "",
    backend: "Backend" = "numpy",
    views: tuple["View", ...] = _VIEWS,
) -> None:
    """Write a sheet with a column for each fit, all from the same cameras, and a GLB each.

    The GLBs lie beside the picture, numbered from 1 in its order.

    Args:
        path: Picture to write.
        fits: What to show, left to right.
        map_name: Map on the garments.
        title: Written above.
        backend: What draws.
        views: A row for each.
    """
    from fitting.preview import Cell, camera_for, contact_sheet, dressed, map_style, write_glb
    from fitting.preview.sheet import crop_between

    style = map_style(map_name)
    drawn = [dressed(fit.body, fit.cloth, fit.drape, fit.map, style) for fit in fits]
    for number, (fit, meshes) in enumerate(zip(fits, drawn, strict=True), start=1):
        glb = path.with_name(f"{path.stem}_{number}.glb")
        write_glb(glb, meshes, extras=glb_extras(fit, map_name))
    heights = [meshes[1].vertices_m[:, 1] for meshes in drawn]
    low_m = max(min(float(height.min()) for height in heights) - 0.10, 0.0)
    high_m = max(float(height.max()) for height in heights) + 0.10
    # A sleeve on one leg is not in the middle of the body.
    worn_m = np.concatenate([meshes[1].vertices_m for meshes in drawn])
    middle_m = (worn_m.min(axis=0) + worn_m.max(axis=0)) / 2
    cells = []
    for i_view, view in enumerate(views):
        camera = crop_between(camera_for(view, drawn[0][:1]), low_m, high_m)
        camera.center_m[[0, 2]] = middle_m[[0, 2]]
        for fit, meshes in zip(fits, drawn, strict=True):
            first = i_view == 0
            cells.append(
                Cell(
                    title=fit.title if first else "",
                    lines=fit.report.lines() if first else (),
                    meshes=meshes,
                    camera=camera,
                    converged=fit.drape.converged if first else None,
                )
            )
    sheet = contact_sheet(
        tuple(cells), style.scale, n_columns=len(fits), title=title, backend=backend
    )
    sheet.save(path)
