"""Cut a signal anywhere: a streaming operator gives the same bits as one go."""

import numpy as np

from wearables.events import SampleBlock
from wearables.signals import BreathDetector, run

RATE_HZ = 50.0
time_s = np.arange(3000) / RATE_HZ
strain = 0.02 * np.sin(2 * np.pi * 0.25 * time_s)[:, None]


def block(start: int, stop: int) -> SampleBlock:
    return SampleBlock(
        stream="strain",
        first_index=start,
        time_s=time_s[start:stop],
        values=strain[start:stop],
        channels=("chest_1",),
    )


whole = run(BreathDetector(rate_hz=RATE_HZ), [block(0, 3000)])
pieces = run(BreathDetector(rate_hz=RATE_HZ), [block(i, i + 7) for i in range(0, 2996, 7)])
print(len(whole), "breaths, the same from pieces of seven samples:", whole == pieces)
