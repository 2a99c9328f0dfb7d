"""Bring a table of another program into a session, and take it out again for another one."""

from pathlib import Path

import numpy as np

from wearables.sessions import Session, SubjectInfo
from wearables.sessions.export import export_session
from wearables.sessions.importers import import_recording

time_s = np.arange(600) / 50
kept_s = time_s[(time_s < 4.0) | (time_s >= 5.0)]  # a second that the other program lost
table = [
    "t,resp,ax",
    *(f"{t:.3f},{2048 + 300 * np.sin(2 * np.pi * 0.25 * t):.0f},{np.cos(t):.3f}" for t in kept_s),
]
Path("belt.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
Path("belt.toml").write_text(
    """
    [time]
    column = "t"
    unit = "s"
    [[stream]]
    name = "belt"
    rate_hz = 50
    [[stream.channel]]
    column = "resp"
    name = "chest"
    unit = "%"
    kind = "respiration"
    scale = 0.0125
    [[stream]]
    name = "motion"
    rate_hz = 50
    [[stream.channel]]
    column = "ax"
    name = "acc_x"
    unit = "[g]"
    kind = "acc"
    """,
    encoding="utf-8",
)
report = import_recording(
    Path("belt.csv"), Path("belt.h5"), subject=SubjectInfo(id="P03"), mapping=Path("belt.toml")
)
print("stored", report.n_stored, "and missing", report.n_lost)

with Session.open(report.path) as session:
    for name, stream in session.streams.items():
        print(f"{name}: {stream.channels} in SI, {len(stream.gaps)} gap")
    for to in ("csv", "xdf"):
        files = export_session(session, Path(to), to=to)
        print(to, "->", ", ".join(file.name for file in files))

again = import_recording(Path("xdf/belt.xdf"), Path("again.h5"), subject=SubjectInfo(id="P03"))
with Session.open(again.path) as session, Session.open(report.path) as first:
    print("streams after the way through XDF:", ", ".join(session.streams))
    held = sum(stream.n_stored for stream in session.streams.values())
    print("samples", held, "of", sum(stream.n_stored for stream in first.streams.values()))
