"""Kill a recorder in the middle, and bring back every sample that had arrived.

The file is damaged on top of that: half of it is cut off. What the journal beside it holds comes
back, and each sample that the radio lost stands in the gap table with its cause.
"""

import subprocess
import sys
import time
from pathlib import Path

from wearables.sessions import Session, recover, verify
from wearables.sessions.journal import journal_path

path = Path("walk.h5")
command = [sys.executable, "-m", "muslin", "record", "--garment", "sim:", "--duration", "60"]
options = ["--loss", "0.1", "--subject", "P01", "--out", str(path), "--no-live"]
recorder = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
deadline_s = time.monotonic() + 60
while not journal_path(path).is_file() or journal_path(path).stat().st_size < 6000:
    if time.monotonic() > deadline_s:
        sys.exit("the recorder did not start")
    time.sleep(0.05)
recorder.kill()  # no warning, no last words
recorder.wait()

data = path.read_bytes()
path.write_bytes(data[: len(data) // 2])
print("after the accident:", verify(path).verdict)

report = recover(path)
print("repaired:", verify(report.path).verdict)
with Session.open(report.path) as session:
    print("the file says of itself:", session.state)
    for name, stream in session.streams.items():
        causes = sorted({gap.cause.name.lower() for gap in stream.gaps})
        print(
            f"{name}: {stream.n_stored} samples are back, {stream.n_lost} never arrived"
            f" ({', '.join(causes) or 'no gap'})"
        )
