"""How a committee is made: what it looks at, who sits in it, and how its answers are smoothed."""

from dataclasses import dataclass
from typing import Literal

from wearables.activity.members.net import NetSettings

FeatureKind = Literal["motion", "strain", "both", "gait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that changes a training run; saved beside the weights.

    Attributes:
        name: Name of the recipe.
        features: Motion of a sensor, repetitions of strain, both (strain columns first), or walking
            in capacitive sleeves.
        n_strain: Leading columns that are strain; the rest is motion.
        window_s: Length of a window.
        hop_s: Time between windows.
        penalty: Penalty of the softmax regression; None leaves it out.
        n_trees: Trees of the forest; 0 leaves it out.
        min_leaf: Fewest windows in a leaf.
        feature_share: Share of the features tried at a node.
        net: Settings of the net on strain; None leaves it out.
        balanced: Whether rare classes count as much as frequent ones.
        smooth: Whether answers are smoothed by the order in which activities follow each other.
        seed: Seed of forest and nets.
    """

    name: str
    features: FeatureKind
    n_strain: int = 0
    window_s: float
    hop_s: float
    penalty: float | None = 1e-3
    n_trees: int = 0
    min_leaf: int = 2
    feature_share: float = 0.3
    net: NetSettings | None = None
    balanced: bool = True
    smooth: bool = False
    seed: int = 0


def _strain() -> Recipe:
    return Recipe(
        name="knit-strain", features="strain", n_strain=5, window_s=5.8, hop_s=1.45,
        penalty=0.015, n_trees=60, net=NetSettings(n_seeds=2),
    )  # fmt: skip


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _strain(),
        Recipe(name="knit-motion", features="motion", window_s=5.8, hop_s=1.45, n_trees=100),
        Recipe(
            name="knit-fused", features="both", n_strain=5, window_s=5.8, hop_s=1.45,
            penalty=0.005, n_trees=100,
        ),
        Recipe(
            name="sleeve-gait", features="gait", window_s=4.0, hop_s=1.0, penalty=0.055, smooth=True
        ),
        Recipe(name="waist-6", features="motion", window_s=2.56, hop_s=1.28, smooth=True),
        Recipe(name="waist-12", features="motion", window_s=2.56, hop_s=1.28, smooth=True),
        Recipe(
            name="watch-6", features="motion", window_s=5.0, hop_s=2.5, n_trees=200,
            penalty=3e-3, smooth=True,
        ),
    )
}  # fmt: skip
