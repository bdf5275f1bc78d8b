"""`fit_maxent` against other people's Maxent, on the sloth data of maxnet.

Bradypus variegatus: 116 presences, 1000 background points (Phillips et al. 2006). As in
Maxent and maxnet the presences belong to the background too.
"""

import functools

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from jaxsdm import models
from jaxsdm.training.proximal import fit_maxent


@pytest.fixture(scope="module")
def bradypus(shared):
    """Presence of each row, and its 13 continuous predictors (no ecoregion)."""
    path = shared / "data" / "maxnet" / "bradypus.csv"
    header = path.read_text().splitlines()[0].split(",")
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    continuous = [i for i, name in enumerate(header[1:], 1) if name != "ecoreg"]
    return table[:, 0], table[:, continuous].astype(np.float32)


def solve(features, presence, penalties):
    return fit_maxent(
        features,
        presence[:, None],
        penalties,
        tolerance=1e-6,
        max_iterations=3000,
    )


def test_the_data_are_as_published(bradypus):
    presence, predictors = bradypus
    assert presence.sum() == 116
    assert len(presence) == 1116
    assert predictors.shape[1] == 13


def test_infinitely_weighted_logistic_regression(bradypus):
    """Fithian & Hastie (2013): with background weights to infinity, logistic
    regression has the slopes of Maxent (doi:10.1214/13-AOAS667).
    """
    presence, predictors = bradypus
    layer = models.MaxentFeatures(classes=("linear", "quadratic"))
    constants = models.expansion_constants(predictors)
    features = np.asarray(layer.apply({"constants": constants}, predictors))
    classes = models.expanded_classes((False,) * 13, classes=("linear", "quadratic"))
    penalties = models.maxent_penalties(features, presence[:, None], classes)
    fit = solve(features, presence, penalties)
    assert fit.violation.max() < 1e-4

    # scikit-learn has one penalty for all columns, so each is scaled by its own. The
    # intercept is penalised too: on a large constant column that is negligible.
    mean_penalty = penalties.mean()
    scaled = features * (mean_penalty / penalties[:, 0])
    logistic = LogisticRegression(
        l1_ratio=1.0,
        C=1 / (presence.sum() * mean_penalty),
        solver="liblinear",
        intercept_scaling=100.0,
        tol=1e-7,
        max_iter=2000,
        random_state=0,
    )
    rows = np.concatenate([scaled[presence == 1], scaled])
    label = np.r_[np.ones(116), np.zeros(len(scaled))]
    logistic.fit(rows, label, sample_weight=np.where(label == 1, 1.0, 100.0))

    ours = features @ fit.kernel[:, 0]
    theirs = scaled @ logistic.coef_[0]
    assert abs(roc_auc_score(presence, ours) - roc_auc_score(presence, theirs)) < 5e-4
    assert roc_auc_score(presence, ours) > 0.85
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9995


def test_elapid(bradypus, monkeypatch):
    """The features and the penalty of elapid, its fit and ours."""
    elapid = pytest.importorskip("elapid", reason="elapid (extra 'peers') is missing")
    from elapid.models import estimate_C_from_betas

    # Its intercept is penalised like a slope, which Maxent's normaliser is not: a large
    # constant column makes that negligible.
    free = functools.partial(LogisticRegression, intercept_scaling=100.0)
    monkeypatch.setattr("elapid.models.LogisticRegression", free)
    presence, predictors = bradypus
    rows = np.concatenate([predictors[presence == 1], predictors])
    label = np.r_[np.ones(116), np.zeros(len(predictors))]
    peer = elapid.MaxentModel(
        feature_types=["linear", "quadratic"],
        use_sklearn=True,
        convergence_tolerance=1e-7,
        random_state=0,
        n_cpus=1,
    )
    peer.fit(rows, label)
    features = np.asarray(peer.transformer.transform(predictors), np.float64)
    strength = estimate_C_from_betas(peer.beta_multiplier)
    penalty = np.full((features.shape[1], 1), 1 / (strength * presence.sum()))
    ours = features @ solve(features, presence, penalty).kernel[:, 0]
    theirs = np.asarray(peer.predict(predictors))
    assert abs(roc_auc_score(presence, ours) - roc_auc_score(presence, theirs)) < 5e-4
