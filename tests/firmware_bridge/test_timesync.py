"""Clock fits against a simulated radio whose truth is known."""

import numpy as np
import pytest

from firmware_bridge.timesync import Exchange, OnlineClock, refit

OFFSET_S, DRIFT = 12.345, 40e-6


def exchanges(*, interval_s, n_bursts=360, dither=True, seed=1):
    """Bursts of eight, as a radio with a connection interval delays them."""
    rng = np.random.default_rng(seed)
    bursts = []
    for burst in range(n_bursts):
        rows = []
        for i in range(8):
            t1 = 10.0 * burst + 0.11 * i + rng.uniform(0, interval_s)
            arrive = np.ceil(t1 / interval_s) * interval_s + rng.exponential(1e-4)
            leave = arrive + (rng.uniform(0, interval_s) if dither else 0.0)
            t4 = np.ceil(leave / interval_s) * interval_s + rng.exponential(3e-4)
            device = [(t - OFFSET_S) / (1 + DRIFT) + 100.0 for t in (arrive, leave)]
            rows.append(
                Exchange(
                    t1_host_ns=round(t1 * 1e9),
                    t2_device_us=round(device[0] * 1e6),
                    t3_device_us=round(device[1] * 1e6),
                    t4_host_ns=round(t4 * 1e9),
                    dither_us=round(interval_s * 1e6),
                )
            )
        bursts.append(rows)
    return bursts


def error_s(fit, at_host_s):
    device_us = ((at_host_s - OFFSET_S) / (1 + DRIFT) + 100.0) * 1e6
    return fit.host_ns(device_us) * 1e-9 - at_host_s


@pytest.mark.parametrize("interval_s", [0.0075, 0.015, 0.030, 0.050])
def test_a_dithered_fit_has_no_bias(interval_s):
    bursts = exchanges(interval_s=interval_s)
    fit = refit([row for burst in bursts for row in burst])
    errors = error_s(fit, np.linspace(0, 3600, 50))
    assert abs(errors.mean()) < 0.5e-3
    assert np.quantile(np.abs(errors), 0.95) < 1e-3
    assert fit.drift[0] == pytest.approx(DRIFT, abs=5e-6)
    assert 3 < fit.n_used < 8 * 360


def test_without_dither_the_reply_waits_and_biases_the_clock():
    plain = refit([r for b in exchanges(interval_s=0.03, dither=False) for r in b])
    assert abs(error_s(plain, np.array([300.0]))[0]) > 5e-3


def test_the_filter_follows_while_recording():
    clock = OnlineClock()
    assert not clock.is_set
    assert clock.fit().method == "none"
    for burst in exchanges(interval_s=0.015):
        clock(burst)
    clock([])
    assert clock.is_set
    assert abs(error_s(clock.fit(), np.array([3590.0]))[0]) < 1.5e-3
    clock.reset()
    assert not clock.is_set


def test_one_burst_gives_an_offset_and_no_drift():
    fit = refit(exchanges(interval_s=0.015, n_bursts=1)[0])
    assert fit.drift[0] == 0.0
    assert abs(error_s(fit, np.array([0.5]))[0]) < 8e-3


def test_no_exchange_is_said():
    fit = refit([])
    assert fit.method == "none"
    assert np.isinf(fit.sd_s[0])
