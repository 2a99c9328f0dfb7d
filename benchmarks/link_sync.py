"""Clock of a garment on a simulated radio: our exchanges beside NTP-style and arrival times.

One hour; events of the radio every connection interval, 6 % repeats, a host that is late by chance;
a crystal 40 ppm fast that wanders by 4 ppm in ten minutes.
"""

import argparse
import json

import numpy as np

from firmware_bridge.sim.faults import Faults
from firmware_bridge.timesync import Exchange, OnlineClock, refit

INTERVALS_MS = (7.5, 15.0, 30.0, 50.0)
HOUR_S = 3600.0
AIR_S, REPEAT, HOST_S = 0.4e-3, 0.06, 0.3e-3
# What `wearables.ble` asks for.
DITHER_US, HOST_DITHER_S, BURST, SPACING_S, EVERY_S = 100_000, 0.1, 8, 0.11, 10.0


class Radio:
    def __init__(self, interval_s: float, rng: np.random.Generator) -> None:
        self.interval_s, self.rng = interval_s, rng
        self.phase_s = rng.uniform(0, interval_s)

    def sent_s(self, at_s: float) -> float:
        """When a packet that is ready now has crossed the air."""
        n = np.ceil((at_s - self.phase_s) / self.interval_s)
        repeats = self.rng.geometric(1 - REPEAT) - 1
        return self.phase_s + (n + repeats) * self.interval_s + AIR_S

    def host_late_s(self) -> float:
        return float(self.rng.exponential(HOST_S))


def exchange(radio: Radio, crystal: Faults, at_s: float, *, dither: bool) -> Exchange:
    rng = radio.rng
    t1_s = at_s + (rng.uniform(0, HOST_DITHER_S) if dither else 0.0)
    arrived_s = radio.sent_s(t1_s + radio.host_late_s())
    wait_s = rng.integers(0, DITHER_US + 1) * 1e-6 if dither else 0.2e-3
    left_s = arrived_s + wait_s
    t4_s = radio.sent_s(left_s) + radio.host_late_s()
    return Exchange(
        t1_host_ns=round(t1_s * 1e9), t2_device_us=crystal.device_us(round(arrived_s * 1e9)),
        t3_device_us=crystal.device_us(round(left_s * 1e9)), t4_host_ns=round(t4_s * 1e9),
        dither_us=DITHER_US if dither else 0,
    )  # fmt: skip


def bursts(radio: Radio, crystal: Faults, *, dither: bool) -> list[list[Exchange]]:
    return [
        [exchange(radio, crystal, start_s + i * SPACING_S, dither=dither) for i in range(BURST)]
        for start_s in np.arange(1.0, HOUR_S, EVERY_S)
    ]


def summary(errors_s: np.ndarray) -> dict[str, float]:
    errors_ms = errors_s * 1e3
    return {
        "bias_ms": float(errors_ms.mean()),
        "sd_ms": float(errors_ms.std()),
        "p95_ms": float(np.quantile(np.abs(errors_ms), 0.95)),
    }


def methods(interval_ms: float, seed: int) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    radio = Radio(interval_ms * 1e-3, rng)
    crystal = Faults(drift_ppm=40.0, wander_ppm=4.0)
    # Between the first and the last burst, so that no method has to look into the future.
    true_s = np.arange(15.0, HOUR_S - 15)
    device_us = np.array([crystal.device_us(round(t * 1e9)) for t in true_s], dtype=np.float64)
    sent = np.array([radio.sent_s(t + 0.2e-3) + radio.host_late_s() for t in true_s])
    found = {"arrival times": summary(sent - true_s)}
    line = np.polyfit(device_us, sent, 1)
    found["line through arrivals"] = summary(np.polyval(line, device_us) - true_s)
    plain = bursts(radio, crystal, dither=False)
    best = [min(burst, key=lambda e: e.rtt_s) for burst in plain]
    at_us = np.array([e.device_us for e in best])
    host_s = np.array([e.device_us * 1e-6 + e.offset_s for e in best])
    found["NTP-style"] = summary(np.interp(device_us, at_us, host_s) - true_s)
    own = bursts(radio, crystal, dither=True)
    fit = refit([e for burst in own for e in burst])
    found["ours, after the session"] = summary(fit.host_ns(device_us) * 1e-9 - true_s)
    clock, errors = OnlineClock(), []
    for burst in own:
        clock(burst)
        t_s = (burst[-1].t4_host_ns * 1e-9) + np.arange(0.0, EVERY_S - 2)
        us = np.array([crystal.device_us(round(t * 1e9)) for t in t_s], dtype=np.float64)
        errors.append(clock.fit().host_ns(us) * 1e-9 - t_s)
    found["ours, while recording"] = summary(np.concatenate(errors[6:]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = {}
    for interval_ms in INTERVALS_MS:
        runs = [methods(interval_ms, seed) for seed in range(options.seeds)]
        table[interval_ms] = {
            name: {
                "bias_ms": max((run[name]["bias_ms"] for run in runs), key=abs),
                "sd_ms": max(run[name]["sd_ms"] for run in runs),
                "p95_ms": max(run[name]["p95_ms"] for run in runs),
            }
            for name in runs[0]
        }
    if options.json:
        print(json.dumps({str(key): value for key, value in table.items()}))
        return
    print(f"worst of {options.seeds} hours: bias / sd / 95 % of errors below, ms")
    for name in table[INTERVALS_MS[0]]:
        cells = [
            f"{row[name]['bias_ms']:+6.2f} /{row[name]['sd_ms']:5.2f} /{row[name]['p95_ms']:6.2f}"
            for row in table.values()
        ]
        print(f"{name:26}" + " | ".join(cells))


if __name__ == "__main__":
    main()
