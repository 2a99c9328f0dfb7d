"""Checks of single seams: lengths, notches, darts, labels."""

from collections.abc import Iterator

from fitting.pattern.finding import Finding
from fitting.pattern.model import Pattern
from fitting.pattern.panels.split import Walk, walk_sides
from fitting.pattern.seam import Seam

MAX_SEAM_RATIO = 1.05
MAX_DART_DIFFERENCE_M = 0.002
MAX_NOTCH_OFFSET_M = 0.01
# Edges that GarmentCode holds to the body while the garment settles.
HELD_LABELS = ("lower_interface", "right_collar", "left_collar", "strapless_top")


def check_seams(pattern: Pattern) -> Iterator[Finding]:
    """List the problems of each seam on its own."""
    for seam in pattern.seams:
        a, b = walk_sides(pattern, seam)
        if _is_dart(pattern, seam):
            yield from _check_dart(pattern, seam, a, b)
        else:
            yield from _check_lengths(seam, a, b)
        yield from _check_notches(seam, a, b)
        yield from _check_labels(pattern, seam)


def _other(seam: Seam) -> str:
    return f"{seam.side_b[0]}, edge {seam.side_b[1]}"


def _check_lengths(seam: Seam, a: Walk, b: Walk) -> Iterator[Finding]:
    longer, shorter = max(a.length_m, b.length_m), min(a.length_m, b.length_m)
    ratio = longer / shorter if shorter > 0 else float("inf")
    if seam.ease is not None:
        allowed = max(seam.ease, 1 / seam.ease) + 0.02
    else:
        allowed = MAX_SEAM_RATIO if seam.kind == "plain" else float("inf")
    if ratio <= allowed:
        return
    yield Finding(
        code="SEAM_LENGTH",
        panel=seam.side_a[0],
        edge=seam.side_a[1],
        text=f"({a.length_m * 100:.1f} cm) is sewn to {_other(seam)} ({b.length_m * 100:.1f} cm): "
        f"ratio {ratio:.3g}",
        remedy=f"declare a gather, or change by {(longer - shorter) * 100:.1f} cm",
        numbers={"length_a_m": a.length_m, "length_b_m": b.length_m, "ratio": ratio},
    )


def _check_notches(seam: Seam, a: Walk, b: Walk) -> Iterator[Finding]:
    n_a, n_b = len(a.notches_m), len(b.notches_m)
    if n_a != n_b:
        yield Finding(
            code="NOTCH_COUNT",
            panel=seam.side_a[0],
            edge=seam.side_a[1],
            text=f"it has {n_a} notches, {_other(seam)} has {n_b}",
            remedy="notch both sides alike, or sew another edge",
            # Many makers notch one side only; both sides notched unlike each other is a mistake.
            severity="problem" if n_a and n_b else "hint",
            numbers={"n_a": n_a, "n_b": n_b},
        )
        return
    slack = MAX_NOTCH_OFFSET_M + abs(a.length_m - b.length_m)
    for at_a, at_b in zip(a.notches_m, b.notches_m, strict=True):
        if abs(at_a - at_b) > slack:
            yield Finding(
                code="NOTCH_SPACING",
                panel=seam.side_a[0],
                edge=seam.side_a[1],
                text=f"a notch sits at {at_a * 100:.1f} cm, its twin on {_other(seam)} at "
                f"{at_b * 100:.1f} cm",
                remedy=f"move one by {abs(at_a - at_b) * 100:.1f} cm, or turn the seam round",
                numbers={"at_a_m": at_a, "at_b_m": at_b},
            )


def _is_dart(pattern: Pattern, seam: Seam) -> bool:
    if seam.kind == "dart":
        return True
    if not seam.is_whole or seam.side_a[0] != seam.side_b[0]:
        return False
    edges = pattern.panel(seam.side_a[0]).edges
    a, b = edges[seam.side_a[1]], edges[seam.side_b[1]]
    return bool({a.start, a.stop} & {b.start, b.stop})


def _check_dart(pattern: Pattern, seam: Seam, a: Walk, b: Walk) -> Iterator[Finding]:
    panel, edge = seam.side_a
    edges = pattern.panel(panel).edges
    first, second = edges[edge], edges[seam.side_b[1]]
    meets = first.stop == second.start or second.stop == first.start
    if seam.side_b[0] != panel or not meets:
        yield Finding(
            code="DART_TIP",
            panel=panel,
            edge=edge,
            text=f"its dart partner {_other(seam)} does not share its tip",
            remedy="sew two edges of one panel that follow each other",
        )
    if abs(a.length_m - b.length_m) > MAX_DART_DIFFERENCE_M:
        yield Finding(
            code="DART_LEGS",
            panel=panel,
            edge=edge,
            text=f"dart legs are {a.length_m * 100:.1f} and {b.length_m * 100:.1f} cm long",
            remedy=f"change one by {abs(a.length_m - b.length_m) * 1000:.0f} mm",
            numbers={"length_a_m": a.length_m, "length_b_m": b.length_m},
        )


def _check_labels(pattern: Pattern, seam: Seam) -> Iterator[Finding]:
    """Labels that hold a garment to the body: where both sides of a seam have one, it is one."""
    label_a = pattern.panel(seam.side_a[0]).edges[seam.side_a[1]].label
    label_b = pattern.panel(seam.side_b[0]).edges[seam.side_b[1]].label
    if label_a and label_b and label_a != label_b and {label_a, label_b} & set(HELD_LABELS):
        yield Finding(
            code="LABELS_DIFFER",
            panel=seam.side_a[0],
            edge=seam.side_a[1],
            text=f"its label is {label_a!r}, that of {_other(seam)} is {label_b!r}",
            remedy="give both sides the same label",
            severity="hint",
        )
