"""The second process of the first drape: it helps, and nothing hangs on it."""

import hashlib
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapes

from fitting.drape import DrapeSettings, ahead, drape
from fitting.drape.jit import room_stamp

ROOT = Path(__file__).resolve().parents[3]
_SETTLE = """
import hashlib
import numpy as np
from fitting.drape import rub
rng = np.random.default_rng(0)
anchor = rng.normal(size=(8, 3))
rub._settle(
    rng.normal(size=(9, 3)), rng.integers(0, 9, size=(8, 4)), rng.normal(size=(8, 4)),
    rng.normal(size=(8, 5)), 2e-3, 3e-4, anchor,
)
digest = hashlib.sha256(anchor.tobytes()).hexdigest()
"""


def run(code: str, cache: Path) -> subprocess.CompletedProcess[str]:
    """A process of its own that calls no second one."""
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(cache), ahead.ALONE: "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def test_the_kernels_of_the_list_are_those_of_a_drape():
    """A kernel whose arguments have changed would be compiled twice, once for nobody."""
    uv, faces = shapes.sheet(6, 5, 0.03)
    x = np.c_[uv[:, 0] - uv[:, 0].mean(), np.full(len(uv), 0.12), uv[:, 1] - uv[:, 1].mean()]
    cloth = shapes.nested(shapes.make_cloth(x, faces, uv), 1)
    drape(
        cloth, shapes.body_of(*shapes.ellipsoid(0.1, 0.1, 0.1)), [shapes.fabric()],
        settings=DrapeSettings(n_steps_max=12, n_steps_soft=2), rng=np.random.default_rng(0),
    )  # fmt: skip
    ahead.compile_all()
    for name, letters in ahead.KERNELS:
        module, function = name.split(".")
        kernel = getattr(importlib.import_module(f"fitting.drape.{module}"), function)
        assert ahead.signature(letters) in kernel.signatures, name


def test_what_another_process_compiled_is_taken_and_gives_the_same_bits(tmp_path: Path):
    names = "from fitting.drape import ahead; ahead.KERNELS = ahead.KERNELS[:1]"
    assert run(f"{names}; ahead.compile_all()", tmp_path).returncode == 0
    taken = run(f"{_SETTLE}print(digest, sum(rub._settle.stats.cache_hits.values()))", tmp_path)
    space: dict[str, object] = {"hashlib": hashlib}
    exec(_SETTLE, space)
    assert taken.stdout.split() == [space["digest"], "1"]


def test_a_second_process_that_dies_is_survived(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(ahead.ALONE, raising=False)
    monkeypatch.setattr(ahead, "_RUN", "raise SystemExit(3)")
    process = ahead.call_second(2)
    assert process is not None
    assert process.wait(timeout=60) == 3


def test_an_interpreter_that_cannot_be_started_is_survived(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(ahead.ALONE, raising=False)
    monkeypatch.setattr(sys, "executable", str(ROOT / "no-such-python"))
    assert ahead.call_second(2) is None


def test_the_second_process_ends_itself_at_its_limit(tmp_path: Path):
    slow = (
        "import time; from fitting.drape import ahead; ahead.signature = lambda _: time.sleep(50)"
    )
    assert run(f"{slow}; ahead.compile_all(limit_s=0.2)", tmp_path).returncode == 1


def test_no_second_process_on_one_core_in_a_worker_or_where_none_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv(ahead.ALONE, raising=False)
    assert ahead.call_second(1) is None
    with monkeypatch.context() as patched:
        patched.setattr(ahead.multiprocessing, "parent_process", object)
        assert ahead.call_second(2) is None
    monkeypatch.setenv(ahead.ALONE, "1")
    assert ahead.call_second(2) is None


def test_a_kernel_is_compiled_anew_where_another_file_of_the_room_has_changed(tmp_path: Path):
    stale = "from fitting.drape import jit; jit._STAMP = 'another'"
    count = "print(rub._settle.stats.cache_hits.total(), rub._settle.stats.cache_misses.total())"
    said = [
        run(f"{code}{_SETTLE}{count}", tmp_path).stdout.split()
        for code in (stale, stale, "", "")
    ]  # fmt: skip
    assert said == [["0", "1"], ["1", "0"], ["0", "1"], ["1", "0"]]


def test_the_stamp_of_a_room_follows_every_source(tmp_path: Path):
    stamps = set()
    for name, text in (("a.py", "x = 1"), ("b.py", "y = 1"), ("a.py", "x = 2"), ("a.py", "x = 1")):
        (tmp_path / name).write_text(text)
        stamps.add(room_stamp(tmp_path))
    assert len(stamps) == 3
