"""A tech pack: what a factory needs to sew a chest band in two sizes, as one PDF."""

from pathlib import Path

from muslin.techpack import techpack

result = techpack(
    "chest_band", sizes=("S", "M"), edge_length_m=0.03, seconds=2, out=Path("band.pdf")
)
print(f"{result.file}: {result.n_pages} pages")
for point in result.pack.points[:4]:
    values = ", ".join(f"{100 * value:.1f}" for value in point.values_m)
    print(f"  {point.name}: {values} cm, +/- {100 * point.tolerance_m:.1f} cm")
for size in result.pack.sizes:
    print(f"  size {size.pattern.size}: {size.thread_m:.1f} m of thread, {size.marker.sentence()}")
