"""The fitting room: one body from tape measures, and every garment that it tries on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fitting.body import Body, Measurements, Sex, body_from_measurements
from fitting.cloth import Cloth, Fabric, garment_levels_on_body, load_fabric
from fitting.drape import PLACED_REACH_M, Drape, DrapeSettings
from fitting.drape import drape as drape_cloth
from fitting.fit import FitClass, FitMap, FitReport, fit_map, fit_report, load_fit_class
from fitting.pattern import BLOCKS, Pattern, complete_measures, draft_block, read_pattern
from muslin.errors import InputError
from muslin.folders import existing_file
from muslin.screen import say, step
from muslin.tape import read_tape

EDGE_LENGTH_M = 0.016
# What a block is meant to be; what is read from a file is judged as a casual top unless told.
_CLASS_OF_BLOCK = {
    "base_layer": "base_layer",
    "leggings": "base_layer",
    "trousers": "tailored",
    "skirt": "tailored",
    "chest_band": "sensor_band",
    "knee_sleeve": "sensor_band",
}
_USUAL_FABRIC = "cotton_jersey"
_USUAL_CLASS = "casual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Garment:
    """What is tried on.

    Attributes:
        pattern: Name of a block, else a pattern file.
        size_step: Sizes up or down; only blocks have steps.
        file_size: Size of a graded pattern file; none takes its sample size.
        fabric: Card of the fabric.
        fit_class: What it is meant to be.
        edge_length_m: Edge length of the cloth mesh.
        seed: Seed of the run.
    """

    pattern: str
    size_step: int
    fabric: Fabric
    fit_class: FitClass
    edge_length_m: float = EDGE_LENGTH_M
    seed: int = 0
    file_size: str | None = None

    @property
    def size_name(self) -> str:
        """Size in words."""
        if self.file_size is not None:
            return f"size {self.file_size}"
        if self.pattern not in BLOCKS:
            return "size of its file"
        if self.size_step == 0:
            return "drafted size"
        many = "s" if abs(self.size_step) > 1 else ""
        return f"{abs(self.size_step)} size{many} {'down' if self.size_step < 0 else 'up'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One garment on the body.

    Attributes:
        garment: What was tried on.
        title: Garment, size and fabric in words.
        body: Who wears it.
        cloth: The mesh.
        drape: Its rest.
        map: Maps of the drape.
        report: Numbers and verdicts.
    """

    garment: Garment
    title: str
    body: Body
    cloth: Cloth
    drape: Drape
    map: FitMap
    report: FitReport

    def to_json(self) -> dict[str, Any]:
        """Numbers of this fit for a program."""
        return {
            "title": self.title,
            "size_step": self.garment.size_step,
            "n_vertices": len(self.cloth.positions_m),
            **self.report.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FittingRoom:
    """A body, ready to try garments on.

    Attributes:
        body: The body.
        measures: Tape measures as given, the rest as taken on the body.
        achieved: All measures as taken on the body.
        residual_m: Achieved minus given, by measure.
        uncertainty_m: Standard deviation of every measure.
    """

    body: Body
    measures: Measurements
    achieved: Measurements
    residual_m: Mapping[str, float]
    uncertainty_m: Mapping[str, float]

    def try_on(
        self,
        garment: Garment,
        *,
        device: str = "cpu",
        placed: bool = False,
        progress: Callable[[int, float], None] | None = None,
    ) -> Fit:
        """Drape a garment on the body and judge it.

        Args:
            garment: What to try on.
            device: Where the solver runs.
            placed: As in `drape_sewn`.
            progress: Called after each solver step with its number and the velocity [m/s].

        Raises:
            FittingError: If it cannot be sewn or placed.
        """
        sewn = pattern_of(garment, self.measures)
        title = f"{sewn.name}, {garment.size_name}, {garment.fabric.name.replace('_', ' ')}"
        with step(f"place and drape {title}"):
            cloth, draped = drape_sewn(
                sewn, self.body, garment.fabric, edge_length_m=garment.edge_length_m,
                seed=garment.seed, device=device, placed=placed, progress=progress,
            )  # fmt: skip
        maps, report = judge_drape(
            cloth, draped, self.body, garment.fabric, fit_class=garment.fit_class
        )
        return Fit(
            garment=garment, title=title, body=self.body, cloth=cloth, drape=draped, map=maps,
            report=report,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Numbers of the body for a program."""
        return {
            "body_achieved_m": self.achieved.given(),
            "body_residual_m": dict(self.residual_m),
            "body_uncertainty_m": dict(self.uncertainty_m),
        }


def drape_sewn(
    sewn: Pattern,
    body: Body,
    fabric: Fabric,
    *,
    edge_length_m: float = EDGE_LENGTH_M,
    seed: int = 0,
    n_threads: int | None = None,
    device: str = "cpu",
    placed: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> tuple[Cloth, Drape]:
    """Place a pattern on a body and drape it from coarse to fine.

    Args:
        sewn: What is sewn.
        body: Who wears it.
        fabric: What it is made of.
        edge_length_m: Edge length of the cloth mesh.
        seed: Seed of the run.
        n_threads: Threads of the kernels, all cores by default; numbers do not depend on it.
        device: Where it is solved.
        placed: Whether friction pulls to where the garment is placed until it rests, so that the
            maps do not depend on the solver's way.
        progress: Called after each solver step with its number and the velocity [m/s].

    Raises:
        FittingError: If it cannot be sewn or placed.
    """
    levels = garment_levels_on_body(sewn, body, edge_length_m=edge_length_m)
    draped = drape_cloth(
        levels,
        body,
        (fabric,),
        settings=DrapeSettings(
            n_threads=n_threads, placed_reach_m=PLACED_REACH_M if placed else None
        ),
        device=device,
        rng=np.random.default_rng(seed),
        progress=progress,
    )
    return levels.finest, draped


def judge_drape(
    cloth: Cloth, draped: Drape, body: Body, fabric: Fabric, *, fit_class: FitClass
) -> tuple[FitMap, FitReport]:
    """Maps and report of a drape."""
    maps = fit_map(cloth, draped, body, (fabric,))
    return maps, fit_report(cloth, draped, body, (fabric,), maps, fit_class=fit_class)


def usual_fabric(pattern: str) -> str:
    """Card that a block is usually cut from; a jersey for pattern files."""
    return BLOCKS[pattern].fabric if pattern in BLOCKS else _USUAL_FABRIC


def usual_class(pattern: str) -> str:
    """Fit class that a block is usually judged by; casual for pattern files."""
    return _CLASS_OF_BLOCK.get(pattern, _USUAL_CLASS)


def open_fitting_room(body: Path | None) -> FittingRoom:
    """Make the body of a measures file, the demo's body when absent.

    Raises:
        InputError: If the file is not there.
        FittingError: If a measure is impossible.
    """
    measures, sex = read_tape(body)
    return fitting_room_for(measures, sex=sex)


def fitting_room_for(measures: Measurements, *, sex: Sex) -> FittingRoom:
    """Make a body from tape measures and say what a person should know about it."""
    with step("body from tape measures"):
        fitted = body_from_measurements(measures, sex=sex, progress=say)
    for warning in fitted.warnings:
        say(f"  note: {warning}")
    return FittingRoom(
        body=fitted.body,
        measures=complete_measures(measures, fitted.achieved),
        achieved=fitted.achieved,
        residual_m=fitted.residual_m,
        uncertainty_m=fitted.uncertainty_m,
    )


def choose_garment(
    pattern: str,
    *,
    size_step: int = 0,
    file_size: str | None = None,
    fabric: str | None = None,
    fit_class: str | None = None,
    edge_length_m: float = EDGE_LENGTH_M,
    seed: int = 0,
) -> Garment:
    """Resolve names before anything slow starts.

    Args:
        pattern: Name of a block, else a pattern file.
        size_step: Sizes up or down.
        file_size: Size of a graded pattern file; none takes its sample size.
        fabric: Card by name or path; the block's usual fabric when absent.
        fit_class: Fit class by name or path; the block's usual class when absent.
        edge_length_m: Edge length of the cloth mesh.
        seed: Seed of the run.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a card or class is not known.
    """
    check_edge_length(edge_length_m)
    garment = Garment(
        pattern=pattern,
        size_step=size_step,
        file_size=file_size,
        fabric=load_fabric(fabric or usual_fabric(pattern)),
        fit_class=load_fit_class(fit_class or usual_class(pattern)),
        edge_length_m=edge_length_m,
        seed=seed,
    )
    if pattern not in BLOCKS:
        pattern_of(garment, None)
    return garment


def check_edge_length(edge_length_m: float) -> None:
    """Refuse meshes that are too fine to finish, or too coarse to mean anything.

    Raises:
        InputError: If it is outside 4 mm to 5 cm.
    """
    if not 0.004 <= edge_length_m <= 0.05:
        raise InputError(f"edge length of {edge_length_m * 100:g} cm is outside 0.4 to 5 cm")


def pattern_of(
    garment: Garment, measures: Measurements | None, *, ease: Mapping[str, float] | None = None
) -> Pattern:
    """Draft the block for the measures, or read the pattern file.

    Args:
        garment: What is tried on.
        measures: Who a block is drafted for.
        ease: Changes to a block's ease, by field name.

    Raises:
        InputError: If the name is neither, or a file is asked for another size.
        FittingError: If it cannot be drafted or read.
    """
    if garment.pattern in BLOCKS:
        if measures is None:
            raise InputError(f"a {garment.pattern} is drafted from tape measures; none were given")
        return draft_block(garment.pattern, measures, ease=ease or {}, size_step=garment.size_step)
    if not Path(garment.pattern).suffix:
        raise InputError(
            f"pattern {garment.pattern!r} is no block ({', '.join(BLOCKS)}) and no file"
        )
    if garment.size_step:
        raise InputError(
            f"size step {garment.size_step:+d} was asked for, but only drafted blocks have size "
            f"steps; {garment.pattern} has the one size that its file holds"
        )
    read = read_pattern(
        existing_file(Path(garment.pattern), "pattern file"), size=garment.file_size
    )
    for warning in read.warnings:
        say(f"  note: {warning}")
    return read


def size_choice(pattern: str, size: int | str) -> tuple[int, str | None]:
    """Step of a block and size of a file that a size of the command line means.

    Raises:
        InputError: If a block is given something else than a whole number.
    """
    if pattern not in BLOCKS:
        return 0, None if str(size) == "0" else str(size)
    try:
        return int(size), None
    except ValueError as error:
        raise InputError(f"size step {size!r} of a block is no whole number") from error
