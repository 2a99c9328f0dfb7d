"""Models on signals that cannot be right: unknown with a reason, or a sentence, never a label."""

import numpy as np
import pytest

from wearables.activity.answer import REASONS, UNKNOWN
from wearables.activity.dataset import BASICMOTIONS_CHANNELS, read_cases
from wearables.activity.models import open_model
from wearables.errors import ModelError
from wearables.events import SampleBlock
from wearables.signals.operator import run

RATE_HZ = 10.0


@pytest.fixture(scope="module")
def model(assets):
    return open_model(assets / "models" / "basicmotions.safetensors")


@pytest.fixture(scope="module")
def motion(assets):
    cases = read_cases(assets / "recordings" / "basicmotions_test.npz")
    return np.concatenate(cases.values[[0, 10, 20, 30]]).astype(np.float64)


def judged(model, values, *, time_s=None, step=None):
    time_s = np.arange(len(values)) / RATE_HZ if time_s is None else time_s
    step = step or len(values)
    blocks = [
        SampleBlock(
            stream="imu", first_index=i, time_s=time_s[i : i + step], values=values[i : i + step],
            channels=BASICMOTIONS_CHANNELS,
        )
        for i in range(0, len(values), step)
    ]  # fmt: skip
    return run(model.open(BASICMOTIONS_CHANNELS, RATE_HZ), blocks)


def reasons(answers):
    assert all((one.label == UNKNOWN) == bool(one.reason) for one in answers)
    assert {one.reason for one in answers} <= {"", *REASONS}
    return {one.reason for one in answers}


def test_good_motion_is_judged_and_one_sample_blocks_change_nothing(model, motion):
    whole = judged(model, motion)
    assert sum(one.label != UNKNOWN for one in whole) > 0.9 * len(whole)
    assert "flat" not in reasons(whole)
    assert judged(model, motion, step=1) == whole


def test_missing_numbers_are_a_gap(model, motion):
    motion = motion.copy()
    motion[100:200] = np.nan
    assert "gap" in reasons(judged(model, motion))
    assert reasons(judged(model, np.full_like(motion, np.nan))) <= {"gap"}
    motion[:, 3] = np.inf
    assert reasons(judged(model, motion)) == {"gap"}


@pytest.mark.parametrize("column", [0, 5])
def test_a_channel_that_stands_still_is_flat(model, motion, column):
    motion = motion.copy()
    motion[:, column] = motion[0, column]
    assert reasons(judged(model, motion)) == {"flat"}


@pytest.mark.parametrize("rate_hz", [8.0, 12.5])
def test_a_clock_at_another_rate_is_told(model, motion, rate_hz):
    found = judged(model, motion, time_s=np.arange(len(motion)) / rate_hz)
    assert reasons(found) == {"clock"}


def test_a_clock_that_runs_backwards_is_told(model, motion):
    time_s = np.arange(len(motion)) / RATE_HZ
    time_s[200:] -= 5.0
    found = judged(model, motion, time_s=time_s)
    assert "clock" in reasons(found)
    assert reasons(judged(model, motion, time_s=time_s[::-1])) == {"clock"}


@pytest.mark.parametrize(
    ("channels", "rate_hz", "says"),
    [
        (BASICMOTIONS_CHANNELS[::-1], RATE_HZ, "in this order"),
        (("acc_x_g", *BASICMOTIONS_CHANNELS[1:]), RATE_HZ, "acc_x_g"),
        (BASICMOTIONS_CHANNELS, 25.0, "needs 10 Hz"),
        (BASICMOTIONS_CHANNELS, float("nan"), "needs 10 Hz"),
    ],
)
def test_other_order_units_or_rate_are_refused(model, channels, rate_hz, says):
    with pytest.raises(ModelError, match=says):
        model.open(channels, rate_hz)


def test_an_operator_can_be_saved_amid_the_signal(model, motion):
    one, other = (model.open(BASICMOTIONS_CHANNELS, RATE_HZ) for _ in range(2))
    first, second = (
        SampleBlock(
            stream="imu", first_index=a, time_s=np.arange(a, b) / RATE_HZ, values=motion[a:b],
            channels=BASICMOTIONS_CHANNELS,
        )
        for a, b in ((0, 133), (133, len(motion)))
    )  # fmt: skip
    one(first)
    other.restore(one.state())
    assert other(second) == one(second)
