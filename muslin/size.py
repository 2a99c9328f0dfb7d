"""Recommend a size: what `muslin size` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fitting.fit.recommend import Recommendation, recommend
from fitting.pattern import BLOCKS, read_pattern
from muslin.compare import write_comparison
from muslin.errors import Exit, InputError
from muslin.fitting_room import EDGE_LENGTH_M, choose_garment, open_fitting_room, size_choice
from muslin.folders import existing_file, writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say, say_table, step
from muslin.version import version

if TYPE_CHECKING:
    from fitting.preview import Backend

STEPS = (-2, -1, 0, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeResult:
    """What a run of `size` made.

    Attributes:
        folder: Where the files are.
        numbers: Content of ``size.json``.
        recommendation: The answer.
        converged: Whether every drape came to rest.
    """

    folder: Path
    numbers: dict[str, Any]
    recommendation: Recommendation
    converged: bool

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result, and choose the exit code: 1 when no size fits."""
        if as_json:
            print_json(self.numbers)
        else:
            say_table("Size", list(self._rows()))
            say(self.recommendation.because)
        if not self.converged:
            return Exit.INCOMPLETE
        return Exit.DONE if self.recommendation.best is not None else Exit.FAILED

    def _rows(self) -> Sequence[tuple[str, str]]:
        rows = []
        for size in self.recommendation.sizes:
            mark = "<- take this" if size.name == self.recommendation.best else ""
            state = "fits" if size.fits else "does not fit"
            why = f"; {size.limiting} {size.reason}" if size.limiting else ""
            rows.append((size.name, f"{state}, {size.probability:.0%} sure {mark}{why}"))
        nothing = f"{self.recommendation.none_fits_probability:.0%}"
        files = [(name, str(self.folder / name)) for name in ("size.png", "size.json")]
        return [*rows, ("no size fits", nothing), *files]


def size(
    *,
    pattern: str = "tshirt",
    body: Path | None = None,
    fabric: str | None = None,
    sizes: Sequence[int | str] = (),
    fit_class: str | None = None,
    map_name: str = "ease",
    backend: "Backend" = "numpy",
    edge_length_m: float = EDGE_LENGTH_M,
    out: Path = Path("size"),
    seed: int = 0,
) -> SizeResult:
    """Drape a size run on one body and recommend a size; writes size.json and size.png.

    Args:
        pattern: Name of a block, or a graded pattern file.
        body: Tape measures (TOML, cm); the demo's body when absent.
        fabric: Fabric card; the block's usual fabric when absent.
        sizes: Size steps of a block, -2 to 2 when empty; sizes of a file, smallest first, all of
            them when empty.
        fit_class: Fit class, or path of one; the block's usual class when absent.
        map_name: Map that the sheet shows.
        backend: What draws the sheet.
        edge_length_m: Edge length of the cloth mesh.
        out: Folder for the files.
        seed: Seed of the run and of the tape's errors.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a file says something impossible.
    """
    from fitting.preview import map_style

    map_style(map_name)
    run = size_run(pattern, sizes)
    folder = writable_folder(out)
    garments = [
        choose_garment(
            pattern, size_step=size_step, file_size=file_size, fabric=fabric, fit_class=fit_class,
            edge_length_m=edge_length_m, seed=seed,
        )
        for size_step, file_size in run
    ]  # fmt: skip
    room = open_fitting_room(body)
    fits = [room.try_on(garment) for garment in garments]
    answer = recommend(
        {fit.garment.size_name: fit.report for fit in fits},
        uncertainty_m=room.uncertainty_m,
        rng=np.random.default_rng(seed),
    )
    numbers = {
        **answer.to_json(),
        "pattern": pattern,
        "fit_class": garments[0].fit_class.name,
        "seed": seed,
        "software": f"muslin {version()}",
        **room.to_json(),
        "fits": [fit.to_json() for fit in fits],
    }
    with step("sheet"):
        write_comparison(
            folder / "size.png", fits, map_name=map_name, title=answer.because, backend=backend
        )
    write_json(folder / "size.json", numbers)
    converged = all(fit.drape.converged for fit in fits)
    return SizeResult(folder=folder, numbers=numbers, recommendation=answer, converged=converged)


def size_run(pattern: str, sizes: Sequence[int | str]) -> list[tuple[int, str | None]]:
    """Step of a block and size of a file, of every size of the run, smallest first.

    Raises:
        InputError: If there are less than two.
        FittingError: If the file cannot be read, or lacks a size.
    """
    run: list[tuple[int, str | None]]
    if pattern in BLOCKS:
        run = sorted({size_choice(pattern, size) for size in sizes or STEPS})
    else:
        known = _sizes_of_file(pattern)
        wanted = [str(size) for size in sizes] or known
        for size in wanted:
            if size not in known:
                raise InputError(f"{pattern} has no size {size!r}; it has {', '.join(known)}")
        run = [(0, size) for size in known if size in wanted]
    if len(run) < 2:
        raise InputError(f"a size run needs at least two sizes; {len(run)} was given")
    return run


def _sizes_of_file(pattern: str) -> list[str]:
    """Sizes of a graded file, smallest first: by their numbers where all are numbers."""
    if not Path(pattern).suffix:
        raise InputError(f"pattern {pattern!r} is no block ({', '.join(BLOCKS)}) and no file")
    known = list(read_pattern(existing_file(Path(pattern), "pattern file")).sizes)
    if len(known) < 2:
        raise InputError(f"{pattern} holds one size; a size run needs a graded file or a block")
    if all(size.isdigit() for size in known):
        known.sort(key=int)
    return known
