"""A marker: a size mix of a chest band on a fabric width, its length, waste and mass."""

from pathlib import Path

from fitting.nesting import check_marker
from muslin.nest import nest
from muslin.size_run import size_mix

result = nest(
    ["chest_band"], mix=size_mix("S:2,M:3,L:1"), width_m=1.0, seconds=2, out=[Path("marker.svg")]
)
print(result.title)
for sentence in result.sentences():
    print(" ", sentence)
for placed in result.marker.pieces:
    print(f"  {placed.piece.name} no. {placed.number}, at {placed.shift_m.round(3)} m")
print("faults that exact shapes find:", check_marker(result.marker))
