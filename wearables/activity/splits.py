"""The only splitters there are: whole wearers on one side or the other, never windows.

Windows of one wearer resemble each other; a random split of windows flatters by 0.05 to 0.6.
"""

import numpy as np
from numpy.typing import NDArray

from wearables.errors import ModelError

Mask = NDArray[np.bool_]


def wearer_folds(
    wearers: NDArray[np.str_], n_folds: int, rng: np.random.Generator
) -> tuple[Mask, ...]:
    """Masks of the held-out windows; each wearer is held out once.

    Args:
        wearers: Wearer of each window, shape (n_windows,).
        n_folds: Folds.
        rng: Order of the wearers.

    Raises:
        ModelError: If there are fewer wearers than folds, or fewer than two folds.
    """
    names = np.unique(wearers)
    if not 2 <= n_folds <= len(names):
        raise ModelError(f"{n_folds} folds of {len(names)} wearers; 2 to {len(names)} are possible")
    order = rng.permutation(names)
    return tuple(np.isin(wearers, order[i::n_folds]) for i in range(n_folds))


def wearer_blocks(
    wearers: NDArray[np.str_], blocks: tuple[tuple[str, ...], ...]
) -> tuple[Mask, ...]:
    """Masks of held-out groups of wearers who were recorded near each other.

    Raises:
        ModelError: If a block leaves nobody to train on, or nobody to judge.
    """
    masks = tuple(np.isin(wearers, block) for block in blocks)
    for block, mask in zip(blocks, masks, strict=True):
        if mask.all() or not mask.any():
            raise ModelError(f"the block {', '.join(block)} holds all wearers or none of them")
    return masks


def wearer_draws(
    wearers: NDArray[np.str_], *, n_test: int, n_draws: int, rng: np.random.Generator
) -> tuple[Mask, ...]:
    """Masks of so many wearers held out, drawn anew each time.

    Raises:
        ModelError: If there are too few wearers.
    """
    names = np.unique(wearers)
    if not 0 < n_test < len(names):
        raise ModelError(f"{n_test} of {len(names)} wearers cannot be held out")
    draws = (rng.permutation(names)[:n_test] for _ in range(n_draws))
    return tuple(np.isin(wearers, draw) for draw in draws)
