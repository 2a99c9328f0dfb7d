"""Parts of a batch: bodies, keys, files, table and summary."""

import json
from dataclasses import replace

import pytest

from fitting.body import Measurements
from fitting.cloth import load_fabric
from fitting.fit import load_fit_class
from fitting.pattern import draft_block
from muslin.batch import batch_analyze, cluster, read_bodies, sources
from muslin.batch.bodies import build_of
from muslin.batch.case import Style, case_of
from muslin.batch.store import BatchFolder, PlanRow
from muslin.batch.summary import summarise
from muslin.batch.table import table_rows, write_table
from muslin.errors import Exit, InputError

HEADER = "name,sex,type,stature,bust_girth,waist_navel_girth\n"


def bodies_file(tmp_path, text):
    path = tmp_path / "bodies.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_is_a_person_in_centimetres(tmp_path):
    path = bodies_file(tmp_path, HEADER + "ada,female,,166,92,\nbo,Male,runner,180,100,85\n")
    ada, bo = read_bodies(path)
    assert ada.measures == Measurements.from_cm({"stature": 166.0, "bust_girth": 92.0})
    assert (ada.type, bo.type, bo.sex) == ("female", "runner", "male")


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ("ada,female,,166,92,70\nada,male,,180,,\n", "line 3: the name 'ada' stands in it twice"),
        ("ada,female,,166,92,70\n,female,,166,92,70\n", "line 3: there is no name"),
        ("ada,female,,1.66,92,70\n", "line 2: stature"),
    ],
)
def test_a_row_that_is_wrong_stops_a_batch_with_its_line(tmp_path, rows, word):
    with pytest.raises(InputError, match=word):
        read_bodies(bodies_file(tmp_path, HEADER + rows))


def test_the_build_follows_waist_over_stature():
    words = [build_of(Measurements(stature=1.7, waist_navel_girth=w)) for w in (0.7, 0.85, 1.0)]
    assert words == ["slim", "medium", "full"]
    assert build_of(Measurements(stature=1.7)) == ""


@pytest.fixture
def style():
    measures = Measurements(stature=1.7, bust_girth=0.92, under_bust_girth=0.8)
    return Style(
        pattern="chest_band", size="M", sewn=draft_block("chest_band", measures),
        fabric=load_fabric("compression_knit"), fit_class=load_fit_class("sensor_band"),
        edge_length_m=0.02,
    )  # fmt: skip


def test_a_key_follows_every_input_and_nothing_else(tmp_path, style):
    (ada,) = read_bodies(bodies_file(tmp_path, HEADER + "ada,female,,166,92,80\n"))

    def key(body=ada, style=style, seed=0):
        return case_of(body, style, style_digest=style.digest(), seed=seed).key

    assert key() == key(body=replace(ada, name="eve", type="other"))
    measures = replace(ada.measures, bust_girth=0.921)
    others = {
        key(body=replace(ada, measures=measures)),
        key(body=replace(ada, sex="male")),
        key(seed=1),
        key(style=replace(style, edge_length_m=0.021)),
        key(style=replace(style, fabric=replace(style.fabric, thickness_m=0.001))),
        key(style=replace(style, fit_class=load_fit_class("compression"))),
    }
    assert len(others | {key()}) == 7


def test_a_key_follows_the_code_that_a_fit_runs_through(tmp_path, style, monkeypatch):
    """An edit under one version starts anew; what does not change a fit does not."""
    (ada,) = read_bodies(bodies_file(tmp_path, HEADER + "ada,female,,166,92,80\n"))
    files = sources._files(sources.FIT_ROOTS)
    names = [name for name, _ in files]
    assert {"fitting/drape/solve.py", "muslin.fitting_room", "assets"} <= set(names)
    assert not [name for name in names if "studio" in name or "page" in name]

    def key():
        sources.code_digest.cache_clear()
        return case_of(ada, style, style_digest=style.digest(), seed=0).key

    before = key()
    assert key() == before
    edited = tmp_path / "solve.py"
    solver = dict(files)["fitting/drape/solve.py"]
    edited.write_bytes(solver.read_bytes() + b"# edited\n")
    changed = [(name, edited if path == solver else path) for name, path in files]
    monkeypatch.setattr(sources, "_files", lambda _: changed)
    assert key() != before
    monkeypatch.undo()
    assert key() == before


def test_a_worker_with_other_code_is_refused(monkeypatch):
    class Client:
        def wait_for_workers(self, n, timeout): ...

        def run(self, ask, roots):
            return {"tcp://a": ask(roots), "tcp://b": "0.1.0, code 00000000"}

    with pytest.raises(InputError, match=r"tcp://b runs muslin 0.1.0, code 0{8}; this is"):
        cluster._count_workers(Client(), "tcp://x", sources.FIT_ROOTS)


def plan(body="ada", size="M", key="k1", kind="female medium"):
    return PlanRow(
        key=key, body=body, sex="female", type=kind, pattern="tshirt", size=size,
        fabric="cotton_jersey", fit_class="casual", seed=3,
        measures_m={"bust_girth": 0.92, "hip_girth": 1.0},
    )  # fmt: skip


def done(key="k1", *, fits=True, misfit=0.0, converged=True):
    limiting = {"region": "chest", "verdict": "tight", "rule": "ease 1 cm", "misfit": misfit}
    return {
        "format": 1, "key": key, "seed": 3, "state": "done", "converged": converged,
        "fits": fits if converged else None, "n_vertices": 900, "limiting": limiting,
        "ease": {"bust_girth": {"ease_m": 0.08}}, "regions": {"chest": {"verdict": "easy"}},
    }  # fmt: skip


def test_a_torn_result_counts_as_missing(tmp_path):
    folder = BatchFolder(tmp_path)
    folder.write_plan([plan()])
    folder.keep(done())
    assert folder.result("k1")["fits"] is True
    torn = tmp_path / "results" / "k1.json"
    torn.write_text(torn.read_text(encoding="utf-8")[:40], encoding="utf-8")
    assert folder.result("k1") is None


def test_the_same_rows_are_the_same_bytes(tmp_path):
    rows = table_rows([plan(), plan(size="L", key="k2")], [done(), None])
    write_table(tmp_path / "a", rows)
    write_table(tmp_path / "b", [dict(row) for row in rows])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert rows[1]["state"] == "missing"
    assert rows[0]["ease_bust_girth_m"] == 0.08


def test_who_is_left_out_is_named_with_the_nearest_size():
    plans = [plan(b, s, f"{b}{s}") for b in ("ada", "bea", "cy") for s in ("M", "L")]
    results = [
        done(), done(fits=False, misfit=-1.0), done(fits=False, misfit=2.0),
        done(fits=False, misfit=0.7), done(fits=False, misfit=1.0), done(converged=False),
    ]  # fmt: skip
    (style,) = summarise(table_rows(plans, results))
    assert [(who.body, who.nearest) for who in style.left_out] == [("bea", "L")]
    assert style.undecided == ("cy",)
    assert style.by_size["M"].share == pytest.approx(1 / 3)
    assert (style.by_size["L"].n_judged, style.by_size["L"].n_all) == (2, 3)


def test_analyze_writes_table_and_page_of_what_is_there(tmp_path, capsys):
    folder = BatchFolder(tmp_path)
    plans = [plan("a<b", "M"), plan("bea", "M", "k2"), plan("cy", "M", "k3")]
    folder.write_plan(plans)
    folder.keep(done())
    failed = {"format": 1, "key": "k2", "seed": 3, "state": "failed", "error": "too <small>"}
    folder.keep(failed)
    analysis = batch_analyze(tmp_path)
    assert analysis.tell(as_json=True) == Exit.INCOMPLETE
    said = json.loads(capsys.readouterr().out)
    assert (said["n_done"], said["n_failed"], said["n_missing"]) == (1, 1, 1)
    assert said["failures"][0]["seed"] == 3
    assert analysis.tell(as_json=False) == Exit.INCOMPLETE
    assert "too <small>" in capsys.readouterr().err
    page = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert "too &lt;small&gt;" in page
    assert "a<b" not in page
    assert "http" not in page


def test_a_folder_without_a_batch_is_said(tmp_path):
    with pytest.raises(InputError, match="holds no batch"):
        batch_analyze(tmp_path)
    (tmp_path / "run.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="is a file; the folder of a batch"):
        batch_analyze(tmp_path / "run.csv")
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        batch_analyze(tmp_path)
