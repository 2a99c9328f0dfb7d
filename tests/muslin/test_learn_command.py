"""Train on sleeves of a few people, judge on others, classify a session: as a user would."""

import json

import numpy as np
import pytest
import torch

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from muslin.cli import run_command
from wearables.events import Marker, Sampled
from wearables.sessions import SessionWriter, SubjectInfo


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


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_nets_go_to_torchscript_and_what_is_none_is_said(model, assets, tmp_path, capsys):
    weights = str(assets / "models" / "basicmotions.safetensors")
    words = ["export", weights, "--to", "torchscript", "--out", str(tmp_path), "--json"]
    assert run_command(words) == 0
    (file,) = json.loads(capsys.readouterr().out)["files"]
    loaded = torch.jit.load(file["path"])
    told = loaded(torch.zeros(2, 25, 6))
    assert told.shape == (2, 4)
    np.testing.assert_allclose(told.sum(dim=1).detach().numpy(), 1, atol=1e-5)
    for path, to, sentence in (
        (weights, "int8", "recurrent net"),
        (str(model), "int8", "holds no net"),
        ("absent.safetensors", "int8", "does not exist"),
    ):
        assert run_command(["export", path, "--to", to, "--out", str(tmp_path)]) == 2
        assert sentence in capsys.readouterr().err


@pytest.mark.slow
def test_strain_models_of_every_kind_are_trained_used_and_exported(tmp_path, capsys):
    """Strain, motion and both, from the same sleeve; each finds its columns in one session."""
    data = tmp_path / "data"
    data.mkdir()
    write_repetitions(data / "cls_x.npz")
    session = session_of(data / "cls_x.npz", tmp_path / "s.h5")
    minute = session_of(data / "cls_x.npz", tmp_path / "m.h5", with_markers=True)
    for recipe in ("knit-strain", "knit-motion", "knit-fused"):
        out = tmp_path / f"{recipe}.safetensors"
        words = ["train", "--recipe", recipe, "--data", str(data), "--out", str(out)]
        assert run_command(words) == 0
        capsys.readouterr()
        assert run_command(["classify", str(session), "--model", str(out), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert {one["label"] for one in told["windows"]} & {"curl", "squat"}
        words = ["classify", str(session), "--model", str(out), "--personal", str(minute)]
        assert run_command([*words, "--json"]) == 0
        own = json.loads(capsys.readouterr().out)
        assert len(own["windows"]) == len(told["windows"])
        assert run_command(["classify", str(session), "--model", str(out), "--personal",
                            str(session)]) == 2  # fmt: skip
        assert "marks no activity" in capsys.readouterr().err
    words = ["export", str(tmp_path / "knit-strain.safetensors"), "--to", "int8", "--json"]
    assert run_command([*words, "--data", str(data), "--out", str(tmp_path)]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert len(files) == 2
    for file in files:
        assert file["bytes"] < 40_000
        assert abs(file["accuracy"] - file["accuracy_int8"]) < 0.05


def write_repetitions(path):
    """A made-up sleeve on four people: two exercises, five strains and motion."""
    rng = np.random.default_rng(3)
    rows, names, users = [], [], []
    t = np.arange(580) / 100
    for user in range(4):
        gain = np.exp(0.1 * rng.normal(size=5))
        for name, length, share in (("curl", 1.2, 1.0), ("squat", 2.6, 0.4)):
            for _ in range(5):
                rise = 1 / (1 + np.exp(-(t - 1.2) * 8)) - 1 / (1 + np.exp(-(t - 1.2 - length) * 8))
                bend = np.stack([rise * (1 if k == 2 else share) for k in range(5)], axis=1)
                strain = 5 * bend * gain + gain + 0.01 * rng.normal(size=(580, 5))
                motion = 0.02 * rng.normal(size=(580, 6)) + rise[:, None] * np.arange(6) * share / 9
                motion[:, 2] += 1.0
                rows.append(np.concatenate([strain, motion, t[:, None]], axis=1))
                names.append(name)
                users.append(f"U{user + 1}")
    np.savez(
        path, data=np.concatenate(rows).astype(np.float32), length=np.full(len(rows), 580),
        activity=np.array(names), user=np.array(users),
    )  # fmt: skip


def session_of(path, out, *, with_markers=False):
    """The repetitions of one wearer as a session, in the units of the sensor."""
    units = [("S", "1")] * 5 + [("a", "[g]")] * 3 + [("g", "deg/s")] * 3
    names = [f"S{i}" for i in range(1, 6)] + [f"{kind}{axis}" for kind in "ag" for axis in "xyz"]
    channels = tuple(
        ChannelSchema(name=name, unit=unit, bits=32, signed=True, scale=1e-4, offset=0, kind="raw")
        for name, (_, unit) in zip(names, units, strict=True)
    )
    sleeve = StreamSchema(
        id=1, name="sleeve", rate_hz=100, rates_hz=(100,), max_latency_ms=500, store=True,
        channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(sleeve,))
    with np.load(path) as data:
        counts = np.rint(data["data"][: 10 * 580, :11] / 1e-4).astype(np.int64)
        said = data["activity"][:10]
    writer = SessionWriter(out, schema, subject=SubjectInfo(id="U1"))
    for first in range(0, len(counts), 58):
        at_ns = writer.anchor_host_ns + first * 10_000_000
        if with_markers and first % 580 == 0:
            text = str(said[first // 580])
            writer.write(Marker(host_ns=at_ns, kind="marker", text=text, source="program"))
        writer.write(
            Sampled(
                stream_id=1, boot=1, first_index=first, device_us=first * 10_000,
                counts=counts[first : first + 58], flags=0, epoch=1, host_ns=at_ns,
            )
        )  # fmt: skip
    writer.close()
    return out


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
