"""A batch: whom does a size run of chest bands fit, and whom does it leave out?"""

from pathlib import Path

from muslin.batch import batch_fit

BODIES = """name,sex,stature,bust_girth,waist_navel_girth,hip_girth
P01,female,166,92,80,102
P02,female,158,84,72,93
"""

if __name__ == "__main__":  # workers are processes of their own, which read this file again
    bodies = Path("bodies.csv")
    bodies.write_text(BODIES, encoding="utf-8")
    result = batch_fit(
        bodies, patterns=["chest_band"], sizes=["S", "M"], edge_length_m=0.03, n_workers=1,
        out=Path("run"),
    )  # fmt: skip
    print(f"{result.n_run} fits run, {result.n_known} known")
    (style,) = result.analysis.styles
    for size, rate in style.by_size.items():
        print(f"size {size}: {rate.n_fit} of {rate.n_judged} judged fit")
    for who in style.left_out:
        print(f"left out: {who.body}, nearest is {who.nearest}: {who.reason}")
    print("table and page:", sorted(path.name for path in Path("run").glob("*.*")))
