"""From a recorded garment to numbers and a page: nothing is hidden, nothing is bridged."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.events import LossCause, Lost, Marker, Sampled
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import Exchange
from muslin.analyze import analyze
from muslin.errors import InputError
from muslin.report.session_page import session_page
from muslin.wearer import ACTIVITIES, demo_replay
from wearables.errors import ModelError, SessionError
from wearables.events import Exchanged
from wearables.sessions import SessionWriter, SubjectInfo

FRAME_SAMPLES = {1: 8, 2: 40, 3: 25}
BOOT_S = 2.0
OUTSIDE = re.compile(
    r"<script|<link|<iframe|@import|(?:src|href)=.https?:|url\(.?https?:", re.IGNORECASE
)


def events_of(schema, counts, anchor_ns, *, loss, rng):
    """Frames in the order of their time, some lost, and clock exchanges."""
    events = []
    for stream in schema.streams:
        n, key = FRAME_SAMPLES[stream.id], stream.id
        for first in range(0, len(counts[key]), n):
            device_us = round((BOOT_S + first / stream.rate_hz) * 1e6)
            common = {"stream_id": key, "boot": 1, "first_index": first}
            rows = counts[key][first : first + n]
            host_ns = anchor_ns + device_us * 1000
            if first > 0 and first + n < len(counts[key]) and rng.random() < loss:
                events.append((device_us, Lost(
                    **common, n_samples=len(rows), cause=LossCause.RADIO, host_ns=host_ns,
                    epoch_before=1, epoch_after=1,
                )))  # fmt: skip
            else:
                events.append((device_us, Sampled(
                    **common, device_us=device_us, counts=rows, flags=0, host_ns=host_ns, epoch=1,
                )))  # fmt: skip
    for at_s in range(0, 45, 5):
        us = round((BOOT_S + at_s) * 1e6)
        exchange = Exchange(
            t1_host_ns=anchor_ns + us * 1000 - 4_000_000, t2_device_us=us, t3_device_us=us,
            t4_host_ns=anchor_ns + us * 1000 + 4_000_000, dither_us=0,
        )  # fmt: skip
        events.append((us, Exchanged(exchange=exchange, epoch=1, boot=1)))
    return [event for _, event in sorted(events, key=lambda pair: pair[0])]


def write(path, schema, counts, markers, *, loss=0.0, subject="P1", seed=5):
    writer = SessionWriter(path, schema, subject=SubjectInfo(id=subject))
    rng = np.random.default_rng(seed)
    for event in events_of(schema, counts, writer.anchor_host_ns, loss=loss, rng=rng):
        writer.write(event)
    for time_s, kind, text in markers:
        device_us = round((BOOT_S + time_s) * 1e6)
        host_ns = writer.anchor_host_ns + device_us * 1000
        writer.write(
            Marker(host_ns=host_ns, kind=kind, text=text, source="device", device_us=device_us)
        )
    writer.close()
    return path


@pytest.fixture(scope="module")
def replay(assets):
    return demo_replay(assets, seconds_per_activity=10.0, rng=np.random.default_rng(7))


@pytest.fixture(scope="module")
def whole(replay, tmp_path_factory):
    """Analysis of the demo's recording with every sample there."""
    return analyze(write(tmp_path_factory.mktemp("whole") / "session.h5", *replay))


@pytest.fixture(scope="module")
def lossy(replay, tmp_path_factory):
    """Analysis of the same recording with a tenth of the frames lost, and its page."""
    folder = tmp_path_factory.mktemp("lossy")
    path = write(folder / "session.h5", *replay, loss=0.1, subject="<b>P2</b>")
    analysis = analyze(path, out=folder / "session.html")
    return analysis, (folder / "session.html").read_text(encoding="utf-8")


def test_every_sample_is_stored_or_in_a_gap(replay, lossy):
    _, counts, _ = replay
    for stream, key in zip(sorted(lossy[0].streams, key=lambda s: s.name), (1, 2, 3), strict=True):
        assert stream.n_stored + stream.n_lost == len(counts[key])
        assert stream.n_lost == sum(gap.n_samples for gap in stream.gaps)
        assert stream.coverage == pytest.approx(stream.n_stored / len(counts[key]))
    assert lossy[0].n_lost > 0


def test_activity_agrees_with_the_truth(whole, lossy):
    """The net never saw these cases; holes cost windows, not right answers."""
    assert whole.activity.accuracy >= 0.85
    assert whole.activity.unknown < lossy[0].activity.unknown
    assert lossy[0].activity.accuracy >= 0.8
    assert set(whole.activity.truth) - {""} == set(ACTIVITIES)


def test_no_window_over_a_gap_has_a_label(lossy):
    imu = lossy[0].stream_of("acc")
    result = lossy[0].activity
    for gap in imu.gaps:
        inside = (gap.start_s + gap.stop_s) / 2
        near = [
            label
            for label, time_s in zip(result.labels, result.times_s, strict=True)
            if abs(time_s - inside) < 0.8
        ]
        assert set(near) <= {"unknown"}


def test_no_beat_and_no_breath_lies_inside_a_gap(lossy):
    for kind, events in (("ppg", lossy[0].beats), ("strain", lossy[0].breaths)):
        for gap in lossy[0].stream_of(kind).gaps:
            assert not [e for e in events if gap.start_s + 1e-6 < e.time_s < gap.stop_s - 1e-6]


def median(rates):
    return np.median([rate.per_minute for rate in rates if math.isfinite(rate.per_minute)])


def test_rates_survive_loss(whole, lossy):
    assert median(whole.breathing) == pytest.approx(15, abs=1)
    assert median(whole.pulse) == pytest.approx(62, abs=3)
    known = [rate for rate in lossy[0].pulse if math.isfinite(rate.per_minute)]
    assert all(rate.quality >= 0.3 for rate in known)
    assert not known or median(known) == pytest.approx(median(whole.pulse), abs=6)


def test_a_sensor_that_is_not_worn_gives_no_pulse(replay, assets, tmp_path):
    """The recording's own start, before the finger was in: beats may be seen, a rate is not."""
    schema, _, _ = only(replay, 2)
    with np.load(assets / "recordings" / "heartpy_ppg.npz") as data:
        start = data["counts"][:2900].astype(np.int64)[:, None]
    analysis = analyze(write(tmp_path / "s.h5", schema, {2: start}, []))
    assert analysis.pulse
    assert sum(math.isfinite(rate.per_minute) for rate in analysis.pulse) <= 1
    assert min(q.quality for q in analysis.stream_of("ppg").quality) < 0.5


def test_standing_moves_less_than_running(whole):
    result = {}
    for item in whole.intensity:
        at = np.argmin(np.abs(np.array(whole.activity.times_s) - item.time_s))
        result.setdefault(whole.activity.truth[at], []).append(item.mad_m_s2)
    assert np.mean(result["Standing"]) < np.mean(result["Walking"]) < np.mean(result["Running"])


def test_numbers_are_plain_json_and_synthetic_is_said(whole, lossy):
    for analysis in (whole, lossy[0]):
        numbers = json.loads(json.dumps(analysis.to_json(), allow_nan=False))
        assert numbers["breathing_is_synthetic"] is True
        assert numbers["streams"]["strain"]["is_synthetic"] is True
        assert "synthetic" in dict(analysis.rows())["breathing"]
        assert "windows right" in dict(analysis.rows())["activity"]


def test_page_is_one_file_that_asks_nothing_from_outside(lossy):
    page = lossy[1]
    assert not OUTSIDE.search(page)
    assert page.count("<svg") == page.count('role="img"') == page.count("aria-label=") >= 7
    assert len(page) < 3_000_000


def test_page_tells_quality_first_and_everything_once(lossy):
    analysis, page = lossy
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    wanted = ["Data quality", "Summary", "Pulse", "Breathing", "Movement", "Activity", "Provenance"]
    assert [heading for heading in headings if heading in wanted] == wanted
    assert set(headings) - set(wanted) <= {"Heart rate variability", "Walking and posture"}
    assert len(set(headings)) == len(headings)
    assert "strain (synthetic)" in page
    assert "from a synthetic channel" in page
    assert analysis.session_id in page
    assert "<b>P2</b>" not in page
    assert "&lt;b&gt;P2&lt;/b&gt;" in page
    assert page.count("<td>radio</td>") == sum(len(s.gaps) for s in analysis.streams)


def test_same_analysis_same_page(lossy):
    assert session_page(lossy[0]) == lossy[1]


def test_page_without_loss_says_that_nothing_is_missing(whole):
    assert "No gap" in session_page(whole)


def only(replay, key, **changes):
    """The replay with one stream, changed."""
    schema, counts, markers = replay
    stream = replace(schema.stream(key), **changes)
    return replace(schema, streams=(stream,)), {key: counts[key]}, markers


def test_garment_without_motion_has_no_activity(replay, tmp_path):
    path = write(tmp_path / "s.h5", *only(replay, 3))
    analysis = analyze(path, out=tmp_path / "s.html")
    assert analysis.activity is None
    assert analysis.intensity == analysis.pulse == ()
    rows = dict(analysis.rows())
    assert rows["pulse"] == "not recorded"
    assert "activity" not in rows
    page = (tmp_path / "s.html").read_text(encoding="utf-8")
    assert "<h2>Activity" not in page
    assert "<h2>Breathing" in page


def test_rate_that_the_shipped_model_does_not_know_is_said_not_raised(replay, assets, tmp_path):
    """A model that a person chose must fit; the one that ships may not."""
    path = write(tmp_path / "s.h5", *only(replay, 1, rate_hz=50.0, rates_hz=(50.0,)))
    analysis = analyze(path, out=tmp_path / "s.html")
    assert analysis.activity is None
    assert "10 Hz" in dict(analysis.rows())["activity"]
    assert "Not classified" in (tmp_path / "s.html").read_text(encoding="utf-8")
    with pytest.raises(ModelError, match="10 Hz"):
        analyze(path, model=assets / "models" / "basicmotions.safetensors")


def test_marker_of_an_activity_that_the_model_never_learned_is_shown(replay, tmp_path):
    schema, counts, _ = only(replay, 1)
    path = write(tmp_path / "s.h5", schema, counts, [(0.0, "activity", "Cycling")])
    analysis = analyze(path, out=tmp_path / "s.html")
    assert analysis.activity.accuracy == 0.0
    assert "Cycling" in (tmp_path / "s.html").read_text(encoding="utf-8")


def test_session_without_truth_is_not_judged(replay, tmp_path):
    schema, counts, _ = only(replay, 1)
    analysis = analyze(write(tmp_path / "s.h5", schema, counts, []))
    assert "no window can be judged" in dict(analysis.rows())["activity"]
    assert "not judged" in session_page(analysis)
    json.dumps(analysis.to_json(), allow_nan=False)


def test_empty_session_still_gives_a_page(replay, tmp_path):
    writer = SessionWriter(tmp_path / "s.h5", replay[0], subject=SubjectInfo(id="P1"))
    writer.close()
    analysis = analyze(tmp_path / "s.h5", out=tmp_path / "s.html")
    assert analysis.n_lost == 0
    assert "no exchange" in dict(analysis.rows())["clock"]
    json.dumps(analysis.to_json(), allow_nan=False)


def test_missing_session_is_refused(tmp_path):
    with pytest.raises(SessionError, match="does not exist"):
        analyze(tmp_path / "none.h5")


def test_demo_plays_test_cases_only_and_says_when(replay, assets):
    """Every second of motion is found in the test cases; the counts fit their bits."""
    schema, counts, markers = replay
    assert isinstance(schema, GarmentSchema)
    assert [mark[2] for mark in markers] == list(ACTIVITIES)
    assert [mark[0] for mark in markers] == [0.0, 10.0, 20.0, 30.0]
    with np.load(assets / "recordings" / "basicmotions_test.npz") as data:
        cases, labels = data["cases"], data["labels"]
    known = {np.rint(case / 0.002).astype(int).tobytes() for case in cases}
    assert len(cases) == len(labels) == 40
    for start in range(0, 400, 100):
        assert counts[1][start : start + 100].astype(int).tobytes() in known
    for stream in schema.streams:
        for channel, column in zip(stream.channels, counts[stream.id].T, strict=True):
            low, high = channel.count_range
            assert low <= column.min() <= column.max() <= high
            assert np.ptp(column) > 0


def test_missing_recordings_are_said_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="recordings are missing"):
        demo_replay(tmp_path, seconds_per_activity=1.0, rng=np.random.default_rng(0))
