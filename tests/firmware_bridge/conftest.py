"""Golden cases of the link and a C compiler, for every test of the link."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "link"
WARNINGS = ("all", "extra", "pedantic", "conversion", "sign-conversion", "shadow", "error")
STRICT = ["-std=c99", *(f"-W{name}" for name in WARNINGS)]
SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="session")
def link_golden():
    """The module tests/golden/link/link_cases.py."""
    name = "link_cases"
    spec = importlib.util.spec_from_file_location(name, GOLDEN / "link_cases.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def c_headers():
    """Folder of the C headers, found as an installed package has them."""
    from importlib.resources import files

    return Path(str(files("firmware_bridge") / "c"))


@pytest.fixture(scope="session")
def compile_c(missing, c_headers, tmp_path_factory):
    """Compile golden C sources with every warning an error and with the sanitizers."""
    gcc = shutil.which("gcc")
    if gcc is None:
        missing("no gcc: the C encoder is not checked")

    def build(*sources, options=()):
        program = tmp_path_factory.mktemp("c") / Path(sources[0]).stem
        command = [gcc, *STRICT, *SANITIZED, f"-I{c_headers}", *options, "-o", program]
        run = subprocess.run(
            [*command, *(GOLDEN / name for name in sources)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return program

    return build
