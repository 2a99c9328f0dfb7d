"""A knee sleeve through a bend: strain, predicted counts, session, and the way back from it."""

import json

import numpy as np
import pytest
import trimesh
from PIL import Image

from firmware_bridge.sim import read_replay
from fitting.body import Measurements, body_from_measurements
from fitting.pattern import complete_measures
from fitting.preview import read_glb_motion
from muslin.analyze import analyze
from muslin.errors import InputError
from muslin.fitting_room import FittingRoom
from muslin.synthetic import is_synthetic
from muslin.twin import twin_garment
from muslin.twin.errors import SensorError
from muslin.twin.motion.frames import motion_frames
from muslin.twin.motion.keyposes import pose_features
from muslin.twin.motion.motion import motion_of
from muslin.twin.motion.moving import skin_stretch, wear_moving
from muslin.twin.replay.files import animation_rows, tell, write_twin
from muslin.twin.replay.recorded import ReplaySettings, recorded_motion, settings_from
from muslin.twin.replay.replayed import TwinReplay, compared_lines, twin_replay
from muslin.twin.sensors.grip import with_friction
from muslin.twin.signals.gauge import GaugeSettings
from muslin.twin.signals.predict import SensorModels, predict
from muslin.twin.signals.simulated import write_prediction
from wearables.errors import SessionError
from wearables.sessions import Session, SessionWriter, SubjectInfo
from wearables.sessions.stored_events import StoredEvents

SECONDS = 8.0
LINES = ("S1", "S2", "S3", "S4", "S5")


@pytest.fixture(scope="module")
def person():
    measures = Measurements.from_cm({"stature": 175.6, "hip_girth": 102})
    fitted = body_from_measurements(measures, sex="male")
    return fitted.body, complete_measures(measures, fitted.achieved)


@pytest.fixture(scope="module")
def garment():
    return twin_garment("knee_sleeve")


@pytest.fixture(scope="module")
def track():
    return motion_of("bend", duration_s=SECONDS)


@pytest.fixture(scope="module")
def frames(person, track):
    return motion_frames(track, person[0])


@pytest.fixture(scope="module")
def worn(person, garment, frames):
    """Worn so that it follows the skin."""
    return wear_moving(
        garment.draft(person[1]), garment.plans, with_friction(garment.fabric, 2.0), person[0],
        frames, n_keys=6,
    )  # fmt: skip


@pytest.fixture(scope="module")
def said(garment, worn, frames, track):
    return predict(garment.schema, worn, frames, markers=track.markers, seed=3)


@pytest.fixture(scope="module")
def session(said, tmp_path_factory):
    path = tmp_path_factory.mktemp("twin") / "bend.h5"
    write_prediction(said, path, title="bend")
    return path


def site_of(worn, name):
    return next(site for site in worn.sites if site.sensor.name == name)


def test_only_the_knee_matters_to_a_knee_sleeve(worn):
    assert worn.joints == ("knee_l",)
    assert len(worn.drapes) == 6


@pytest.mark.parametrize("name", LINES)
def test_a_line_over_the_kneecap_stretches_as_the_skin_under_it(worn, name):
    """Monotonic, and within 20 % of the skin's own stretch from straight to 90 degrees."""
    site = site_of(worn, name)
    cloth = (1 + worn.strain(site)) / (1 + worn.strain(site)[0]) - 1
    skin = skin_stretch(site, worn)
    assert (np.diff(cloth) > 0).all()
    # The outermost line lies beside the axis of the knee, where hardly anything stretches.
    np.testing.assert_allclose(cloth[3:], skin[3:], rtol=0.25 if name == "S5" else 0.2)


def test_the_middle_line_stretches_most_and_the_outer_ones_least(worn):
    stretch = {name: float(np.ptp(worn.strain(site_of(worn, name)))) for name in LINES}
    order = sorted(stretch, key=stretch.get, reverse=True)
    assert order[0] == "S3"
    assert set(order[1:3]) == {"S2", "S4"}


def test_between_keys_strain_stays_between_them(worn, frames):
    site = site_of(worn, "S3")
    keys, whole = worn.strain(site), worn.strain_at(site, frames)
    assert whole.min() >= keys.min() - 1e-12
    assert whole.max() <= keys.max() + 1e-12
    at_keys = np.interp(worn.key_s, frames.time_s, whole)
    np.testing.assert_allclose(at_keys, keys, atol=1e-9)


def test_cloth_laid_on_the_skin_is_the_drape_at_the_keys(worn):
    laid = worn.binding().on(list(worn.bodies), worn.features)
    for cloth, drape in zip(laid, worn.drapes, strict=True):
        np.testing.assert_allclose(cloth, drape.positions_m, atol=1e-9)


def test_every_channel_says_that_it_was_computed(said, garment):
    assert said.schema.name == garment.schema.name
    channels = [channel for stream in said.schema.streams for channel in stream.channels]
    assert all(is_synthetic(channel) for channel in channels)
    assert "seed 3" in channels[0].calibration
    assert not any(is_synthetic(c) for s in garment.schema.streams for c in s.channels)
    assert said.markers[0][1:] == ("marker", "synthetic: muslin twin, bend, seed 3")
    assert [mark[2] for mark in said.markers[1:]] == ["standing", "bend"]


def test_the_seed_decides_every_count(said, garment, worn, frames):
    again = predict(garment.schema, worn, frames, seed=3)
    other = predict(garment.schema, worn, frames, seed=4)
    for key, counts in said.counts.items():
        np.testing.assert_array_equal(counts, again.counts[key])
        assert (counts != other.counts[key]).any()


def test_a_still_thigh_feels_gravity_and_no_turn(said):
    acc = np.stack([said.felt[f"imu.acc_{a}"] for a in "xyz"], axis=1)
    gyr = np.stack([said.felt[f"imu.gyr_{a}"] for a in "xyz"], axis=1)
    assert said.counts[2].shape == (800, 6)
    np.testing.assert_allclose(np.linalg.norm(acc[:150], axis=1), 9.80665, atol=0.02)
    # The sleeve is pulled at a little, and the module with it.
    assert np.abs(gyr[:150]).max() < 0.01
    assert np.abs(gyr).max() < 0.5


def test_a_reading_is_the_strain_times_its_gauge_factor(garment, worn, frames):
    models = SensorModels(gauge=GaugeSettings(gauge_factor=2.0).ideal())
    ideal = predict(garment.schema, worn, frames, models=models)
    channel = garment.schema.stream_named("strain").channels[2]
    wanted = 2.0 * ideal.felt["strain.S3"] / channel.scale
    np.testing.assert_allclose(ideal.counts[1][:, 2], wanted, atol=0.51)


def test_a_sensor_that_feeds_no_channel_is_said(garment, worn, frames):
    streams = garment.schema.streams[:1]
    less = type(garment.schema)(vendor="v", name="n", hw="h", schema=1, streams=streams)
    with pytest.raises(SensorError, match="which the garment does not send"):
        predict(less, worn, frames)


def test_the_session_holds_the_counts_and_says_what_it_is(session, said):
    with Session.open(session) as opened:
        for stream in said.schema.streams:
            reader = opened.streams[stream.name]
            np.testing.assert_array_equal(reader.counts(0, reader.n_rows), said.counts[stream.id])
        assert opened.protocol["origin"] == "synthetic"
        assert opened.title.startswith("synthetic")
        assert [mark.text for mark in opened.markers if mark.kind == "activity"] == [
            "standing", "bend",
        ]  # fmt: skip
    assert all(stream.is_synthetic for stream in analyze(session).streams)


@pytest.mark.parametrize(("name", "words"), [("a.csv", "no .h5"), ("bend.h5", "exists")])
def test_where_a_prediction_cannot_go_is_said(said, session, name, words):
    with pytest.raises(InputError, match=words):
        write_prediction(said, session.parent / name, title="t")


@pytest.mark.parametrize(
    "settings",
    [ReplaySettings(gauge_factor=2.4, bent_rad=None), ReplaySettings(bent_rad=np.radians(90))],
    ids=["known gauge", "two poses"],
)
def test_the_session_tells_how_the_knee_bent(session, worn, track, settings):
    """Hysteresis, creep and noise cost a few degrees."""
    with Session.open(session) as opened:
        found = recorded_motion(opened, worn, track.at(worn.key_s), settings)
    assert found.sources["knee_flexion_l"] == "strain lines"
    assert found.sources["hip_flexion_l"].startswith("module on hip l")
    own = found.track.angles_rad["knee_flexion_l"]
    true = track.at(found.track.time_s + found.start_s)["knee_flexion_l"]
    assert np.degrees(np.sqrt(np.mean((own - true) ** 2))) < 7
    assert np.degrees(np.abs(found.track.angles_rad["hip_flexion_l"]).max()) < 3


@pytest.fixture(scope="module")
def replay(session, worn, track, person, garment):
    with Session.open(session) as opened:
        motion = recorded_motion(opened, worn, track.at(worn.key_s))
        frames = motion_frames(motion.track, person[0])
        lines = tuple(compared_lines(opened, worn, frames, motion.start_s))
    return TwinReplay(
        session=session, garment=garment, body=person[0], worn=worn, motion=motion, frames=frames,
        lines=lines,
    )  # fmt: skip


@pytest.fixture(scope="module")
def both(session, tmp_path_factory):
    """The sleeve's session in one file with a second garment's."""
    path = tmp_path_factory.mktemp("twin") / "both.h5"
    with StoredEvents(session) as stored:
        schemas = {"belt": stored.schema, "leg": stored.schema}
        with SessionWriter(
            path, schemas, subject=SubjectInfo(id="P1"), start_host_ns=stored.anchor_host_ns
        ) as writer:
            for event in stored:
                writer.write(event, device="leg")
    return path


def test_one_garment_of_several_drives_the_twin(both, replay, worn, person, tmp_path, monkeypatch):
    monkeypatch.setattr("muslin.twin.replay.replayed._worn", lambda *_: worn)
    room = FittingRoom(
        body=person[0], measures=person[1], achieved=person[1], residual_m={}, uncertainty_m={}
    )
    alone = twin_replay(replay.session, "knee_sleeve", wearer=room)
    found = twin_replay(both.with_name("both.h5#leg"), "knee_sleeve", wearer=room)
    assert [line.correlation for line in found.lines] == pytest.approx(
        [line.correlation for line in alone.lines], abs=1e-6
    )
    numbers = write_twin(found, tmp_path / "twin", n_frames=2, seconds=1.0)
    assert numbers["session"] == "both.h5#leg"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("both.h5", r"several garments \(belt, leg\); name one: .*both.h5#belt"),
        ("both.h5#hat", "no garment 'hat'; it holds belt, leg"),
        ("both.h5#belt", "no sample"),
    ],
)
def test_a_garment_that_cannot_be_meant_is_told(both, name, words):
    with pytest.raises((SessionError, InputError), match=words):
        twin_replay(both.with_name(name), "knee_sleeve")


def test_measured_goes_with_predicted(replay):
    found = {line.name: line for line in replay.lines}
    assert set(found) == set(LINES)
    for name in ("S2", "S3", "S4"):
        assert found[name].correlation > 0.95
        assert 1.5 < found[name].gain < 3.5


def test_the_replay_is_an_animation_a_picture_and_numbers(replay, tmp_path, capsys):
    numbers = write_twin(replay, tmp_path / "twin", seconds=8.0, n_frames=6)
    folder = tmp_path / "twin"
    time_s, frames = read_glb_motion(folder / "twin.glb")
    rows = animation_rows(replay, start_s=0.0, seconds=8.0, n_frames=6)
    assert len(time_s) == len(rows) == 6
    bodies = replay.bodies(rows)
    np.testing.assert_allclose(frames["body"][3], bodies[3].vertices_m, atol=1e-5)
    assert set(trimesh.load(folder / "twin.glb", process=False).geometry) == {
        "body", "garment", "sensors",
    }  # fmt: skip
    picture = np.asarray(Image.open(folder / "twin.png").convert("L"))
    assert picture.std() > 10
    told = json.loads((folder / "twin.json").read_text())
    assert told["lines"]["S3"]["correlation"] > 0.95
    assert tell(numbers, folder, as_json=False) == 0
    assert tell(numbers, folder, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["session"] == "bend.h5"


def test_the_animated_cloth_stays_on_the_leg(replay):
    """Behind a bent knee skin folds on skin; elsewhere the cloth lies on it."""
    from fitting.cloth.skin import Skin

    rows = animation_rows(replay, start_s=0.0, seconds=8.0, n_frames=8)
    bodies = replay.bodies(rows)
    for body, cloth in zip(bodies, replay.cloth_m(bodies, rows), strict=True):
        height, _ = Skin(body).height_m(cloth)
        assert np.quantile(height, 0.01) > -0.006
        assert height.max() < 0.03


def test_what_is_streamed_again_is_bit_for_bit_what_was_recorded(replay, said, tmp_path):
    write_twin(replay, tmp_path / "twin", n_frames=2, seconds=1.0)
    again = read_replay(tmp_path / "twin" / "replay.npz")
    for stream in said.schema.streams:
        assert again.schema.stream_named(stream.name) == stream
        np.testing.assert_array_equal(again.counts[stream.id], said.counts[stream.id])
    twin = again.schema.stream_named("twin")
    assert [channel.name for channel in twin.channels] == [f"{name}_predicted" for name in LINES]
    assert all(is_synthetic(channel) for channel in twin.channels)
    assert len(again.counts[twin.id]) == len(again.counts[1])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"start_s": 99.0, "seconds": 5.0, "n_frames": 9}, "beyond"),
        ({"start_s": 0.0, "seconds": 0.0, "n_frames": 9}, "no animation"),
        ({"start_s": 0.0, "seconds": 5.0, "n_frames": 1}, "outside 2"),
    ],
)
def test_an_animation_of_nothing_is_said(replay, wrong, words):
    with pytest.raises(InputError, match=words):
        animation_rows(replay, **wrong)


@pytest.mark.parametrize(
    ("wrong", "words"), [({"bent_deg": 0.0}, "outside 5"), ({"gauge_factor": 0.0}, "of 0 says")]
)
def test_settings_that_make_no_sense_are_said(wrong, words):
    with pytest.raises(InputError, match=words):
        settings_from(**{"bent_deg": 90.0, "gauge_factor": None, "both_sides": False} | wrong)


def test_features_of_a_motion_match_those_of_its_keys(worn, frames):
    features = pose_features(frames, worn.joints)
    rows = [int(np.abs(frames.time_s - at_s).argmin()) for at_s in worn.key_s]
    np.testing.assert_allclose(features[rows], worn.features, atol=1e-12)
