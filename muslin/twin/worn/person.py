"""People who wear a sensor garment: body and tape measures, made without a word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fitting.body import (
    Body,
    Measurements,
    Sex,
    bodies_from_measurements,
    body_from_measurements,
)
from fitting.errors import FittingError
from fitting.pattern import complete_measures
from muslin.people import Taped, Unmade
from muslin.screen import say, step
from muslin.tape import read_tape

# Bodies that are solved together; more gain nothing.
_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who wears it.

    Attributes:
        name: Name or number.
        body: The body, in the A stance.
        measures: What was taped, completed by what the body measures.
        sex: Sex that the body was made for.
        reachable: Whether the body meets every tape.
    """

    name: str
    body: Body
    measures: Measurements
    sex: Sex
    reachable: bool = True


def person_of(file: Path | None) -> Person:
    """The person of a measures file, the demo's when absent.

    Raises:
        InputError: If the file is not there.
        FittingError: If a measure is impossible.
    """
    measures, sex = read_tape(file)
    with step("body from tape measures"):
        fitted = body_from_measurements(measures, sex=sex, progress=say)
    return Person(
        name="demo" if file is None else file.stem, body=fitted.body, sex=sex,
        reachable=fitted.reachable,
        measures=complete_measures(measures, fitted.achieved),
    )  # fmt: skip


def make_people(taped: Sequence[Taped | Unmade]) -> Iterator[Person | Unmade]:
    """Bodies for a table of people, in its order within each sex.

    Args:
        taped: Rows of the table.
    """
    yield from (row for row in taped if isinstance(row, Unmade))
    for sex in ("female", "male"):
        rows = [row for row in taped if isinstance(row, Taped) and row.sex == sex]
        for first in range(0, len(rows), _BATCH):
            yield from _bodies(rows[first : first + _BATCH], cast("Sex", sex))


def _bodies(rows: Sequence[Taped], sex: Sex) -> Iterator[Person | Unmade]:
    try:
        fits = bodies_from_measurements([row.measures for row in rows], sex=sex, progress=say)
    except FittingError as error:
        if len(rows) > 1:
            # One of them cannot be made; the others shall not suffer.
            for row in rows:
                yield from _bodies([row], sex)
            return
        yield Unmade(name=rows[0].name, reason=str(error))
        return
    for row, fit in zip(rows, fits, strict=True):
        yield Person(
            name=row.name, body=fit.body, sex=sex, reachable=fit.reachable,
            measures=complete_measures(row.measures, fit.achieved),
        )  # fmt: skip
