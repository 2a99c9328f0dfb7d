"""Search for a short marker: the only door to `spyrrow`, which wraps the nesting heuristic sparrow.

Sparrow (Gardeyn, Vanden Berghe and Wauters 2025, arXiv:2509.13329) shrinks the strip and removes
the overlaps that this makes, again and again. One search gives up when it no longer gets shorter;
here several with different seeds run side by side, one a core, until the time is over, and the
shortest marker wins. Gaps are part of the shapes and the strip is wider by one gap, so that pieces
may touch the edges of the cloth; outlines are simplified outwards by a fraction of a millimetre
first, because time goes with their number of corners. The last twentieth of the time goes into
pushing the best ones together with exact shapes, which takes back what that cost and more.
"""

import itertools
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fitting.errors import PatternError
from fitting.nesting.check import check_marker
from fitting.nesting.compact import compact
from fitting.nesting.marker import Marker, PlacedPiece
from fitting.nesting.piece import CutPiece, turn_matrix

if TYPE_CHECKING:
    from shapely import Polygon

MM = 1000.0
# Added around every piece, so that rounding in the search never shows in the marker.
_GUARD_M = 1e-5
_LEAST_SECONDS = 1.0
# Of the time, for pushing; and how many markers are pushed.
_PUSH_SHARE, _MOST_PUSHED, _LEAST_PUSH_S = 0.05, 4, 0.5
MAX_PIECES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class NestSettings:
    """How a marker is searched.

    Attributes:
        width_m: Usable width of the cloth.
        gap_m: Least distance between pieces.
        turns_rad: Turns allowed; 0 keeps the nap, 0 and pi keep the grain.
        seconds: Time for the search.
        seed: Seed of the first search.
        n_threads: Searches side by side; as many as there are cores when None.
        tolerance_m: How far outlines may be simplified outwards.
    """

    width_m: float
    gap_m: float = 0.0
    turns_rad: tuple[float, ...] = (0.0, float(np.pi))
    seconds: float = 30.0
    seed: int = 0
    n_threads: int | None = None
    tolerance_m: float = 2e-4

    def __post_init__(self) -> None:
        if not 0.05 <= self.width_m <= 10:
            raise PatternError(f"fabric width of {self.width_m * 100:g} cm is outside 5 to 1000 cm")
        if not 0 <= self.gap_m <= 0.1:
            raise PatternError(f"gap of {self.gap_m * 1000:g} mm is outside 0 to 100 mm")
        if not _LEAST_SECONDS <= self.seconds <= 86400:
            raise PatternError(f"{self.seconds:g} s of search are outside 1 to 86400 s")
        if not self.turns_rad:
            raise PatternError("no turn is allowed; at least 0 is needed")


def nest_pieces(pieces: Sequence[CutPiece], settings: NestSettings) -> Marker:
    """Lay pieces on a fabric width as short as the time allows.

    The clock decides how far a search gets, so two runs may differ even with the same seed.

    Args:
        pieces: What is cut.
        settings: Width, gap, turns, time.

    Raises:
        PatternError: If there is nothing to cut, a piece is wider than the cloth, or spyrrow is
            missing.
    """
    _check_sizes(pieces, settings)
    items = _items(pieces, settings)
    end_s = time.monotonic() + settings.seconds
    found = _race(items, settings)
    placed = _pushed(found, pieces, settings, until_s=end_s)
    marker = Marker(
        width_m=settings.width_m,
        length_m=max(float(p.cut().bounds[2]) for p in placed),
        gap_m=settings.gap_m,
        pieces=placed,
        n_starts=len(found),
        seconds=settings.seconds,
        seed=settings.seed,
    )
    faults = check_marker(marker)
    if faults:
        raise PatternError(f"the search broke its own rules: {faults[0]}")
    return marker


def _check_sizes(pieces: Sequence[CutPiece], settings: NestSettings) -> None:
    n = sum(piece.count for piece in pieces)
    if n == 0:
        raise PatternError("there is nothing to cut: no size has a count above 0")
    if n > MAX_PIECES:
        raise PatternError(f"{n} pieces are more than the {MAX_PIECES} that one marker takes")
    for piece in pieces:
        heights_m = [_height_m(piece.cut, turn) for turn in settings.turns_rad]
        if min(heights_m) > settings.width_m:
            raise PatternError(
                f"{piece.words} is {min(heights_m) * 100:.1f} cm across the roll, the fabric "
                f"{settings.width_m * 100:.1f} cm wide"
            )


def _height_m(cut: "Polygon", turn_rad: float) -> float:
    across = np.asarray(cut.exterior.coords) @ turn_matrix(turn_rad)[1]
    return float(np.ptp(across))


def _items(pieces: Sequence[CutPiece], settings: NestSettings) -> list[Any]:
    """Pieces as the search takes them: millimetres, half a gap around each."""
    import shapely

    spyrrow = _spyrrow()
    degrees = [float(np.degrees(turn)) for turn in settings.turns_rad]
    grow_m = settings.gap_m / 2 + settings.tolerance_m + _GUARD_M
    items = []
    for i, piece in enumerate(pieces):
        grown = piece.cut.buffer(grow_m, join_style="mitre", mitre_limit=2.0)
        # In single precision corners that nearly touch are one, which the search refuses.
        grown = shapely.remove_repeated_points(grown.simplify(settings.tolerance_m), 5e-5)
        outline = shapely.get_coordinates(grown) * MM
        shape = [(float(x), float(y)) for x, y in outline[:-1]]
        fits = [
            turn
            for turn, rad in zip(degrees, settings.turns_rad, strict=True)
            if _height_m(piece.cut, rad) <= settings.width_m
        ]
        items.append(spyrrow.Item(str(i), shape, piece.count, fits))
    return items


def _spyrrow() -> Any:
    """The library.

    Raises:
        PatternError: If it is not installed; names the extra.
    """
    try:
        import spyrrow
    except ImportError as error:
        raise PatternError("nesting needs spyrrow: pip install 'muslin[nest]'") from error
    return spyrrow


def _race(items: list[Any], settings: NestSettings) -> list[Any]:
    """Solutions of all searches that the time allows, the shortest first."""
    spyrrow = _spyrrow()
    # The strip reaches half a gap and the guard beyond the cloth on both sides, as the pieces do.
    strip_mm = (settings.width_m + settings.gap_m + 2 * (settings.tolerance_m + _GUARD_M)) * MM
    deadline_s = time.monotonic() + (1 - _PUSH_SHARE) * settings.seconds
    seeds, lock, found = itertools.count(settings.seed), threading.Lock(), []

    def search() -> None:
        first = True
        while first or deadline_s - time.monotonic() >= _LEAST_SECONDS:
            first = False
            with lock:
                seed = next(seeds)
            left_s = max(1, int(deadline_s - time.monotonic()))  # the library takes whole seconds
            config = spyrrow.StripPackingConfig(
                total_computation_time=left_s, num_workers=1, seed=seed
            )
            solution = _solve(spyrrow.StripPackingInstance("marker", strip_mm, items), config)
            with lock:
                found.append((float(solution.width), seed, solution))

    n_threads = settings.n_threads or os.cpu_count() or 1
    with ThreadPoolExecutor(n_threads) as pool:
        for done in [pool.submit(search) for _ in range(n_threads)]:
            done.result()
    return [solution for _, _, solution in sorted(found, key=lambda each: each[:2])]


def _pushed(
    found: Sequence[Any], pieces: Sequence[CutPiece], settings: NestSettings, *, until_s: float
) -> tuple[PlacedPiece, ...]:
    """The shortest marker after pushing as many as the time allows, the best first."""
    tried: list[tuple[float, tuple[PlacedPiece, ...]]] = []
    until_s = max(until_s, time.monotonic() + _LEAST_PUSH_S)
    for solution in found[:_MOST_PUSHED]:
        if tried and time.monotonic() > until_s:
            break
        placed = compact(
            _placed(solution, pieces, settings), width_m=settings.width_m, gap_m=settings.gap_m,
            until_s=until_s,
        )  # fmt: skip
        tried.append((max(float(p.cut().bounds[2]) for p in placed), placed))
    return min(tried, key=lambda each: each[0])[1]


def _solve(instance: Any, config: Any) -> Any:
    """Search once.

    Raises:
        PatternError: If the library gives up on a shape.
    """
    try:
        return instance.solve(config)
    except BaseException as error:
        # A panic of the library is no Exception, so that nothing catches it by accident.
        if type(error).__name__ != "PanicException":
            raise
        reason = str(error).splitlines()[0]
        raise PatternError(f"the search refuses a shape: {reason}") from error


def _placed(
    solution: Any, pieces: Sequence[CutPiece], settings: NestSettings
) -> tuple[PlacedPiece, ...]:
    """Pieces where the search put them, moved so that the first touches the start of the roll."""
    low_m = settings.gap_m / 2 + settings.tolerance_m + _GUARD_M
    placed, numbers = [], [0] * len(pieces)
    for item in sorted(solution.placed_items, key=lambda item: (int(item.id), item.translation)):
        i = int(item.id)
        numbers[i] += 1
        shift_m = np.array(item.translation, dtype=float) / MM - [0.0, low_m]
        turn_rad = float(np.radians(item.rotation))
        placed.append(
            PlacedPiece(piece=pieces[i], number=numbers[i], turn_rad=turn_rad, shift_m=shift_m)
        )
    start_m = min(float(p.cut().bounds[0]) for p in placed)
    return tuple(replace(p, shift_m=p.shift_m - [start_m, 0.0]) for p in placed)
