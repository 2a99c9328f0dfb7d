"""Size charts: who a ready-made size of a block is drafted for, and which size a person takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from fitting.body import Measurements
from fitting.pattern import Pattern
from muslin.twin.errors import SensorError
from muslin.twin.sensors.garment import TwinGarment
from muslin.twin.worn.person import Person

# The girth that chooses the size of a block, and what a step of it adds to the pattern.
KEY_GIRTHS = {"chest_band": ("under_bust_girth", 0.04), "knee_sleeve": ("knee_girth", 0.02)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeChart:
    """Ready-made sizes of a block, graded from one person's measures.

    Attributes:
        garment: The garment.
        base: Measures that step 0 is drafted for.
        steps: Size steps, rising.
    """

    garment: TwinGarment
    base: Measurements
    steps: tuple[int, ...]

    def girth_m(self, step: int) -> float:
        """Body girth that a step is meant for.

        Raises:
            SensorError: If the block has no key girth.
        """
        key, add_m = _key_girth(self.garment)
        share = self.garment.ease.get("girth_share", -0.12)
        return float(getattr(self.base, key)) + step * add_m / (1 + share)

    def step_for(self, measures: Measurements) -> int:
        """The size that a person takes: the one whose girth is nearest to theirs."""
        key, _ = _key_girth(self.garment)
        girth_m = float(getattr(measures, key))
        return min(self.steps, key=lambda step: abs(self.girth_m(step) - girth_m))

    def pattern(self, step: int, ease: dict[str, float] | None = None) -> Pattern:
        """Draft a size."""
        return self.garment.draft(self.base, size_step=step, ease=ease)


def chart_for(garment: TwinGarment, people: Sequence[Person], steps: Sequence[int]) -> SizeChart:
    """Chart whose middle step is drafted for the person in the middle of the people.

    Args:
        garment: The garment.
        people: Whom the sizes are for.
        steps: Size steps.

    Raises:
        SensorError: If the block has no key girth.
    """
    key, add_m = _key_girth(garment)
    ordered = sorted(people, key=lambda p: float(getattr(p.measures, key)))
    rising = tuple(sorted(set(steps)))
    middle = rising[len(rising) // 2]
    base = ordered[(len(ordered) - 1) // 2].measures
    if middle:
        # The middle step fits the middle person, so step 0 is drafted for a girth beside theirs.
        from dataclasses import replace

        share = garment.ease.get("girth_share", -0.12)
        base = replace(base, **{key: float(getattr(base, key)) - middle * add_m / (1 + share)})
    return SizeChart(garment=garment, base=base, steps=rising)


def _key_girth(garment: TwinGarment) -> tuple[str, float]:
    if garment.pattern not in KEY_GIRTHS:
        raise SensorError(
            f"{garment.pattern} has no size chart (known: {', '.join(KEY_GIRTHS)}); draft it for "
            "each wearer with --made-to-measure"
        )
    return KEY_GIRTHS[garment.pattern]
