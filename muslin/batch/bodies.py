"""Bodies of a batch from a table: one person a row, tape measures in centimetres."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fitting.body import Measurements, Sex
from fitting.errors import MeasurementError
from muslin.errors import InputError
from muslin.folders import existing_file

MAX_BODIES = 100_000
# Waist over stature, no unit: Ashwell's shape chart changes colour at 0.5; the rest is estimated.
_BUILDS = ((0.46, "slim"), (0.54, "medium"))
_FULL = "full"
_WAISTS = ("waist_girth", "waist_navel_girth")
_OWN_COLUMNS = ("name", "sex", "type")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchBody:
    """One person of a batch.

    Attributes:
        name: Pseudonym, unique in the table.
        sex: Whose body model is meant.
        type: Body type that the summary groups by.
        measures: Tape measures.
    """

    name: str
    sex: Sex
    type: str
    measures: Measurements


def read_bodies(path: Path) -> tuple[BatchBody, ...]:
    """Read a CSV with the columns ``name``, ``sex``, ISO 8559-1 names in cm, and perhaps ``type``.

    Empty cells were not taped. Without a type it is sex and build, by waist over stature.

    Raises:
        InputError: If the table cannot be read or a row is wrong; names the line.
    """
    try:
        with existing_file(path, "bodies table").open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            _check_columns(path, rows.fieldnames)
            bodies = [_body(path, rows.line_num, row) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"bodies table {path} cannot be read: {error}") from error
    if not bodies:
        raise InputError(f"bodies table {path} has no rows")
    if len(bodies) > MAX_BODIES:
        raise InputError(f"bodies table {path} has {len(bodies)} rows, more than {MAX_BODIES}")
    names = set()
    for body in bodies:
        if body.name in names:
            raise InputError(f"bodies table {path} has the name {body.name!r} twice")
        names.add(body.name)
    return tuple(bodies)


def _check_columns(path: Path, columns: object) -> None:
    named = [str(name).strip() for name in columns] if isinstance(columns, list) else []
    missing = [name for name in ("name", "sex") if name not in named]
    if missing:
        raise InputError(f"bodies table {path} has no column {' and no column '.join(missing)}")
    if len(named) == len([name for name in named if name in _OWN_COLUMNS]):
        raise InputError(f"bodies table {path} has no column of a measure, such as bust_girth")


def _body(path: Path, line: int, row: Mapping[str | None, str | None]) -> BatchBody:
    place = f"bodies table {path}, line {line}"
    if None in row:
        raise InputError(f"{place} has more cells than the header")
    cells = {str(key).strip(): (value or "").strip() for key, value in row.items()}
    name, sex = cells["name"], cells["sex"].lower()
    if not name:
        raise InputError(f"{place} has no name")
    if sex not in ("female", "male"):
        raise InputError(f"{place}: sex is {cells['sex']!r}, wanted female or male")
    try:
        values = {key: float(v) for key, v in cells.items() if key not in _OWN_COLUMNS and v}
    except ValueError as error:
        raise InputError(f"{place}: {error}; a number of centimetres is wanted") from error
    try:
        measures = Measurements.from_cm(values)
    except MeasurementError as error:
        raise InputError(f"{place}: {error}") from error
    if not values:
        raise InputError(f"{place} has no measure")
    kind = cells.get("type") or f"{sex} {build_of(measures)}".strip()
    return BatchBody(name=name, sex=cast("Sex", sex), type=kind, measures=measures)


def build_of(measures: Measurements) -> str:
    """Build in a word by waist over stature; empty where one of them was not taped."""
    waist_m = next((w for key in _WAISTS if (w := getattr(measures, key)) is not None), None)
    if waist_m is None or measures.stature is None:
        return ""
    share = waist_m / measures.stature
    return next((word for limit, word in _BUILDS if share < limit), _FULL)
