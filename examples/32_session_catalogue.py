"""A folder of sessions as a table that can be asked, and two sessions on one time grid."""

from pathlib import Path

import numpy as np

from wearables.sessions import Session, SubjectInfo
from wearables.sessions.align import align_sessions
from wearables.sessions.annotate import annotate
from wearables.sessions.catalogue import catalogue
from wearables.sessions.importers import import_recording

Path("map.toml").write_text(
    '[time]\ncolumn = "t"\nunit = "s"\n[[stream]]\nname = "belt"\nrate_hz = 25\n'
    '[[stream.channel]]\ncolumn = "x"\nname = "chest"\nunit = "%"\nkind = "strain"\n',
    encoding="utf-8",
)
folder = Path("study")
folder.mkdir(exist_ok=True)
for subject, lost in (("P01", 0), ("P02", 5), ("P03", 60)):
    keep = [i for i in range(500) if not 100 <= i < 100 + lost]
    rows = [f"{i / 25},{10 + np.sin(i / 16):.3f}" for i in keep]
    table = Path(f"{subject}.csv")
    table.write_text("\n".join(["t,x", *rows]), encoding="utf-8")
    import_recording(
        table, folder / f"{subject}.h5", subject=SubjectInfo(id=subject), mapping=Path("map.toml")
    )

for row in catalogue(folder):
    print(f"{row.path}: {row.subject}, {row.duration_s:.0f} s, {100 * row.coverage:.1f} % covered")
good = catalogue(folder, where="coverage > 0.95")
print("good enough:", ", ".join(row.subject for row in good))

annotate(folder / "P02.h5", author="mk", text="strap slipped", start_s=4.0, duration_s=0.5)
with Session.open(folder / "P01.h5") as first, Session.open(folder / "P02.h5") as second:
    both = align_sessions([first, second], rate_hz=5.0)
    measured = {name: f"{mask.mean():.2f}" for name, mask in both.is_measured.items()}
    print(f"on one grid of {len(both.time_s)} rows; share measured: {measured}")
