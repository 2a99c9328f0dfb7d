"""Fixtures that every test may use."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


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
