"""A person who wears a sensor garment: body and tape measures, made without a word."""

from dataclasses import dataclass
from pathlib import Path

from fitting.body import Body, Measurements, Sex, body_from_measurements
from fitting.pattern import complete_measures
from muslin.screen import say, step
from muslin.tape import read_tape


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
