"""Propose seams of one long edge with two short ones that lie end to end along it.

A waistband meets front and back, a sleeve cap both armholes. Two short edges count when together
they are as long as the long one, and grow alike from size to size. Which comes first along the long
edge is told by notches, where there are any; else it is a guess, and the proposal says so.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from fitting.pattern.seam import Run, Seam
from fitting.pattern.seams.seams_file import SeamNote
from fitting.pattern.seams.sides import EdgeSide

# Short edges make up between these shares of the long one.
_SHORTEST_SHARE, _LONGEST_SHARE = 0.25, 0.75
LENGTH_SPREAD = 0.012
GROWTH_SPREAD_M = 0.002
NOTCH_SPREAD_M = 0.008
# Edges add up by chance, so that lengths of one size alone are no evidence; a name is some.
_MEETS_BOTH, _BY_NAME = frozenset({"wb", "waistband", "belt", "sleeve", "collar", "neckband"}), 0.6
MIN_CONFIDENCE = 0.45


Pair = tuple[float, int, int, str]


def propose_one_to_two(
    sides: Sequence[EdgeSide], pairs: Sequence[Pair]
) -> tuple[list[SeamNote], list[Pair]]:
    """Propose seams of one edge with two, best first.

    Args:
        sides: All edges.
        pairs: Proposals of one edge with one: confidence, both sides by number, and why.

    Returns:
        The seams, and the pairs that stay; a pair gives way to what is surer.
    """
    found = sorted(_candidates(sides), key=lambda item: -item[0])
    taken: set[int] = set()
    kept, notes = list(pairs), []
    for confidence, long, order, why in found:
        edges = {long, *order}
        rivals = [pair for pair in kept if {pair[1], pair[2]} & edges]
        if taken & edges or any(pair[0] >= confidence for pair in rivals):
            continue
        taken |= edges
        kept = [pair for pair in kept if pair not in rivals]
        notes.append(_note(sides[long], [sides[i] for i in order], confidence, why))
    return notes, kept


def _candidates(
    sides: Sequence[EdgeSide],
) -> Iterator[tuple[float, int, tuple[int, int], str]]:
    for k, long in enumerate(sides):
        length = long.lengths_m[0]
        short = [
            i
            for i, side in enumerate(sides)
            if i != k
            and side.panel != long.panel
            and _SHORTEST_SHARE < side.lengths_m[0] / length < _LONGEST_SHARE
        ]
        for i, j in combinations(short, 2):
            yield from _judged(sides, k, i, j)


def _judged(
    sides: Sequence[EdgeSide], k: int, i: int, j: int
) -> Iterator[tuple[float, int, tuple[int, int], str]]:
    long, a, b = sides[k], sides[i], sides[j]
    both = a.lengths_m[0] + b.lengths_m[0]
    score = _likeness(both / long.lengths_m[0] - 1, LENGTH_SPREAD)
    if score < MIN_CONFIDENCE:
        return
    why = [f"{long.lengths_m[0] * 100:.1f} cm against "
           f"{a.lengths_m[0] * 100:.1f} + {b.lengths_m[0] * 100:.1f} cm"]  # fmt: skip
    evidence = 0.0
    if len(long.lengths_m) == len(a.lengths_m) == len(b.lengths_m) > 2:
        spread_m = float(np.std(long.lengths_m - a.lengths_m - b.lengths_m))
        evidence = _likeness(spread_m, GROWTH_SPREAD_M)
        score *= 0.1 + 0.9 * evidence
        why.append(
            f"difference varies by {spread_m * 1000:.1f} mm over {len(long.lengths_m)} sizes"
        )
    order, sure = _order(long, a, b, i, j)
    if sure is not None:
        evidence = max(evidence, sure)
        score *= 0.4 + 0.6 * sure
        why.append("a notch marks where the two meet")
    else:
        why.append("which of the two comes first is a guess")
    if {a.half, b.half} != {"front", "back"}:
        score *= 0.7
    elif long.words & _MEETS_BOTH:
        evidence = max(evidence, _BY_NAME)
        why.append("the name of the long one goes round front and back")
    score *= evidence
    if score >= MIN_CONFIDENCE:
        yield min(score, 0.99), k, order, "; ".join(why)


def _likeness(off: float, spread: float) -> float:
    return float(np.exp(-((off / spread) ** 2) / 2))


def _order(
    long: EdgeSide, a: EdgeSide, b: EdgeSide, i: int, j: int
) -> tuple[tuple[int, int], float | None]:
    """Order along the long edge, and agreement of a notch with the place where the two meet."""
    if not long.notches:
        return (i, j), None
    at = np.array(long.notches) * long.lengths_m[0]
    gaps = [float(np.abs(at - side.lengths_m[0]).min()) for side in (a, b)]
    sure = _likeness(min(gaps), NOTCH_SPREAD_M)
    return ((i, j) if gaps[0] <= gaps[1] else (j, i)), sure


def _note(long: EdgeSide, short: Sequence[EdgeSide], confidence: float, why: str) -> SeamNote:
    # Loops that turn alike meet against each other: short edges are walked from their ends.
    runs = tuple(
        Run(panel=side.panel, edge=side.edge, start=1.0, stop=0.0)
        if side.turns_left == long.turns_left
        else Run(panel=side.panel, edge=side.edge)
        for side in short
    )
    ratio = sum(side.lengths_m[0] for side in short) / long.lengths_m[0]
    seam = Seam(
        side_a=(long.panel, long.edge), runs_b=runs, reversed=False,
        kind="ease" if abs(ratio - 1) > 0.02 else "plain",
    )  # fmt: skip
    return SeamNote(seam=seam, confirmed=False, confidence=confidence, why=why)
