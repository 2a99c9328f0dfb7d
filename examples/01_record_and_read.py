"""Record the virtual garment for a few seconds, and read what arrived and what did not."""

import sys
from pathlib import Path

import numpy as np

from muslin.record import record
from wearables.sessions import Session

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
result = record(duration_s=4.0, subject="P01", out=folder / "p01.h5", loss=0.1)
print("stored", result.n_stored, "lost", result.n_lost)

with Session.open(result.path) as session:
    for name, stream in session.streams.items():
        block = stream.read()  # SI units, NaN where samples are missing
        missing = int(np.isnan(block.values).any(axis=1).sum())
        print(f"{name}: {stream.rate_hz:.2f} Hz, {block.channels}, {missing} rows missing")
        for gap in stream.gaps:
            print(f"  gap at {gap.start_s:.2f} s, {gap.n_samples} samples, {gap.cause.name}")
