"""Pages of sessions that hold an ECG, belts and walking; a cohort; JSON beside the page."""

import json
import math

import numpy as np
import pytest

from firmware_bridge.events import LossCause, Lost, Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from muslin.analyze import analyze
from muslin.cli import run_command
from muslin.report.session_page import session_page
from wearables.sessions import SessionWriter, SubjectInfo

SECONDS = 200
G = 9.80665


def channel(name, kind, unit, scale):
    return ChannelSchema(
        name=name, unit=unit, bits=16, signed=True, scale=scale, offset=0, kind=kind
    )


def stream(number, name, rate_hz, channels):
    return StreamSchema(
        id=number, name=name, rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=1000,
        store=True, channels=channels,
    )  # fmt: skip


ECG = stream(1, "ecg", 200.0, (channel("ecg", "ecg", "mV", 0.001),))
BELTS = stream(
    2, "belts", 25.0,
    (channel("abdominal", "respiration", "{count}", 1.0),
     channel("thoracic", "respiration", "{count}", 1.0)),
)  # fmt: skip
ACC = stream(
    3, "trunk", 50.0, tuple(channel(f"acc_{axis}", "acc", "m/s2", 0.001) for axis in "xyz")
)


def shirt(seed=0):
    """Counts of a shirt: a heart with breathing in its rhythm, two belts, a walk and a rest."""
    rng = np.random.default_rng(seed)
    t = np.arange(SECONDS * 200) / 200
    ecg, beat, peaks = rng.normal(0, 0.01, t.size), 0.6, []
    while beat < SECONDS - 0.5:
        near = slice(int((beat - 0.2) * 200), int((beat + 0.2) * 200))
        ecg[near] += np.exp(-((t[near] - beat) ** 2) / (2 * 0.012**2))
        peaks.append(beat)
        beat += 0.8 + 0.05 * np.sin(2 * np.pi * 0.25 * beat) + 0.01 * rng.normal()
    breath = 1000 * np.sin(2 * np.pi * 0.25 * np.arange(SECONDS * 25) / 25)
    s = np.arange(SECONDS * 50) / 50
    walks = (s > 20) & (s < 100)
    up = G + 3 * walks * np.sin(2 * np.pi * 1.8 * s)
    lies = (s > 150)[:, None]
    acc = np.where(lies, np.stack([up, 0 * up, 0 * up], 1), np.stack([0 * up, 0 * up, up], 1))
    counts = {
        1: np.rint(ecg[:, None] / 0.001),
        2: np.rint(np.stack([breath, breath], axis=1)),
        3: np.rint((acc + rng.normal(0, 0.02, acc.shape)) / 0.001),
    }
    return {key: value.astype(np.int64) for key, value in counts.items()}, np.array(peaks)


def write(path, counts, streams, *, subject="P1", skip=()):
    schema = GarmentSchema(vendor="test", name="shirt", hw="1", schema=1, streams=tuple(streams))
    writer = SessionWriter(path, schema, subject=SubjectInfo(id=subject))
    for each in streams:
        n = round(each.rate_hz)
        for first in range(0, len(counts[each.id]), n):
            device_us = round(first / each.rate_hz * 1e6)
            if (each.id, first // n) in skip:
                writer.write(
                    Lost(
                        stream_id=each.id, boot=1, first_index=first, n_samples=n,
                        cause=LossCause.RADIO, host_ns=writer.anchor_host_ns, epoch_before=1,
                        epoch_after=1,
                    )
                )  # fmt: skip
                continue
            writer.write(
                Sampled(
                    stream_id=each.id, boot=1, first_index=first, device_us=device_us,
                    counts=counts[each.id][first : first + n], flags=0, epoch=1,
                    host_ns=writer.anchor_host_ns + device_us * 1000,
                )
            )  # fmt: skip
    writer.close()
    return path


@pytest.fixture(scope="module")
def worn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worn")
    counts, peaks = shirt()
    path = write(folder / "shirt.h5", counts, (ECG, BELTS, ACC))
    return analyze(path, out=folder / "shirt.html"), folder, peaks


def test_a_shirt_tells_heart_breath_steps_and_posture(worn):
    analysis, _, peaks = worn
    assert analysis.heart.source == "ecg"
    assert abs(len(analysis.beats) - len(peaks)) <= 1
    truth = np.sqrt(np.mean(np.diff(np.diff(peaks)) ** 2))
    assert analysis.heart.whole.rmssd_s == pytest.approx(truth, rel=0.05)
    assert analysis.heart.whole.hf_s2 > 3 * analysis.heart.whole.lf_s2
    rates = [rate.per_minute for rate in analysis.breathing if math.isfinite(rate.per_minute)]
    assert analysis.breath.source == "respiration"
    assert analysis.stream_named("belts").channels[analysis.breath.column].startswith("thoracic")
    assert np.median(rates) == pytest.approx(15, abs=0.3)
    assert len(analysis.movement.steps) == pytest.approx(144, abs=3)
    names = [span.name for span in analysis.movement.postures]
    assert names == ["upright", "lying"]
    peak = analysis.movement.spectrogram.density[40].argmax()
    assert analysis.movement.spectrogram.frequency_hz[peak] == pytest.approx(1.8, abs=0.3)


def test_the_page_has_every_section_once_and_json_beside_it(worn):
    analysis, folder, _ = worn
    page = (folder / "shirt.html").read_text(encoding="utf-8")
    for heading in (
        "Data quality", "Summary", "Heart", "Heart rate variability", "Breathing", "Movement",
        "Walking and posture", "Provenance",
    ):  # fmt: skip
        assert page.count(f"<h2>{heading}</h2>") == 1
    assert "Poincare" in page
    assert "No doubt about" in page
    assert "nan" not in page.lower().split("<svg")[0]
    numbers = json.loads((folder / "shirt.json").read_text(encoding="utf-8"))
    assert numbers == json.loads(json.dumps(analysis.to_json()))
    assert numbers["variability"]["whole"]["rmssd_s"] > 0
    assert numbers["walking"][0]["n_steps"] > 100


def test_breathing_is_read_off_the_ecg_when_there_is_no_belt(tmp_path):
    counts, _ = shirt()
    analysis = analyze(write(tmp_path / "s.h5", counts, (ECG,)))
    assert analysis.breath.source == "ecg"
    assert "Breathing" in session_page(analysis)
    assert analysis.movement.stream == ""


def test_a_clipped_ecg_gives_no_variability(tmp_path):
    counts, _ = shirt()
    counts[1] = np.clip(counts[1], -300, 300)
    analysis = analyze(write(tmp_path / "s.h5", counts, (ECG,)))
    assert analysis.heart.clipped_share > 0.01
    assert math.isnan(analysis.heart.whole.rmssd_s)
    assert not [rate for rate in analysis.pulse if math.isfinite(rate.per_minute)]
    assert "clipped" in session_page(analysis)


def test_a_gap_costs_intervals_and_never_makes_them_up(tmp_path, worn):
    counts, _ = shirt()
    skip = {(1, second) for second in range(60, 68)}
    analysis = analyze(write(tmp_path / "s.h5", counts, (ECG,), skip=skip))
    whole, before = analysis.heart.whole, worn[0].heart.whole
    assert abs(whole.rmssd_s / before.rmssd_s - 1) < 0.05
    assert whole.coverage < before.coverage
    assert max(i for i in analysis.heart.intervals_s if math.isfinite(i)) < 1.2


def test_swapped_units_are_a_doubt_on_the_page(tmp_path):
    counts, _ = shirt()
    counts[3] = np.rint(counts[3] / G).astype(np.int64)
    analysis = analyze(write(tmp_path / "s.h5", counts, (ACC,)))
    assert any("look like g" in text for text in analysis.streams[0].doubts)
    page = session_page(analysis)
    assert "look like g" in page
    assert "Doubts about whole streams" in page
    assert any(name == "doubt" for name, _ in analysis.rows())


def test_a_folder_becomes_a_cohort(tmp_path, capsys):
    counts, _ = shirt()
    short = {key: value[: len(value) // 4] for key, value in counts.items()}
    write(tmp_path / "a.h5", short, (ECG, BELTS), subject="<i>A</i>")
    write(tmp_path / "b.h5", short, (ACC,), subject="B")
    (tmp_path / "broken.h5").write_text("no session", encoding="utf-8")
    assert run_command(["analyze", str(tmp_path), "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)["sessions"]
    assert [row["file"] for row in rows] == ["a.h5", "b.h5", "broken.h5"]
    assert rows[0]["breaths_per_min"] == pytest.approx(15, abs=0.5)
    assert rows[1]["pulse_per_min"] is None
    assert rows[1]["n_steps"] > 30
    assert "HDF5" in rows[2]["failed"]
    page = (tmp_path / "cohort.html").read_text(encoding="utf-8")
    assert "&lt;i&gt;A&lt;/i&gt;" in page
    assert "Not analysed" in page
    assert json.loads((tmp_path / "cohort.json").read_text(encoding="utf-8"))["sessions"] == rows


def test_a_folder_without_sessions_is_bad_input(tmp_path, capsys):
    assert run_command(["analyze", str(tmp_path)]) == 2
    assert "no session file" in capsys.readouterr().err


def test_skin_shows_its_temperature_and_its_responses(tmp_path):
    t = np.arange(SECONDS * 8) / 8
    micro_s = 5.0 + sum(
        0.6 * (1 - np.exp(-np.maximum(t - at, 0))) * np.exp(-np.maximum(t - at, 0) / 4)
        for at in (40.0, 80.0, 130.0)
    )
    celsius = np.where(t > 145, 12.0, 33.0)
    skin = stream(4, "skin", 8.0, (channel("eda", "eda", "uS", 0.001),
                                   channel("skin", "temperature", "K", 0.01)))  # fmt: skip
    counts = {4: np.rint(np.stack([micro_s / 0.001, (celsius + 273.15) / 0.01], 1)).astype(int)}
    path = write(tmp_path / "s.h5", counts, (skin,))
    analysis = analyze(path, out=tmp_path / "s.html")
    assert len(analysis.skin.responses) == 3
    assert analysis.skin.tonic_s == pytest.approx(5e-6, rel=0.1)
    assert analysis.skin.median_k == pytest.approx(306.15, abs=0.05)
    assert any("not skin" in one.reasons for one in analysis.skin.temperatures)
    page = (tmp_path / "s.html").read_text(encoding="utf-8")
    assert "<h2>Skin</h2>" in page
    assert "33.0" in page
    told = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert told["skin_temperature_k_median"] == pytest.approx(306.15, abs=0.05)
    assert len(told["skin_responses"]) == 3
