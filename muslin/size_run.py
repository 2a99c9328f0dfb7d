"""Sizes of a garment: which, how many of each, and the pattern of every size."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fitting.body import Measurements, Sex
from fitting.pattern import BLOCKS, Pattern, draft_block, read_pattern, read_pattern_sizes
from fitting.pattern.grade import grade_pattern, graded_measures, size_girth_m
from muslin.errors import InputError
from muslin.folders import existing_file

_MOST = 1000
# Far beyond anybody; a number of a size table, such as 38, is no step.
_MOST_STEPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeCount:
    """One size of an order.

    Attributes:
        size: Step such as ``-1``, letter code such as ``M``, or size of a graded file.
        count: Garments of it.
    """

    size: str
    count: int


def size_mix(words: str) -> tuple[SizeCount, ...]:
    """Read sizes as ``S:2,M:3``; a size without a number is cut once.

    Raises:
        InputError: If a count is no whole number above 0, or a size is given twice.
    """
    mix = []
    for word in (word.strip() for word in words.split(",") if word.strip()):
        size, colon, count = word.partition(":")
        if not size or (colon and not count.strip().isdigit()):
            raise InputError(f"size {word!r} is no SIZE:COUNT, such as M:3")
        number = int(count) if colon else 1
        if not 1 <= number <= _MOST:
            raise InputError(f"{number} garments of size {size} are outside 1 to {_MOST}")
        mix.append(SizeCount(size=size.strip(), count=number))
    if not mix:
        raise InputError("no size was given; write --sizes S:2,M:3")
    names = [each.size for each in mix]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"size {twice} was given twice")
    return tuple(mix)


def is_step(size: str) -> bool:
    """Whether a size is a whole number of steps, such as -1, 0 or +2."""
    return re.fullmatch(r"[+-]?[0-9]{1,6}", size) is not None


def block_in_size(
    block: str, measures: Measurements, sex: Sex, size: str, ease: dict[str, float] | None = None
) -> Pattern:
    """Draft a block in a size: a step from the person's own, or a letter code.

    Raises:
        InputError: If it is more steps than anybody is away.
        PatternError: If the size is not known or nothing is left to sew.
    """
    if is_step(size) and abs(int(size)) > _MOST_STEPS:
        raise InputError(
            f"size {size!r} means {size} steps from the drafted size; wanted are at most "
            f"{_MOST_STEPS}, or a letter code such as M"
        )
    if is_step(size):
        return draft_block(block, measures, ease=ease, size_step=int(size))
    graded = graded_measures(measures, bust_m=size_girth_m(size.upper(), sex))
    return draft_block(block, graded, ease=ease)


def patterns_in_sizes(
    pattern: str, sizes: Sequence[str], *, measures: Measurements, sex: Sex
) -> tuple[Pattern, ...]:
    """The pattern of every size; ``size`` of each is its word.

    Args:
        pattern: Name of a block, else a pattern file.
        sizes: Steps and letter codes of a block, sizes of a graded file, steps of a file that has
            one size only.
        measures: Complete measures that a block is drafted for.
        sex: Whose letter codes are meant.

    Raises:
        InputError: If the pattern is neither block nor file, or has no such size.
        FittingError: If it cannot be drafted or read.
    """
    if pattern in BLOCKS:
        made = [block_in_size(pattern, measures, sex, size) for size in sizes]
    elif not Path(pattern).suffix:
        raise InputError(f"pattern {pattern!r} is no block ({', '.join(BLOCKS)}) and no file")
    else:
        made = _file_in_sizes(existing_file(Path(pattern), "pattern file"), sizes)
    return tuple(replace(p, size=size) for p, size in zip(made, sizes, strict=True))


def _file_in_sizes(path: Path, sizes: Sequence[str]) -> list[Pattern]:
    nest = {p.size: p for p in read_pattern_sizes(path)}
    if len(nest) > 1:
        missing = next((size for size in sizes if size not in nest), None)
        if missing is not None:
            raise InputError(f"{path} has no size {missing!r}; it has {', '.join(nest)}")
        return [read_pattern(path, size=size) for size in sizes]
    base = read_pattern(path)
    made = []
    for size in sizes:
        if not is_step(size):
            raise InputError(
                f"size {size!r} is no step such as -1 or +2; {path} holds one size and no letters"
            )
        made.append(grade_pattern(base, int(size)) if int(size) else base)
    return made
