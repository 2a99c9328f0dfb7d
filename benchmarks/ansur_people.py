"""Read the people of a body survey in the layout of ANSUR II, and part them fairly.

Whoever reads this parts people by their own number, so that those whom the shipped prior was learnt
from are never those it is judged on, whatever the file or its order.
"""

import csv
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fitting.body.registry import MEASURES

COLUMNS = {m.key: m.ansur for m in MEASURES if m.ansur}
JUDGED_OF_5 = 2


@dataclass(frozen=True)
class People:
    """People of one sex: `table` (n_people, n_columns) in m and kg, by the keys of `COLUMNS`."""

    ids: list[str]
    table: np.ndarray

    def column(self, key: str) -> np.ndarray:
        return self.table[:, list(COLUMNS).index(key)]

    def part(self, chosen: np.ndarray) -> "People":
        return People([self.ids[i] for i in np.flatnonzero(chosen)], self.table[chosen])


def is_judged(person: str) -> bool:
    """Whether a person is kept for judging, never for learning."""
    return zlib.crc32(person.encode()) % 5 < JUDGED_OF_5


def read_people(folder: Path, sex: str) -> People:
    """All people of a sex in every CSV file of a folder."""
    ids, rows = [], []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="latin-1", newline="") as file:
            for raw in csv.DictReader(file):
                row = {key.lower().strip("\ufeffï»¿"): value for key, value in raw.items() if key}
                if row.get("gender", "").strip().lower() != sex:
                    continue
                scale = dict.fromkeys(COLUMNS.values(), 0.001) | {"weightkg": 0.1}
                ids.append(row.get("subjectid") or f"{path.name}:{len(ids)}")
                rows.append([float(row[c]) * scale[c] for c in COLUMNS.values()])
    if not rows:
        raise SystemExit(f"no {sex} people in {folder}: CSV files of ANSUR II's layout are wanted")
    return People(ids, np.array(rows))


def learning(people: People) -> People:
    return people.part(np.array([not is_judged(person) for person in people.ids]))


def judged(people: People) -> People:
    return people.part(np.array([is_judged(person) for person in people.ids]))
