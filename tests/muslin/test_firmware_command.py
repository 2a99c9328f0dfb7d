"""`muslin firmware` as its user sees it."""

import json

from muslin.cli import run_command


def test_from_nothing_to_headers(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(["firmware", "init"]) == 0
    assert run_command(["firmware", "init"]) == 2
    assert "exists" in capsys.readouterr().err
    assert run_command(["firmware", "check", "garment.toml"]) == 0
    assert run_command(["firmware", "generate", "garment.toml", "--out", "made"]) == 0
    names = {path.name for path in (tmp_path / "made").iterdir()}
    assert names == {
        "gl_schema.h", "gl_bytes.h", "gl_core.h", "gl_frames.h", "gl_log.h", "descriptor.cbor",
        "garment.md",
    }  # fmt: skip


def test_problems_are_told_with_line_and_key(tmp_path, capsys):
    path = tmp_path / "garment.toml"
    assert run_command(["firmware", "init", str(path)]) == 0
    path.write_text(path.read_text().replace("bits = 12", "bits = 33"))
    assert run_command(["firmware", "check", str(path)]) == 2
    assert "bits: channel 'chest': bits is 33, wanted 1 to 32" in capsys.readouterr().err
    assert run_command(["firmware", "generate", str(path), "--out", str(tmp_path / "o")]) == 2
    assert not (tmp_path / "o").exists()
    capsys.readouterr()
    assert run_command(["firmware", "check", str(path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["problems"][0]["key"] == "bits"


def test_files_that_cannot_be_read(tmp_path, capsys):
    assert run_command(["firmware", "check", str(tmp_path / "nope.toml")]) == 2
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    assert run_command(["firmware", "check", str(tmp_path / "b.toml")]) == 2
    assert "not UTF-8" in capsys.readouterr().err
