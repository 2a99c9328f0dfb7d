"""Results of a survey's cases as files: numbers as JSON, a drape that is kept as arrays.

The mesh of a kept drape is not written: the same pattern and body give the same mesh again.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.cloth import garment_levels_on_body
from fitting.drape import Drape
from fitting.pattern import garmentcode_from_pattern
from muslin.batch.case import RESULT_FORMAT, digest_of
from muslin.batch.sources import code_digest
from muslin.twin.sensors.grip import gripping
from muslin.twin.sensors.requirement import requirement_for
from muslin.twin.sensors.sensor import Sensor
from muslin.twin.survey.cases import Case, CaseResult
from muslin.twin.worn.reading import READ_NUMBERS, Reading, judge
from muslin.twin.worn.wear import Worn
from muslin.version import version

# What a result follows from, between the inputs of a case and its file.
CODE_ROOTS = ("fitting", "muslin.batch.work", "muslin.twin")
_ARRAYS = ("positions_m", "contact_force_n", "hold_force_n", "anchors_m")
# Bodies are solved together, so one measure may differ in its last digits with the company.
_DECIMALS_M = 5


def case_key(case: Case) -> str:
    """Hash of everything that changes what is read, and of the code; names of people aside."""
    measures = case.person.measures.given()
    fabric = case.garment.fabric
    return digest_of(
        {
            "format": RESULT_FORMAT,
            "version": version(),
            "code": code_digest(CODE_ROOTS),
            "sex": case.person.sex,
            "measures": {name: round(value, _DECIMALS_M) for name, value in measures.items()},
            "sewn": garmentcode_from_pattern(case.pattern),
            "fabric": asdict(fabric) | {"provenance": dict(fabric.provenance)},
            "grip": _plain(case.garment.grip),
            "sensors": [_plain(plan) for plan in case.garment.plans],
            "requirements": {name: _plain(r) for name, r in case.requirements.items()},
            "edge_length_m": case.edge_length_m,
            "seed": case.seed,
            "keep": case.keep,
        }
    )


def _plain(value: Any) -> Any:
    """Dataclasses, mappings and arrays as plain JSON."""
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def stored_result(key: str, case: Case, result: CaseResult) -> dict[str, Any]:
    """Content of a result's file; no times, so that it is the same however it was run."""
    drape = None if result.worn is None else _drape_numbers(result.worn.drape)
    return {
        "format": RESULT_FORMAT,
        "key": key,
        "seed": case.seed,
        **result.to_json(),
        "sensors": [
            reading.to_json()
            | {"points_m": reading.sensor.points_m.tolist(), "axis": list(reading.sensor.axis)}
            for reading in result.readings
        ],
        "drape": drape,
    }


def drape_arrays(worn: Worn) -> dict[str, NDArray[np.float64]]:
    """Arrays of a drape, by field."""
    return {name: getattr(worn.drape, name) for name in _ARRAYS}


def _drape_numbers(drape: Drape) -> dict[str, Any]:
    return {
        item.name: getattr(drape, item.name)
        for item in fields(drape)
        if item.name not in (*_ARRAYS, "wall_s")
    }


def restored_result(
    content: Mapping[str, Any], case: Case, arrays: Mapping[str, NDArray[Any]] | None
) -> CaseResult | None:
    """A result from its files; None where the kept drape is not one of the case's mesh.

    Args:
        content: What `stored_result` made of the same case.
        case: The case.
        arrays: Of `drape_arrays`, where the worn garment was kept.
    """
    worn = None if arrays is None else _worn(content["drape"], case, arrays)
    if worn is not None and len(worn.cloth.positions_m) != len(worn.drape.positions_m):
        return None
    return CaseResult(
        person=case.person.name,
        size_step=case.size_step,
        state=content["state"],
        reason=content["reason"],
        readings=tuple(_reading(row, case) for row in content["sensors"]),
        hoop_pa=_number(content["hoop_pa"]),
        worn=worn,
    )


def _reading(row: Mapping[str, Any], case: Case) -> Reading:
    plan = next(plan for plan in case.garment.plans if plan.name == row["name"])
    sensor = Sensor(
        name=plan.name, kind=plan.kind, panel=row["panel"],
        points_m=np.array(row["points_m"]), axis=(row["axis"][0], row["axis"][1]),
        channels=plan.channels, requirement=plan.requirement, width_m=plan.width_m,
        mass_kg=plan.mass_kg,
    )  # fmt: skip
    found = {name: _number(row[name], otherwise=np.inf) for name in READ_NUMBERS}
    wanted = requirement_for(plan.requirement, plan.kind, case.requirements)
    return Reading(
        sensor=sensor, point_m=np.array(row["point_m"]), normal=np.array(row["normal"]),
        landmark=row["landmark"], landmark_m=row["landmark_m"], place=row["place"],
        segment=row["segment"], gap_m=row["gap_m"], laplace_pa=row["laplace_pa"],
        judgements=judge(found, wanted), requirement="" if wanted is None else wanted.name,
        converged=True, **found,
    )  # fmt: skip


def _number(value: float | None, *, otherwise: float = float("nan")) -> float:
    """JSON knows neither infinity nor NaN; what stands in their place is null."""
    return otherwise if value is None else value


def _worn(numbers: Mapping[str, Any], case: Case, arrays: Mapping[str, NDArray[Any]]) -> Worn:
    levels, _ = gripping(
        garment_levels_on_body(case.pattern, case.person.body, edge_length_m=case.edge_length_m),
        case.garment.fabric,
        case.garment.grip,
    )
    return Worn(
        garment=case.garment, body=case.person.body, pattern=case.pattern, cloth=levels.finest,
        drape=Drape(**arrays, **numbers, wall_s=0.0), fabric=case.garment.fabric,
    )  # fmt: skip
