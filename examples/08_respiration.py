"""Breaths from two belts with a second missing: rate, depth, and whether chest and belly agree."""

import numpy as np
from matplotlib.figure import Figure

from wearables.events import SampleBlock
from wearables.signals import BreathDetector, run
from wearables.signals.breath import belt_phase_rad, breath_intervals_s

RATE_HZ = 25.0
time_s = np.arange(round(90 * RATE_HZ)) / RATE_HZ
phase = 2 * np.pi * np.cumsum(0.22 + 0.04 * np.sin(2 * np.pi * time_s / 60)) / RATE_HZ
# From 50 s on the belly works against the chest.
lag_rad = 1.3 + 1.1 * np.tanh((time_s - 50) / 1.5)
values = np.stack([0.020 * np.sin(phase), 0.015 * np.sin(phase - lag_rad)], axis=1)
values += np.random.default_rng(0).normal(0, 3e-4, values.shape)
lost = (time_s >= 30) & (time_s < 31)


def part(rows: np.ndarray) -> SampleBlock:
    return SampleBlock(
        stream="belts", first_index=int(rows[0]), time_s=time_s[rows], values=values[rows],
        channels=("chest_1", "belly_1"),
    )  # fmt: skip


rows = np.arange(time_s.size)
pieces = [part(rows[time_s < 30]), part(rows[time_s >= 31])]
breaths = run(BreathDetector(rate_hz=RATE_HZ), pieces)
intervals = breath_intervals_s(breaths)
print(f"{len(breaths)} breaths, {60 / np.nanmedian(intervals):.1f} a minute")
print(f"{np.isnan(intervals[1:]).sum()} interval is unknown: it would lead over the gap")
print(f"depth {100 * np.median([breath.depth for breath in breaths]):.1f} % strain, peak to peak")

whole = part(rows)
whole.values[lost] = np.nan
agree = belt_phase_rad(whole, breaths)
starts = np.array([breath.start_s for breath in breaths])
for name, chosen in (("before", starts < 45), ("after", starts > 52)):
    print(f"chest against belly {name} 50 s: {np.degrees(np.nanmedian(agree[chosen])):.0f} degrees")

figure = Figure(figsize=(9, 3), layout="constrained")
axis = figure.add_subplot()
axis.plot(time_s, 100 * whole.values, label=("chest", "belly"))
axis.axvspan(30, 31, color="0.85", label="lost")
for breath in breaths:
    axis.axvline(breath.start_s, color="0.5", lw=0.5)
axis.set(xlabel="time [s]", ylabel="strain [%]", xlim=(20, 75))
axis.legend(loc="upper left")
figure.savefig("breaths.png", dpi=110)
