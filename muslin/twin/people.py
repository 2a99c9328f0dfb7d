"""Many people from one table (CSV): a row a person, measures in centimetres.

Columns ``name`` and ``sex``, and any measures of `fitting.body.REGISTRY`; an empty cell was not
taped. Tables in the layout of ANSUR II (millimetres, ``subjectid``, ``Gender``) are read as well.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fitting.body import REGISTRY, Measurements, Sex, bodies_from_measurements
from fitting.errors import FittingError
from fitting.pattern import complete_measures
from muslin.errors import InputError
from muslin.screen import say
from muslin.twin.worn.person import Person

N_MOST = 5000
# Bodies that are solved together; more gain nothing.
_BATCH = 16
# Columns of ANSUR II that say the same as ours, and that a garment hangs on.
_ANSUR_KEYS = (
    "stature", "bust_girth", "waist_navel_girth", "hip_girth", "neck_girth", "inside_leg_height",
    "thigh_girth", "calf_girth",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Taped:
    """A row of the table.

    Attributes:
        name: Name or number.
        sex: Sex of the body.
        measures: What was taped.
    """

    name: str
    sex: Sex
    measures: Measurements


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmade:
    """A person that no body was made for.

    Attributes:
        name: Name or number.
        reason: Why, in a sentence.
    """

    name: str
    reason: str


def read_people(path: Path) -> tuple[Taped | Unmade, ...]:
    """Read a table of people; a row that makes no sense says so and stops nobody else.

    Raises:
        InputError: If the table has no people or no columns that are known.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file)
        columns = {name.strip().lower(): name for name in reader.fieldnames or () if name}
        layout = _layout(columns, path)
        people, names = list[Taped | Unmade](), set[str]()
        for i, raw in enumerate(reader):
            if i >= N_MOST:
                raise InputError(f"{path} has more than {N_MOST} people")
            row = {key: (raw.get(name) or "").strip() for key, name in columns.items()}
            made = _row(row, layout, f"row {i + 2}")
            if made.name in names:
                reason = f"row {i + 2}: the name {made.name!r} stands in the table twice"
                made = Unmade(name=f"{made.name}, row {i + 2}", reason=reason)
            names.add(made.name)
            people.append(made)
    if not people:
        raise InputError(f"{path} has no people: a header and a row for each are wanted")
    return tuple(people)


def _layout(columns: Mapping[str, str], path: Path) -> dict[str, tuple[str, float]]:
    """Column and factor to centimetres of every measure, ``mass_kg`` to kilograms."""
    if "gender" in columns and "chestcircumference" in columns:
        return {key: (cast("str", REGISTRY[key].ansur), 0.1) for key in _ANSUR_KEYS}
    known = {key: (key, 1.0) for key in columns if key in REGISTRY}
    if "sex" not in columns or not known:
        raise InputError(
            f"{path} has columns {', '.join(columns) or 'none'}; sex and measures such as stature, "
            "bust_girth, hip_girth in centimetres are wanted"
        )
    return known


def _row(
    row: Mapping[str, str], layout: Mapping[str, tuple[str, float]], where: str
) -> Taped | Unmade:
    name = row.get("name") or row.get("subjectid") or where
    sex = (row.get("sex") or row.get("gender") or "").lower()
    sex = {"f": "female", "m": "male", "w": "female"}.get(sex, sex)
    if sex not in ("female", "male"):
        return Unmade(name=name, reason=f"{where}: sex is {sex!r}, wanted female or male")
    try:
        measures = Measurements.from_cm(
            {
                key: float(row[column]) * factor
                for key, (column, factor) in layout.items()
                if row.get(column)
            }
        )
    except (ValueError, FittingError) as error:
        return Unmade(name=name, reason=f"{where}: {error}")
    if not measures.given():
        return Unmade(name=name, reason=f"{where}: nothing was taped")
    return Taped(name=name, sex=cast("Sex", sex), measures=measures)


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
