"""Train on sleeves of a few people, judge on others, classify a session: as a user would."""

import json

import numpy as np
import pytest

from muslin.cli import run_command


def write_walks(path, people, seed):
    """Left sleeves of people who walk, and walk with a knee that hardly bends."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for person in people:
        gain, phase = np.exp(rng.normal(size=7)), rng.uniform(0, 6, 7)
        for walk, second in (("CSBaseline", 0.8), ("CSStiffKnee", 0.1)):
            t = np.arange(2500) / 100
            base = np.sin(2 * np.pi * t[:, None] + phase)
            knee = second * np.sin(4 * np.pi * t[:, None] + phase)
            counts = 9000 + 80 * gain * (base + knee + 0.1 * rng.normal(size=(2500, 7)))
            rows = np.zeros((2500, 11), dtype=np.float32)
            rows[:, 0], rows[:, 1:8] = t, counts
            arrays[f"{person}_{walk}_LCS"] = rows
    np.savez(path, **arrays)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("sleeves")
    for name, people, seed in (("train", ("Sub01", "Sub02", "Sub03"), 1), ("test", ("Sub09",), 2)):
        (root / name).mkdir()
        write_walks(root / name / "cs_x.npz", people, seed)
    return root


@pytest.fixture(scope="module")
def model(folders):
    out = folders / "gait.safetensors"
    words = [
        "train",
        "--recipe",
        "sleeve-gait",
        "--data",
        str(folders / "train"),
        "--out",
        str(out),
    ]
    assert run_command(words) == 0
    return out


def test_a_trained_model_comes_with_its_card(model):
    card = model.with_suffix(".md").read_text(encoding="utf-8")
    assert "folds of wearers" in card
    assert "stiff_knee_walking" in card


def test_it_is_judged_on_people_it_never_saw(model, folders, capsys):
    assert run_command(["evaluate", str(model), "--data", str(folders / "test"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["macro_f1"] > 0.9
    assert told["wearers_seen_in_training"] == []
    assert run_command(["evaluate", str(model), "--data", str(folders / "train")]) == 0
    assert "no score on strangers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "--recipe", "nonsense"], "no recipe is called"),
        (["train", "--recipe", "watch-6"], "name their folder with --data"),
        (["train", "--recipe", "watch-6", "--data", "absent"], "not a folder"),
        (["evaluate", "absent.safetensors", "--data", "."], "does not exist"),
        (["classify", "absent.h5"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(words) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told


def test_a_model_for_other_channels_is_refused(model, tmp_path, capsys):
    source, mapped, session = tmp_path / "a.csv", tmp_path / "a.toml", tmp_path / "a.h5"
    rows = "\n".join(f"{i / 50:.2f},{np.sin(i / 9):.4f}" for i in range(600))
    source.write_text("time,breath\n" + rows + "\n", encoding="utf-8")
    mapped.write_text(
        '[time]\ncolumn = "time"\nunit = "s"\n\n[[stream]]\nname = "belt"\nrate_hz = 50\n'
        'kind = "respiration"\n\n[[stream.channel]]\ncolumn = "breath"\nname = "breath"\n'
        'unit = "1"\n',
        encoding="utf-8",
    )
    code = run_command(["import", str(source), "--map", str(mapped), "--out", str(session)])
    if code not in (0, 3):
        pytest.fail(capsys.readouterr().err)
    assert run_command(["classify", str(session), "--model", str(model)]) == 2
    assert "no stream has the model's channels" in capsys.readouterr().err
    assert run_command(["classify", str(session), "--stream", "absent"]) == 2
    assert "no stream is called" in capsys.readouterr().err
