"""Down-sampled random forests: presence against background sites, species by species.

Every tree sees a bootstrap of a species' presences and as many background sites, which
keeps the classes balanced and overlapping. Its leaf probability `p` then estimates
`r / (1 + r)` with `r` the density of presences relative to the background, so that
`log p - log(1 - p)` is a log relative intensity. scikit-learn grows the trees (extra
"forest"); the fitted forest is plain arrays, predicted without it.

Source: Valavi, Elith, Lahoz-Monfort & Guillera-Arroita (2021), Modelling species
presence-only data with random forests, Ecography 44:1731-1742.
"""

import concurrent.futures
import functools
import os
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

FORMS = ("log_probability", "log_odds")
_ROWS = 2048  # sites predicted at once; larger tables are cut and padded to it


_Tree: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, int]


class Forest(NamedTuple):
    """All trees of all species, one after the other, as arrays.

    Nodes lie in depth-first order: the left child of an inner node is the next node.

    Attributes:
        feature: `[nodes]` column an inner node splits, -1 at a leaf.
        value: `[nodes]` an inner node's threshold (left if feature <= value), a leaf's
            probability of presence.
        right: `[nodes]` distance to the right child, 0 at a leaf.
        root: `[species, trees]` first node of each tree.
        depth: `[species, trees]` splits on the longest path.
    """

    feature: Int[np.ndarray, " nodes"]
    value: Float[np.ndarray, " nodes"]
    right: Int[np.ndarray, " nodes"]
    root: Int[np.ndarray, "species trees"]
    depth: Int[np.ndarray, "species trees"]


def fit_forest(
    features: Float[np.ndarray, "sites features"],
    counts: Float[np.ndarray, "sites species"],
    *,
    seed: int,
    trees: int = 500,
    min_leaf: int = 1,
    max_presences: int | None = 1000,
    max_features: float | int | str = "sqrt",
    site_weights: Float[np.ndarray, " sites"] | None = None,
    presences_in_background: bool = True,
    jobs: int | None = None,
) -> Forest:
    """Grows a down-sampled forest for every species.

    Args:
        features: encoded predictors, finite.
        counts: records per site; a site with any is a presence, once.
        seed: the forest is a function of it and of the arguments, not of `jobs`.
        trees: trees a species.
        min_leaf: fewest rows in a leaf.
        max_presences: most presences (and so background sites) a tree sees; None for
            all. Bounds the size of the trees of common species.
        max_features: columns tried at a split, as scikit-learn takes it.
        site_weights: chance of each site to be drawn as background, relative; a site
            of weight 0 is none. None for equal chances.
        presences_in_background: whether a species' own sites may be drawn as its
            background (use against availability).
        jobs: threads; None for one a core.

    Returns:
        A `Forest`. A species without presences, or without background, gets trees of
        a single leaf of probability 1/2.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: shapes that do not fit, or features that are not finite.
    """
    try:
        import sklearn.tree  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "random forests need scikit-learn: pip install 'jaxsdm[forest]'."
        ) from error
    features = np.ascontiguousarray(features, np.float32)
    counts = np.asarray(counts)
    if features.ndim != 2 or counts.ndim != 2 or len(features) != len(counts):
        raise ValueError(
            "fit_forest: want features [sites, features] and counts [sites, species], "
            f"got {features.shape} and {counts.shape}."
        )
    if not np.isfinite(features).all():
        columns = np.flatnonzero(~np.isfinite(features).all(0))
        raise ValueError(
            f"fit_forest: features in columns {columns[:5].tolist()} are not finite; "
            "drop or fill the missing predictors first."
        )
    weights = np.ones(len(features)) if site_weights is None else site_weights
    weights = np.asarray(weights, np.float64)
    if weights.shape != (len(features),) or not (weights >= 0).all():
        raise ValueError(
            f"fit_forest: want site_weights >= 0 of shape ({len(features)},), got "
            f"shape {weights.shape}."
        )
    grow = functools.partial(
        _grow_species,
        features,
        trees=trees,
        max_presences=max_presences,
        options={"min_samples_leaf": min_leaf, "max_features": max_features},
    )
    tasks = []
    for species, column in enumerate((counts > 0).T):
        background = weights if presences_in_background else weights * ~column
        tasks.append((np.flatnonzero(column), background, [seed, species]))
    with concurrent.futures.ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        return _joined(list(pool.map(lambda task: grow(*task), tasks)))


def predict_forest(
    forest: Forest,
    features: Float[np.ndarray, "sites features"],
    *,
    form: str = "log_probability",
) -> Float[np.ndarray, "sites species"]:
    """Scores of every species at every site, finite always.

    With `v` the mean leaf probability of `T` trees and `p = (T v + 1) / (T + 2)`
    (Laplace's rule of succession), `log p` or `log p - log(1 - p)`.

    Args:
        forest: from `fit_forest`.
        features: encoded predictors, the columns the forest was grown on.
        form: "log_probability", or "log_odds" (a log relative intensity).

    Raises:
        ValueError: an unknown form.
    """
    if form not in FORMS:
        raise ValueError(f"predict_forest: form {form!r} is not one of {FORMS}.")
    trees = forest.root.shape[1]
    p = (trees * mean_probability(forest, features) + 1) / (trees + 2)
    return np.log(p) - np.log1p(-p) if form == "log_odds" else np.log(p)


def mean_probability(
    forest: Forest, features: Float[np.ndarray, "sites features"]
) -> Float[np.ndarray, "sites species"]:
    """Mean leaf probability over each species' trees, float32 in [0, 1]."""
    features = np.asarray(features, np.float32)
    device = jax.tree.map(jnp.asarray, forest)

    def block(start: int) -> np.ndarray:
        rows = features[start : start + _ROWS]
        padded = np.pad(rows, [(0, _ROWS - len(rows)), (0, 0)])
        return np.asarray(_walk(device, padded))[: len(rows)]

    starts = range(0, len(features), _ROWS)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        blocks = list(pool.map(block, starts))
    species = forest.root.shape[0]
    return np.concatenate([np.zeros((0, species), np.float32), *blocks])


@jax.jit
def _walk(
    forest: Forest, features: Float[Array, "rows features"]
) -> Float[Array, "rows species"]:
    rows = jnp.arange(features.shape[0])

    def one_tree(total: Array, tree: tuple[Array, Array]) -> tuple[Array, None]:
        root, depth = tree

        def step(_: Int[Array, ""], node: Int[Array, " rows"]) -> Int[Array, " rows"]:
            column = forest.feature[node].astype(jnp.int32)
            left = features[rows, jnp.maximum(column, 0)] <= forest.value[node]
            right = forest.right[node].astype(jnp.int32)
            return node + jnp.where(left & (column >= 0), 1, right)

        start = jnp.full(rows.shape, root, jnp.int32)
        leaf = jax.lax.fori_loop(0, depth.astype(jnp.int32), step, start)
        return total + forest.value[leaf], None

    def one_species(trees: tuple[Array, Array]) -> Array:
        total, _ = jax.lax.scan(one_tree, jnp.zeros(rows.shape), trees)
        return total / trees[0].shape[0]

    return jax.lax.map(one_species, (forest.root, forest.depth)).T


def _grow_species(
    features: np.ndarray,
    presences: np.ndarray,
    background: np.ndarray,
    entropy: list[int],
    *,
    trees: int,
    max_presences: int | None,
    options: dict[str, Any],
) -> list[_Tree]:
    import sklearn
    from sklearn.tree import DecisionTreeRegressor

    if not len(presences) or not background.any():
        return [_LEAF] * trees
    random = np.random.default_rng(entropy)
    chance = background / background.sum()
    size = min(len(presences), max_presences or len(presences))
    labels = np.repeat([1.0, 0.0], size)
    grown = []
    # On labels 0 and 1 squared error orders splits as Gini's index does and a leaf's
    # mean is its share of presences: the same trees in a third of the time.
    with sklearn.config_context(skip_parameter_validation=True, assume_finite=True):
        for _ in range(trees):
            rows = np.concatenate(
                [
                    random.choice(presences, size),
                    random.choice(len(features), size, p=chance),
                ]
            )
            tree = DecisionTreeRegressor(
                random_state=int(random.integers(2**31)), **options
            )
            tree.fit(features[rows], labels, check_input=False)
            grown.append(tree_arrays(tree.tree_))
    return grown


_LEAF = (
    np.array([-1], np.int16),
    np.array([0.5], np.float32),
    np.array([0], np.int32),
    0,
)


def tree_arrays(tree: Any) -> _Tree:
    """A scikit-learn regression tree on labels 0 and 1 in the layout of `Forest`.

    Args:
        tree: the `tree_` of a fitted `DecisionTreeRegressor`.

    Returns:
        `feature`, `value` and `right` of its nodes, and its depth.
    """
    inner = tree.children_left >= 0
    node = np.arange(tree.node_count)
    # Features are float32, thresholds float64: rounded down, every comparison stays.
    threshold = tree.threshold.astype(np.float32)
    above = threshold > tree.threshold
    threshold[above] = np.nextafter(threshold[above], np.float32(-np.inf))
    return (
        np.where(inner, tree.feature, -1).astype(np.int16),
        np.where(inner, threshold, tree.value[:, 0, 0]).astype(np.float32),
        np.where(inner, tree.children_right - node, 0).astype(np.int32),
        tree.max_depth,
    )


def _joined(grown: list[list[_Tree]]) -> Forest:
    flat = [tree for species in grown for tree in species]
    feature, value, right = (
        np.concatenate(x) for x in list(zip(*flat, strict=True))[:3]
    )
    sizes = np.array([len(tree[0]) for tree in flat])
    shape = (len(grown), len(grown[0]))
    narrow = np.uint16 if right.max() < 2**16 else np.int32
    return Forest(
        feature,
        value,
        right.astype(narrow),
        (np.cumsum(sizes) - sizes).astype(np.int32).reshape(shape),
        np.array([tree[3] for tree in flat], np.int16).reshape(shape),
    )
