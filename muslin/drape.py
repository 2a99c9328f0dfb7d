"""Drape a garment on a body and judge the fit: what `muslin drape` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muslin.errors import Exit
from muslin.fitting_room import EDGE_LENGTH_M, Fit, choose_garment, open_fitting_room, size_choice
from muslin.folders import writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say_table, step
from muslin.version import version

if TYPE_CHECKING:
    from fitting.preview import Backend


@dataclass(frozen=True, slots=True, kw_only=True)
class DrapeResult:
    """What a run of `drape` made.

    Attributes:
        folder: Where the files are.
        numbers: Content of ``fit.json``.
        reasons: Verdicts with their rules, by fit.
    """

    folder: Path
    numbers: dict[str, Any]
    reasons: tuple[tuple[str, ...], ...] = ()

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        if as_json:
            print_json(self.numbers)
        else:
            say_table("Fit", list(self._rows()))
        fits = [self.numbers, *self.numbers.get("compare", [])]
        return Exit.DONE if all(fit["converged"] for fit in fits) else Exit.INCOMPLETE

    def _rows(self) -> Sequence[tuple[str, str]]:
        """Say a fit in a few rows for a person."""
        rows: list[tuple[str, str]] = []
        fits = [self.numbers, *self.numbers.get("compare", [])]
        for fit, reasons in zip(fits, self.reasons, strict=True):
            rows += [(fit["title"], solver_state(fit)), *(("", reason) for reason in reasons)]
            rows += [("  most stretched", _worst(fit))]
        files = ("fit.png", "fit.glb", "fit.json")
        return [*rows, *((name, str(self.folder / name)) for name in files)]


def drape(
    *,
    pattern: str = "tshirt",
    body: Path | None = None,
    fabric: str | None = None,
    size: int | str = 0,
    compare: int | str | None = None,
    fit_class: str | None = None,
    map_name: str = "stretch",
    backend: "Backend" = "numpy",
    edge_length_m: float = EDGE_LENGTH_M,
    device: str = "cpu",
    placed: bool = False,
    out: Path = Path("fit"),
    seed: int = 0,
) -> DrapeResult:
    """Drape a garment on a body from tape measures, and write fit.json, fit.png, fit.glb.

    Args:
        pattern: Name of a block, which is drafted for the body; else a pattern file.
        body: Tape measures (TOML, cm); the demo's body when absent.
        fabric: Name of a fabric card, or path of one; the block's usual fabric when absent.
        size: Size step of the block, 0 as drafted; or a size of a graded file, 0 its sample size.
        compare: Second size to drape beside the first.
        fit_class: Fit class, or path of one; the block's usual class when absent.
        map_name: Map that picture and GLB show.
        backend: What draws the picture.
        edge_length_m: Edge length of the cloth mesh.
        device: ``"cpu"``, or ``"cuda"`` for an NVIDIA GPU.
        placed: Whether friction pulls to where the garment is placed until it rests.
        out: Folder for the files.
        seed: Seed of the run.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a file says something impossible, or there is no such device.
    """
    from fitting.drape.kernels import check_device
    from fitting.preview import map_style

    map_style(map_name)
    check_device(device)
    folder = writable_folder(out)
    garments = [
        choose_garment(
            pattern, size_step=size_step, file_size=file_size, fabric=fabric, fit_class=fit_class,
            edge_length_m=edge_length_m, seed=seed,
        )
        for size_step, file_size in (
            size_choice(pattern, word) for word in ([size] if compare is None else [size, compare])
        )
    ]  # fmt: skip
    room = open_fitting_room(body)
    fits = [room.try_on(garment, device=device, placed=placed) for garment in garments]
    first, *others = [fit.to_json() for fit in fits]
    numbers = {
        **first,
        "seed": seed,
        "placed": placed,
        "software": f"muslin {version()}",
        **room.to_json(),
        "compare": others,
    }
    with step("picture and GLB"):
        write_pictures(folder, fits, map_name=map_name, backend=backend)
    write_json(folder / "fit.json", numbers)
    reasons = tuple(fit.report.sentences() for fit in fits)
    return DrapeResult(folder=folder, numbers=numbers, reasons=reasons)


def write_pictures(
    folder: Path, fits: Sequence[Fit], *, map_name: str, backend: "Backend" = "numpy"
) -> None:
    """Write fit.png (one row a fit) and fit.glb (body and first garment)."""
    from fitting.preview import Row, draw_sheet, dressed, map_style, write_glb

    style = map_style(map_name)
    meshes = [dressed(fit.body, fit.cloth, fit.drape, fit.map, style) for fit in fits]
    rows = tuple(
        Row(title=fit.title, lines=fit.report.lines(), meshes=drawn, converged=fit.drape.converged)
        for fit, drawn in zip(fits, meshes, strict=True)
    )
    low_m = min(float(drawn[1].vertices_m[:, 1].min()) for drawn in meshes) - 0.12
    sheet = draw_sheet(rows, style.scale, crop_low_m=max(low_m, 0.0), backend=backend)
    sheet.save(folder / "fit.png")
    write_glb(folder / "fit.glb", meshes[0], extras=glb_extras(fits[0], map_name))


def glb_extras(fit: Fit, map_name: str) -> dict[str, Any]:
    """What a GLB says about its fit, for `muslin render`."""
    return {
        "title": fit.title,
        "lines": list(fit.report.lines()),
        "converged": fit.drape.converged,
        "map": map_name,
    }


def solver_state(fit: dict[str, Any]) -> str:
    """Whether a drape is at rest and clean, in one sentence."""
    state = "converged" if fit["converged"] else f"NOT converged: {fit['cause']}"
    return (
        f"{state}; deepest {fit['penetration_max_m'] * 1000:.2f} mm in the body, "
        f"{fit['intersections_cloth_cloth']} crossing cloth triangles"
    )


def _worst(fit: dict[str, Any]) -> str:
    """Where the cloth comes nearest to its limit."""
    regions = fit["regions"].values()
    worst = max(regions, key=lambda region: region["strain_share_max"])
    share = worst["strain_share_max"] * 100
    return f"{share:.0f} % of the fabric's limit at {worst['strain_share_max_place']}"
