"""R peaks of a noisy ECG, intervals that can be trusted, variability; a real pulse beside it."""

import numpy as np
from matplotlib.figure import Figure

from muslin.folders import assets_folder
from wearables.events import SampleBlock
from wearables.signals import PulseDetector, RPeakDetector, run
from wearables.signals.heart import clean_intervals, intervals_s, variability

RATE_HZ, N_S = 250.0, 150.0
rng = np.random.default_rng(1)
beats_s = [0.6]
while beats_s[-1] < N_S - 1:
    beats_s.append(beats_s[-1] + 0.8 + 0.04 * np.sin(2 * np.pi * 0.25 * beats_s[-1]))
beats_s = np.array(beats_s)
beats_s[60] -= 0.25  # an early beat

time_s = np.arange(round(N_S * RATE_HZ)) / RATE_HZ
since_s = time_s - beats_s[np.clip(np.searchsorted(beats_s, time_s + 0.3) - 1, 0, None)]
ecg_v = 1e-3 * np.exp(-0.5 * (since_s / 0.012) ** 2) + 2e-4 * np.exp(
    -0.5 * ((since_s - 0.28) / 0.05) ** 2
)
ecg_v += rng.normal(0, 4e-5, time_s.size) + 2e-4 * np.sin(2 * np.pi * 0.15 * time_s)


def block(stream: str, values: np.ndarray, rate_hz: float, channel: str) -> SampleBlock:
    times = np.arange(len(values)) / rate_hz
    return SampleBlock(
        stream=stream, first_index=0, time_s=times, values=values[:, None], channels=(channel,)
    )


beats = run(RPeakDetector(rate_hz=RATE_HZ), [block("ecg", ecg_v, RATE_HZ, "lead_1_v")])
found_s = np.array([beat.time_s for beat in beats])
raw = intervals_s(beats)
clean = clean_intervals(raw)
told = variability(found_s, clean)
print(f"{len(beats)} beats found, {len(beats_s)} were there")
print(f"{np.isfinite(raw).sum() - np.isfinite(clean).sum()} intervals at the early beat left out")
print(f"mean {1000 * told.mean_s:.0f} ms, SDNN {1000 * told.sdnn_s:.1f} ms, RMSSD "
      f"{1000 * told.rmssd_s:.1f} ms, HF {1e6 * told.hf_s2:.0f} ms2")  # fmt: skip

with np.load(assets_folder() / "recordings" / "heartpy_ppg.npz") as data:
    rate_hz, pulse = float(data["rate_hz"]), data["counts"].astype(np.float64)[7200:]
pulse_beats = run(PulseDetector(rate_hz=rate_hz), [block("ppg", pulse, rate_hz, "finger_counts")])
print(f"a real finger: {60 / np.nanmedian(intervals_s(pulse_beats)):.0f} beats a minute")

figure = Figure(figsize=(9, 4), layout="constrained")
top, bottom = figure.subplots(2)
shown = (time_s > 42) & (time_s < 54)
top.plot(time_s[shown], 1e3 * ecg_v[shown], lw=0.8)
inside = found_s[(found_s > 42) & (found_s < 54)]
top.plot(inside, np.interp(inside, time_s, 1e3 * ecg_v), "v", color="tab:red")
top.set(xlabel="time [s]", ylabel="ECG [mV]")
bottom.plot(found_s, 1000 * raw, ".", color="0.7", label="found")
bottom.plot(found_s, 1000 * clean, ".-", lw=0.6, label="trusted")
bottom.set(xlabel="time [s]", ylabel="interval [ms]")
bottom.legend()
figure.savefig("ecg.png", dpi=110)
