"""Extremely randomised trees (Geurts 2006) as plain arrays: trained by scikit-learn, used without.

No pickle: a forest is five arrays, and the predictor below gives scikit-learn's probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearables.errors import ModelError

_LEAF = -1
_NEEDS = "growing trees needs scikit-learn: pip install 'muslin[activity]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Nodes of all trees, one behind the other.

    Attributes:
        root: First node of each tree, shape (n_trees,).
        feature: Feature asked at each node; -1 at a leaf, shape (n_nodes,).
        threshold: Go left where the feature, as float32, is at most this.
        left: Node to the left; the right one is in ``right``.
        right: Node to the right.
        share: Class shares at each node, shape (n_nodes, n_classes), float32.
    """

    root: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    share: NDArray[np.float32]

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Class probabilities, shape (n_windows, n_classes): the mean of the leaves.

        A forest that was grown on numbers instead of classes gives those, in one column.
        """
        x = features.astype(np.float32)
        rows = np.arange(len(x))[:, None]
        # All trees go down together: one window is judged as fast as the deepest tree.
        node = np.repeat(self.root[None], len(x), axis=0)
        while True:
            asked = self.feature[node]
            inner = asked != _LEAF
            if not inner.any():
                return self.share[node].mean(axis=1, dtype=np.float64)
            goes_left = x[rows, np.where(inner, asked, 0)] <= self.threshold[node]
            below = np.where(goes_left, self.left[node], self.right[node])
            node = np.where(inner, below, node)


def train_trees(
    features: NDArray[np.float64], labels: NDArray[np.integer], *, n_classes: int,
    n_trees: int, min_leaf: int, feature_share: float, seed: int,
) -> Trees:  # fmt: skip
    """Grow a forest.

    Args:
        features: shape (n_windows, n_features).
        labels: Class numbers.
        n_classes: Classes; those without a window keep probability 0.
        n_trees: Trees.
        min_leaf: Fewest windows in a leaf.
        feature_share: Share of the features tried at a node.
        seed: Seed of the forest.

    Raises:
        ModelError: If scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import ExtraTreesClassifier
    except ModuleNotFoundError as error:
        raise ModelError(_NEEDS) from error
    # The library takes a share, whatever its types say.
    share_of_features: Any = feature_share
    forest = ExtraTreesClassifier(
        n_trees, min_samples_leaf=min_leaf, max_features=share_of_features,
        class_weight="balanced", random_state=seed,
    ).fit(features, labels)  # fmt: skip
    known = forest.classes_.astype(int)
    trees = [estimator.tree_ for estimator in forest.estimators_]
    values = np.concatenate([tree.value[:, 0] for tree in trees])
    share = np.zeros((len(values), n_classes))
    share[:, known] = values / values.sum(axis=1, keepdims=True)
    return _packed(trees, share)


def train_number_trees(
    features: NDArray[np.float64], numbers: NDArray[np.float64], *,
    n_trees: int, min_leaf: int, feature_share: float, seed: int,
) -> Trees:  # fmt: skip
    """Grow a forest that gives a number, shape of the answers (n_rows, 1).

    Raises:
        ModelError: If scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import ExtraTreesRegressor
    except ModuleNotFoundError as error:
        raise ModelError(_NEEDS) from error
    forest = ExtraTreesRegressor(
        n_trees, min_samples_leaf=min_leaf, max_features=feature_share, random_state=seed
    ).fit(features, numbers)
    trees = [estimator.tree_ for estimator in forest.estimators_]
    return _packed(trees, np.concatenate([tree.value[:, 0] for tree in trees]))


def _packed(trees: Sequence[Any], share: NDArray[np.float64]) -> Trees:
    """One behind the other; children are counted from the first node of all."""
    root = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]
    first = np.repeat(root, [tree.node_count for tree in trees])
    feature = np.concatenate([tree.feature for tree in trees])
    left, right = (
        np.concatenate([getattr(tree, name) for tree in trees]) + first
        for name in ("children_left", "children_right")
    )
    return Trees(
        root=root.astype(np.int32),
        feature=np.where(feature < 0, _LEAF, feature).astype(np.int32),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        share=share.astype(np.float32),
    )
