"""Cases of a survey over the workers of a batch: kept, resumed, the same wherever they ran."""

import json
import os
import sys
from dataclasses import replace

import numpy as np
import pytest

from fitting.body import Measurements
from muslin.cli import run_command
from muslin.errors import InputError
from muslin.people import Taped
from muslin.twin import load_requirements, twin_garment
from muslin.twin.survey.case_file import case_key, restored_result, stored_result
from muslin.twin.survey.case_runs import CaseRuns, case_mapper
from muslin.twin.survey.cases import Case, CaseResult, lost_case, run_case
from muslin.twin.survey.survey import survey_people
from muslin.twin.worn.person import make_people
from muslin.twin.worn.reading import read_worn

BODIES = "name,sex,stature,bust_girth,hip_girth\nann,female,163,90,98\nbob,male,178,100,99\n"
LIMIT_S = 240


@pytest.fixture(scope="module")
def ann():
    taped = Taped(name="ann", sex="female", measures=Measurements(stature=1.63, bust_girth=0.9))
    (person,) = make_people([taped])
    return person


def case_of(who, **changes):
    band = twin_garment("chest_band")
    case = Case(
        person=who, garment=band, size_step=0, pattern=band.draft(who.measures),
        requirements=load_requirements(), edge_length_m=0.02,
    )  # fmt: skip
    return replace(case, **changes)


def test_a_key_knows_what_changes_a_reading_and_nothing_else(ann):
    key = case_key(case_of(ann))
    band = twin_garment("chest_band")
    fewer = replace(band, plans=band.plans[:1])
    assert case_key(case_of(replace(ann, name="other"))) == key
    assert case_key(case_of(ann, timeout_s=3.0)) == key
    for changed in (
        {"seed": 1}, {"edge_length_m": 0.01}, {"garment": fewer}, {"requirements": {}},
        {"pattern": band.draft(ann.measures, size_step=1)}, {"keep": True},
        {"person": replace(ann, measures=replace(ann.measures, bust_girth=0.91))},
    ):  # fmt: skip
        assert case_key(case_of(ann, **changed)) != key


def test_a_failure_comes_back_from_its_file(ann):
    case = case_of(ann)
    failed = lost_case(case, RuntimeError("killed\n twice"))
    assert (failed.state, failed.reason) == ("not draped", "killed twice")
    content = json.loads(json.dumps(stored_result("k", case, failed), allow_nan=False))
    assert restored_result(content, case, None).to_json() == failed.to_json()


def test_a_drape_that_takes_too_long_is_a_failure(ann):
    result = run_case(case_of(ann, timeout_s=1e-6))
    assert result.state == "not draped"
    assert "not at rest within" in result.reason


@pytest.fixture(scope="module")
def worn_folder(ann, tmp_path_factory):
    """A case that was run once and kept with its drape."""
    folder = tmp_path_factory.mktemp("kept")
    with case_mapper(CaseRuns(folder=folder, n_workers=1)) as mapper:
        (result,) = mapper(run_case, [case_of(ann, keep=True)])
    return folder, result


def never(case: Case) -> CaseResult:
    raise AssertionError("it was run before")


def test_what_was_run_before_is_read(ann, worn_folder):
    folder, first = worn_folder
    case = case_of(ann, keep=True)
    with case_mapper(CaseRuns(folder=folder, n_workers=1)) as mapper:
        (again,) = mapper(never, [case])
        (other,) = mapper(never, [replace(case, person=replace(ann, name="twin"))])
    assert again.to_json() == first.to_json()
    assert other.person == "twin"
    np.testing.assert_array_equal(again.worn.drape.positions_m, first.worn.drape.positions_m)
    # The mesh is made anew and is the same, so that other sensors can be read on it.
    anew = [reading.to_json() for reading in read_worn(again.worn)]
    assert anew == [reading.to_json() for reading in first.readings]


def test_a_damaged_file_is_run_again(ann, worn_folder):
    folder, first = worn_folder
    (arrays,) = (folder / "results").glob("*.npz")
    arrays.write_bytes(arrays.read_bytes()[:200])
    with case_mapper(CaseRuns(folder=folder, n_workers=1)) as mapper:
        (again,) = mapper(run_case, [case_of(ann, keep=True)])
    assert again.to_json() == first.to_json()


def test_failures_are_run_again_on_demand(ann, tmp_path):
    def fails(case):
        return lost_case(case, RuntimeError("no worker"))

    runs = CaseRuns(folder=tmp_path, n_workers=1)
    with case_mapper(runs) as mapper:
        list(mapper(fails, [case_of(ann)]))
        (kept,) = mapper(never, [case_of(ann)])
    assert kept.reason == "no worker"
    with case_mapper(replace(runs, retry_failed=True)) as mapper:
        (again,) = mapper(run_case, [case_of(ann)])
    assert again.state == "read"


def test_a_scheduler_that_does_not_answer_is_named(ann, tmp_path, monkeypatch):
    monkeypatch.setattr("muslin.batch.cluster.CONNECT_S", 1.0)
    runs = CaseRuns(folder=tmp_path, scheduler="tcp://127.0.0.1:1")
    with case_mapper(runs) as mapper, pytest.raises(InputError, match="does not answer"):
        survey_people(twin_garment("chest_band"), [ann], (0,), mapper=mapper)


def command(bodies, out, *more):
    return [
        sys.executable, "-m", "muslin", "twin", "survey", "chest_band", "--bodies", str(bodies),
        "--sizes", "-1,0,1", "--edge", "2", "--out", str(out), *more,
    ]  # fmt: skip


@pytest.mark.slow(seconds=20)
@pytest.mark.skipif(os.name != "posix", reason="kills a process group")
def test_a_killed_survey_goes_on_and_ends_the_same(tmp_path, capsys, kill_after_a_result):
    """Two local workers, killed in the middle; the rest in this process; then nothing is left."""
    bodies, out = tmp_path / "bodies.csv", tmp_path / "run"
    bodies.write_text(BODIES, encoding="utf-8")
    assert 1 <= kill_after_a_result(command(bodies, out), out) < 6
    words = command(bodies, out, "--workers", "1", "--json")[3:]
    first = run_command(words), capsys.readouterr()
    again = run_command(words), capsys.readouterr()
    assert "0 cases to run, 6 were there already" in again[1].err
    assert (first[0], first[1].out) == (again[0], again[1].out)
    assert {case["person"] for case in json.loads(first[1].out)["cases"]} == {"ann", "bob"}


@pytest.mark.slow(seconds=15)
def test_workers_elsewhere_read_the_same_as_this_process(ann, tmp_path, scheduler):
    runs = CaseRuns(folder=tmp_path / "here", n_workers=1)
    found = []
    for one in (runs, replace(runs, folder=tmp_path / "there", scheduler=scheduler)):
        with case_mapper(one) as mapper:
            (result,) = mapper(run_case, [case_of(ann, keep=True)])
        found.append(result)
    assert found[0].state == "read"
    assert found[1].to_json() == found[0].to_json()
    np.testing.assert_array_equal(found[1].worn.drape.positions_m, found[0].worn.drape.positions_m)
    assert found[1].worn.body is ann.body
