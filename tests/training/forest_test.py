"""Tests for jaxsdm.training.forest."""

import builtins

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from jaxsdm.training import forest as forests
from jaxsdm.training.forest import (
    Forest,
    fit_forest,
    mean_probability,
    predict_forest,
    tree_arrays,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 5)).astype(np.float32)
INTENSITY = np.exp(1.5 * X[:, :3] - 1)
COUNTS = RNG.poisson(INTENSITY).astype(np.float32)
COUNTS = np.insert(COUNTS, 1, 0, axis=1)  # a species without records


@pytest.fixture(scope="module")
def grown():
    return fit_forest(X, COUNTS, trees=20, seed=3)


def one(tree):
    feature, value, right, depth = tree_arrays(tree.tree_)
    return Forest(feature, value, right, np.zeros((1, 1), int), np.array([[depth]]))


@pytest.mark.parametrize("leaf", [1, 7])
def test_arrays_predict_as_scikit_learn(leaf):
    labels = (COUNTS[:, 0] > 0).astype(float)
    tree = DecisionTreeRegressor(min_samples_leaf=leaf, random_state=0).fit(X, labels)
    other = RNG.normal(size=(5000, 5)).astype(np.float32)  # more than one block
    at_the_threshold = X[:50].copy()
    split = tree.tree_.feature[0]
    at_the_threshold[:, split] = tree.tree_.threshold[0]
    for rows in (other, at_the_threshold, X[:1], X[:0]):
        got = mean_probability(one(tree), rows)
        assert got.shape == (len(rows), 1)
        want = tree.predict(rows) if len(rows) else []
        np.testing.assert_allclose(got[:, 0], want, rtol=1e-6)


def test_squared_error_on_labels_grows_the_classification_tree():
    labels = (COUNTS[:, 0] > 0).astype(float)
    options = {"max_features": 2, "min_samples_leaf": 2, "random_state": 1}
    regression = DecisionTreeRegressor(**options).fit(X, labels)
    classification = DecisionTreeClassifier(**options).fit(X, labels)
    np.testing.assert_allclose(
        mean_probability(one(regression), X)[:, 0],
        classification.predict_proba(X)[:, 1],
        rtol=1e-6,
    )


def test_a_tree_sees_as_much_background_as_presences(monkeypatch):
    seen = []

    def spy(self, rows, labels, **options):
        seen.append((rows, labels))
        return fit(self, rows, labels, **options)

    fit = DecisionTreeRegressor.fit
    monkeypatch.setattr(DecisionTreeRegressor, "fit", spy)
    presences = COUNTS[:, :1] > 0
    table = np.c_[np.arange(300), X].astype(np.float32)
    background = np.where(np.arange(300) < 100, 0.0, 1.0)
    fit_forest(
        table,
        COUNTS[:, :1],
        trees=5,
        seed=0,
        max_presences=30,
        site_weights=background,
        presences_in_background=False,
    )
    assert len(seen) == 5
    for rows, labels in seen:
        site = rows[:, 0].astype(int)
        assert (labels == 1).sum() == (labels == 0).sum() == 30
        assert presences[site[labels == 1], 0].all()
        assert not presences[site[labels == 0], 0].any()
        assert (site[labels == 0] >= 100).all()
        assert len(np.unique(site[labels == 1])) < 30  # drawn with replacement
    assert not np.array_equal(seen[0][0], seen[1][0])


def test_learns_as_scikit_learns_forest(grown):
    test = RNG.normal(size=(2000, 5)).astype(np.float32)
    for species, column in ((0, 0), (2, 1), (3, 2)):
        truth = RNG.random(2000) < 1 - np.exp(-np.exp(1.5 * test[:, column] - 1))
        ours = roc_auc_score(truth, mean_probability(grown, test)[:, species])
        peer = RandomForestClassifier(100, random_state=0)
        peer.fit(X, COUNTS[:, species] > 0)
        theirs = roc_auc_score(truth, peer.predict_proba(test)[:, 1])
        assert ours > theirs - 0.03


def test_scores_are_finite_and_ordered_as_the_votes(grown):
    votes = mean_probability(grown, X)
    assert votes.min() >= 0
    assert votes.max() <= 1
    smooth = (20 * votes + 1) / 22
    np.testing.assert_allclose(predict_forest(grown, X), np.log(smooth), rtol=1e-5)
    np.testing.assert_allclose(
        predict_forest(grown, X, form="log_odds"),
        np.log(smooth / (1 - smooth)),
        rtol=1e-4,
        atol=1e-5,
    )


def test_species_without_records_is_flat(grown):
    np.testing.assert_allclose(predict_forest(grown, X)[:, 1], np.log(0.5), rtol=1e-6)
    assert not predict_forest(grown, X, form="log_odds")[:, 1].any()


def test_seed_alone_decides(grown):
    again = fit_forest(X, COUNTS, trees=20, seed=3, jobs=1)
    for a, b in zip(grown, again, strict=True):
        np.testing.assert_array_equal(a, b)
    other = fit_forest(X, COUNTS, trees=20, seed=4)
    assert not np.array_equal(mean_probability(other, X), mean_probability(grown, X))


def test_arrays_are_compact_and_survive_a_file(grown, tmp_path):
    assert [part.dtype.name for part in grown] == [
        "int16", "float32", "uint16", "int32", "int16",
    ]  # fmt: skip
    assert grown.root.shape == (4, 20)
    np.savez(tmp_path / "forest.npz", **grown._asdict())
    with np.load(tmp_path / "forest.npz") as saved:
        read = Forest(**saved)
    np.testing.assert_array_equal(predict_forest(read, X), predict_forest(grown, X))


def test_missing_scikit_learn_names_the_extra(monkeypatch):
    plain = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return plain(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'jaxsdm\[forest\]'"):
        fit_forest(X, COUNTS, seed=0)


def test_says_what_is_wrong():
    with pytest.raises(ValueError, match=r"got \(300, 5\) and \(9, 4\)"):
        fit_forest(X, COUNTS[:9], seed=0)
    with pytest.raises(ValueError, match=r"columns \[2\] are not finite"):
        fit_forest(np.where(X[4, 2] == X, np.inf, X), COUNTS, seed=0)
    with pytest.raises(ValueError, match=r"site_weights >= 0 of shape \(300,\), got"):
        fit_forest(X, COUNTS, seed=0, site_weights=np.ones(7))
    leaf = forests.Forest(*(np.zeros((1, 1)) for _ in range(5)))
    with pytest.raises(ValueError, match="form 'votes' is not one of"):
        predict_forest(leaf, X, form="votes")
