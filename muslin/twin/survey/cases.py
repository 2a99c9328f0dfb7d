"""Cases of a survey: one person in one size, draped and read; a failure is a result with a reason.

`run_case` takes and gives plain picklable data, so that any mapper can spread cases: the built-in
``map``, a process pool, or `dask.distributed`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from fitting.drape import DrapeSettings
from fitting.errors import FittingError
from fitting.pattern import Pattern
from muslin.batch.work import CaseTimeoutError, said_by, stop_after
from muslin.errors import InputError
from muslin.twin.sensors.check import check_sensors
from muslin.twin.sensors.garment import TwinGarment
from muslin.twin.sensors.requirement import Requirement
from muslin.twin.worn.person import Person
from muslin.twin.worn.reading import Reading, read_worn
from muslin.twin.worn.wear import EDGE_LENGTH_M, Worn, wear_pattern

logger = logging.getLogger(__name__)
State = Literal["read", "not drafted", "not placed", "not draped", "not at rest", "not read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One person in one size.

    Attributes:
        person: Who wears it.
        garment: The garment.
        size_step: Size step.
        pattern: Pattern of that size.
        ease: Changes to the ease that the pattern was drafted with.
        requirements: What sensors need.
        edge_length_m: Edge length of the cloth mesh.
        seed: Seed of the run.
        keep: Whether the worn garment comes back too, for a search over placements.
        timeout_s: Time after which the drape is given up; None waits for its own end.
    """

    person: Person
    garment: TwinGarment
    size_step: int
    pattern: Pattern
    requirements: Mapping[str, Requirement]
    ease: Mapping[str, float] = field(default_factory=dict)
    edge_length_m: float = EDGE_LENGTH_M
    seed: int = 0
    keep: bool = False
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What came of a case.

    Attributes:
        person: Name of the person.
        size_step: Size step.
        state: How far it came; ``read`` is the end.
        reason: Why it came no further; empty at the end.
        readings: Sensors, where it was read.
        hoop_pa: Mean pressure by tape and pattern alone, NaN where it is no tube; see
            `muslin.twin.worn.hoop`.
        wall_s: Seconds of the solve.
        worn: The worn garment, where it was asked for.
    """

    person: str
    size_step: int
    state: State
    reason: str = ""
    readings: tuple[Reading, ...] = ()
    hoop_pa: float = float("nan")
    wall_s: float = 0.0
    worn: Worn | None = None

    @property
    def works(self) -> dict[str, bool]:
        """Whether each sensor works, by name; empty where nothing was read."""
        return {reading.sensor.name: reading.works for reading in self.readings}

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program."""
        return {
            "person": self.person,
            "size_step": self.size_step,
            "state": self.state,
            "reason": self.reason,
            "hoop_pa": self.hoop_pa if np.isfinite(self.hoop_pa) else None,
            "sensors": [reading.to_json() for reading in self.readings],
        }


def run_case(case: Case) -> CaseResult:
    """Drape and read one case. Never raises for what a garment or a body can do wrong."""
    state: State = "not placed"
    try:
        worn = wear_pattern(
            case.garment,
            case.pattern,
            case.person.body,
            edge_length_m=case.edge_length_m,
            settings=DrapeSettings(n_threads=1),
            seed=case.seed,
            progress=None if case.timeout_s is None else stop_after(case.timeout_s),
        )
        if not worn.drape.converged:
            return _failed(case, "not at rest", worn.drape.cause)
        state = "not read"
        problems = [f for f in check_sensors(worn.sensors, case.pattern) if f.severity != "hint"]
        if problems:
            return _failed(case, state, "; ".join(f.sentence() for f in problems))
        readings = read_worn(worn, requirements=case.requirements)
    except CaseTimeoutError as error:
        return _failed(case, "not draped", str(error))
    except (FittingError, InputError) as error:
        return _failed(case, state, str(error))
    from muslin.twin.worn.hoop import hoop_pressure_pa

    return CaseResult(
        person=case.person.name,
        size_step=case.size_step,
        state="read",
        readings=readings,
        hoop_pa=hoop_pressure_pa(worn),
        wall_s=worn.drape.wall_s,
        worn=worn if case.keep else None,
    )


def lost_case(case: Case, error: BaseException) -> CaseResult:
    """Result of a case that no worker came back from."""
    return _failed(case, "not draped", said_by(error))


def _failed(case: Case, state: State, reason: str) -> CaseResult:
    logger.info("%s, size %+d: %s: %s", case.person.name, case.size_step, state, reason)
    return CaseResult(person=case.person.name, size_step=case.size_step, state=state, reason=reason)
