"""`muslin firmware update` against a garment on the virtual radio."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("smpclient")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from muslin.cli import run_command

START = "import sys; from muslin.cli import main; main(sys.argv[1:])"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Key and two signed versions."""
    folder = tmp_path_factory.mktemp("firmware")
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "maker.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    (folder / "maker.pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    (folder / "body").write_bytes(bytes(range(256)) * 40)
    for version in ("1.0.0", "1.1.0"):
        subprocess.run(
            [Path(sys.executable).with_name("imgtool"), "sign", "-k", folder / "maker.pem",
             "--version", version, "--header-size", "0x200", "--align", "8", "--slot-size",
             "0x60000", "--pad-header", folder / "body", folder / f"app-{version}.bin"],
            check=True, capture_output=True,
        )  # fmt: skip
    return folder


@pytest.fixture(params=["--ble", "--udp", "--pty"])
def garment(made, request):
    """Address of a garment that runs 1.0.0."""
    command = [sys.executable, "-c", START, "simulate", "--firmware", str(made / "app-1.0.0.bin"),
               "--key", str(made / "maker.pub"), "--idle", "20", request.param, "--port", "0",
               "--control-port", "0"]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        yield json.loads(p.stdout.readline())["uri"]
        p.terminate()


def test_a_garment_is_updated_and_older_firmware_is_refused(made, garment, capsys):
    """On the radio, on UDP and on a serial line."""
    options = ["--garment", garment, "--key", str(made / "maker.pub")]
    new, old = str(made / "app-1.1.0.bin"), str(made / "app-1.0.0.bin")
    assert run_command(["firmware", "update", new, *options, "--json"]) == 0
    said = capsys.readouterr()
    assert '"version": "1.1.0"' in said.out
    assert "upload 100 %" in said.err
    assert run_command(["firmware", "update", old, *options]) == 2
    assert "1.0.0 is older than 1.1.0" in capsys.readouterr().err
    assert run_command(["firmware", "update", old, *options, "--allow-downgrade"]) == 2
    assert "refused version 1.0.0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "words"),
    [("udp:127.0.0.1:9", "wanted udp:HOST"), ("uart:/dev/nope", "wanted uart:DATA_PATH")],
)
def test_a_line_must_be_named_whole(made, address, words, capsys):
    new = str(made / "app-1.1.0.bin")
    assert run_command(["firmware", "update", new, "--garment", address]) == 2
    assert words in capsys.readouterr().err


def test_what_must_not_be_sent_is_not(made, capsys):
    options = ["--garment", "tcp-client:127.0.0.1:1"]
    assert run_command(["firmware", "update", str(made / "body"), *options]) == 2
    assert "sign it with imgtool" in capsys.readouterr().err
    new = str(made / "app-1.1.0.bin")
    assert run_command(["firmware", "update", new, *options, "--key", str(made / "body")]) == 2
    assert "PEM" in capsys.readouterr().err
    assert run_command(["simulate", "--firmware", new]) == 2
    assert "belong together" in capsys.readouterr().err
