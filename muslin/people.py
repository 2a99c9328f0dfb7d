"""Many people from one table (CSV): a row a person, measures in centimetres.

Columns ``name``, ``sex``, perhaps ``type``, and any measures of `fitting.body.REGISTRY`; an empty
cell was not taped. Tables in the layout of ANSUR II (millimetres, ``SubjectId``, ``Gender``) are
read as well. Who reads decides what a bad row is: `twin survey` goes on, `batch fit` refuses.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fitting.body import REGISTRY, Measurements, Sex, check_measure_names
from fitting.errors import MeasurementError
from muslin.errors import InputError
from muslin.folders import existing_file

N_MOST_PEOPLE = 5000
_OWN_COLUMNS = ("name", "sex", "type")
_SEXES: dict[str, Sex] = {
    "female": "female", "male": "male", "f": "female", "m": "male", "w": "female",
}  # fmt: skip
# Columns of ANSUR II that say the same as ours, and that a garment hangs on.
_ANSUR_KEYS = (
    "stature", "bust_girth", "waist_navel_girth", "hip_girth", "neck_girth", "inside_leg_height",
    "thigh_girth", "calf_girth",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Taped:
    """A row of the table.

    Attributes:
        name: Pseudonym, unique in the table.
        sex: Sex of the body.
        measures: What was taped.
        type: Body type that a summary groups by; empty when the table has none.
    """

    name: str
    sex: Sex
    measures: Measurements
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmade:
    """A person that no body is made for.

    Attributes:
        name: Pseudonym, or the line of a row without one.
        reason: Why, in a sentence that starts with the line.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where a table keeps what is read of it.

    Attributes:
        name: Column of the name.
        sex: Column of the sex.
        measures: Column and factor to centimetres of every measure, ``mass_kg`` to kilograms.
    """

    name: str
    sex: str
    measures: dict[str, tuple[str, float]]


def read_people(path: Path, *, n_most: int = N_MOST_PEOPLE) -> tuple[Taped | Unmade, ...]:
    """Read a table of people; a row that makes no sense says so and stops nobody else.

    Args:
        path: The table.
        n_most: People that it may have.

    Raises:
        InputError: If the table cannot be read, has no people or too many, or if its columns are
            not those of people.
    """
    people, names = list[Taped | Unmade](), set[str]()
    try:
        # The names of some tables are in older encodings; none of their numbers is.
        with existing_file(path, "table of people").open(
            encoding="utf-8-sig", errors="replace", newline=""
        ) as file:
            rows = csv.DictReader(file)
            columns = {name.strip().lower(): name for name in rows.fieldnames or () if name}
            layout = _layout(path, columns)
            for row in rows:
                if len(people) >= n_most:
                    raise InputError(f"{path} has more than {n_most} people")
                made = _person(f"line {rows.line_num}", row, columns, layout)
                if made.name in names:
                    made = Unmade(
                        name=f"{made.name}, line {rows.line_num}",
                        reason=f"line {rows.line_num}: the name {made.name!r} stands in it twice",
                    )
                names.add(made.name)
                people.append(made)
    except csv.Error as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    if not people:
        raise InputError(f"{path} has no people: a header and a row for each are wanted")
    return tuple(people)


def _layout(path: Path, columns: Mapping[str, str]) -> _Layout:
    if "gender" in columns and "chestcircumference" in columns:
        measures = {key: (cast("str", REGISTRY[key].ansur), 0.1) for key in _ANSUR_KEYS}
        return _Layout(name="subjectid", sex="gender", measures=measures)
    taped = [name for name in columns if name not in _OWN_COLUMNS]
    if "name" not in columns or "sex" not in columns or not taped:
        raise InputError(
            f"{path} has the columns {', '.join(columns) or 'none'}; name, sex and measures such "
            "as stature, bust_girth, hip_girth in centimetres are wanted"
        )
    try:
        check_measure_names(taped)
    except MeasurementError as error:
        raise InputError(f"{path}: {error}") from error
    return _Layout(name="name", sex="sex", measures={key: (key, 1.0) for key in taped})


def _person(
    line: str, row: Mapping[str | None, str | None], columns: Mapping[str, str], layout: _Layout
) -> Taped | Unmade:
    cells = {key: (row.get(name) or "").strip() for key, name in columns.items()}
    name, sex = cells.get(layout.name, ""), cells[layout.sex]
    if not name:
        return Unmade(name=line, reason=f"{line}: there is no name")
    if None in row:
        return Unmade(name=name, reason=f"{line} has more cells than the header")
    if sex.lower() not in _SEXES:
        return Unmade(name=name, reason=f"{line}: sex is {sex!r}, wanted female or male")
    measures = _measures(cells, layout)
    if isinstance(measures, str):
        return Unmade(name=name, reason=f"{line}: {measures}")
    return Taped(name=name, sex=_SEXES[sex.lower()], measures=measures, type=cells.get("type", ""))


def _measures(cells: Mapping[str, str], layout: _Layout) -> Measurements | str:
    """What was taped, or what is wrong with it."""
    taped_cm = dict[str, float]()
    for key, (column, factor) in layout.measures.items():
        if cell := cells.get(column):
            try:
                taped_cm[key] = float(cell) * factor
            except ValueError:
                return f"{column} is {cell!r}, wanted a number"
    if not taped_cm:
        return "nothing was taped"
    try:
        return Measurements.from_cm(taped_cm)
    except MeasurementError as error:
        return str(error)
