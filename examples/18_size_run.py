"""Which size: a run of three, the reason in words, and how sure the tape allows one to be."""

from pathlib import Path

from muslin.size import size

result = size(
    pattern="knee_sleeve", sizes=(-2, -1, 0), map_name="pressure", edge_length_m=0.02, out=Path()
)
answer = result.recommendation
print("recommended:", answer.best or "no size fits")
print("because", answer.because)
for one in answer.sizes:
    worst = f"{one.limiting} {one.reason}" if one.limiting else "every region is as it should be"
    print(f"  {one.name}: {worst}; the right one with probability {one.probability:.2f}")
print(f"  none of them fits with probability {answer.none_fits_probability:.2f}")
