"""Fixtures that every test may use, and the order in which files of tests are taken."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Each starts a process of its own and shares nothing with its neighbours.
_APART = "tests/examples/"
_SLOW_S = 5.0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest files first, then examples, then quick files: no core waits for a late long one.

    A file is as long as its slow tests say: five seconds each, or what ``slow(seconds=…)`` states.
    """
    lengths_s: Counter[str] = Counter()
    for item in items:
        if mark := item.get_closest_marker("slow"):
            lengths_s[_unit(item.nodeid)] += mark.kwargs.get("seconds", _SLOW_S)
    items.sort(key=lambda item: -lengths_s[_unit(item.nodeid)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Files stay with one process, because their tests share fixtures; examples go one by one."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _unit(nodeid)

    config.option.loadscopereorder = False  # the order of `pytest_collection_modifyitems` holds
    return Files(config, log)


def _unit(nodeid: str) -> str:
    """What one process takes at once."""
    return nodeid if nodeid.startswith(_APART) else nodeid.split("::", 1)[0]


def _missing(reason: str) -> None:
    if os.environ.get("MUSLIN_REQUIRE_ALL") == "1":
        pytest.fail(f"required here: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def missing() -> Callable[[str], None]:
    """Skip with a reason, or fail where everything is required (MUSLIN_REQUIRE_ALL=1)."""
    return _missing


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings, patterns and bodies beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        _missing("the real data sets (../shared/data) are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def assets() -> Path:
    """Folder of the data that ships."""
    return ROOT / "assets"
