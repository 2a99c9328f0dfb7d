"""Files of a batch: the plan, and one result a case, each written whole or not at all."""

import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from muslin.batch.case import RESULT_FORMAT, Case
from muslin.errors import InputError
from muslin.people import Taped

PLAN = "plan.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One line of the table to come.

    Attributes:
        key: Key of the case.
        body: Name of the body.
        sex: Its sex.
        type: Its body type.
        pattern: What is tried on.
        size: In which size.
        fabric: Of which fabric.
        fit_class: Judged as what.
        seed: Seed of the run.
        measures_m: Tape measures of the body [m].
    """

    key: str
    body: str
    sex: str
    type: str
    pattern: str
    size: str
    fabric: str
    fit_class: str
    seed: int
    measures_m: dict[str, float]


def plan_rows(cases: Sequence[Case], bodies: Sequence[Taped]) -> list[PlanRow]:
    """Lines of the table in the order of the request."""
    types = {body.name: body.type for body in bodies}
    return [
        PlanRow(
            key=case.key, body=case.body, sex=case.sex, type=types[case.body],
            pattern=case.style.pattern, size=case.style.size, fabric=case.style.fabric.name,
            fit_class=case.style.fit_class.name, seed=case.seed,
            measures_m=case.measures.given(),
        )
        for case in cases
    ]  # fmt: skip


class BatchFolder:
    """A folder of results, keyed by what went in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._results = folder / "results"

    def write_plan(self, rows: Sequence[PlanRow]) -> None:
        """Say what the table will hold."""
        self._results.mkdir(parents=True, exist_ok=True)
        named = [{name: getattr(row, name) for name in PlanRow.__slots__} for row in rows]
        write_whole(self.folder / PLAN, {"format": RESULT_FORMAT, "rows": named})

    def read_plan(self) -> list[PlanRow]:
        """Lines of the table to come.

        Raises:
            InputError: If the folder holds no plan that can be read.
        """
        path = self.folder / PLAN
        if self.folder.is_file():
            raise InputError(f"{self.folder} is a file; the folder of a batch is needed")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return [PlanRow(**row) for row in content["rows"]]
        except FileNotFoundError as error:
            raise InputError(
                f"{self.folder} holds no batch: {PLAN} is missing; muslin batch fit makes one"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"the plan {path} cannot be read: {error}") from error

    def result(self, key: str) -> dict[str, Any] | None:
        """Result of a case, None where it is missing or was not written by this version."""
        path = self._results / f"{key}.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        known = isinstance(content, dict) and content.get("key") == key
        return content if known and content.get("format") == RESULT_FORMAT else None

    def keep_arrays(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write arrays beside the result of a case; before it, so that a result is never alone."""
        self._results.mkdir(parents=True, exist_ok=True)
        stream, named = io.BytesIO(), cast("dict[str, Any]", dict(arrays))
        np.savez_compressed(stream, **named)
        _write_whole(self._results / f"{key}.npz", stream.getvalue())

    def arrays(self, key: str) -> dict[str, NDArray[Any]] | None:
        """Arrays beside the result of a case, None where they are missing or damaged."""
        try:
            content = io.BytesIO((self._results / f"{key}.npz").read_bytes())
            with np.load(content, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (OSError, ValueError, zipfile.BadZipFile):
            return None

    def keep(self, result: dict[str, Any]) -> None:
        """Write the result of a case."""
        self._results.mkdir(parents=True, exist_ok=True)
        write_whole(self._results / f"{result['key']}.json", result)


def write_whole(path: Path, content: dict[str, Any]) -> None:
    """Write JSON so that a reader sees the old file or the new one, whatever happens between."""
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"
    _write_whole(path, text.encode())


def _write_whole(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
