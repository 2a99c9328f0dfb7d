"""Bodies of a batch from a table of people: every row must be right, and has a body type."""

from dataclasses import replace
from pathlib import Path

from fitting.body import Measurements
from muslin.errors import InputError
from muslin.people import Taped, Unmade, read_people

MAX_BODIES = 100_000
# Waist over stature, no unit: Ashwell's shape chart changes colour at 0.5; the rest is estimated.
_BUILDS = ((0.46, "slim"), (0.54, "medium"))
_FULL = "full"
_WAISTS = ("waist_girth", "waist_navel_girth")


def read_bodies(path: Path) -> tuple[Taped, ...]:
    """Read a table of people, see `muslin.people`; without a type it is sex and build.

    Raises:
        InputError: If the table cannot be read or a row is wrong; names the line.
    """
    bodies = list[Taped]()
    for row in read_people(path, n_most=MAX_BODIES):
        if isinstance(row, Unmade):
            raise InputError(f"table of people {path}, {row.reason}")
        kind = row.type or f"{row.sex} {build_of(row.measures)}".strip()
        bodies.append(replace(row, type=kind))
    return tuple(bodies)


def build_of(measures: Measurements) -> str:
    """Build in a word by waist over stature; empty where one of them was not taped."""
    waist_m = next((w for key in _WAISTS if (w := getattr(measures, key)) is not None), None)
    if waist_m is None or measures.stature is None:
        return ""
    share = waist_m / measures.stature
    return next((word for limit, word in _BUILDS if share < limit), _FULL)
