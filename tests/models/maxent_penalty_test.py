"""Tests for jaxsdm.models.maxent_penalty."""

import numpy as np
import pytest

from jaxsdm import models

RNG = np.random.default_rng(0)
KINDS = ("linear", "quadratic", "product", "hinge", "categorical")


def penalties(n, features, **options):
    """Penalties of a species recorded once at each of the first `n` sites."""
    counts = (np.arange(len(features)) < n).astype(float)[:, None]
    return models.maxent_penalties(features, counts, KINDS, **options)[:, 0]


# By hand from the tables of maxnet.default.regularization: (linear, quadratic,
# product, hinge, categorical) multipliers, inf where the class is not used. With
# product features (from 80 records) all three polynomial classes take its table.
@pytest.mark.parametrize(
    ("records", "multipliers"),
    [
        (5, (1.0, np.inf, np.inf, np.inf, 0.575)),
        (12, (0.8 - 0.3 * 2 / 7, 0.8 - 0.3 * 2 / 7, np.inf, np.inf, 0.5 - 0.5 / 7)),
        (20, (0.5 - 0.25 * 3 / 13, 0.5 - 0.25 * 3 / 13, np.inf, 0.5, 0.25)),
        (90, (0.55 - 0.5 * 6 / 7,) * 3 + (0.5, 0.25)),
        (200, (0.05, 0.05, 0.05, 0.5, 0.25)),
    ],
)
def test_hand_values(records, multipliers):
    features = RNG.random((400, 5))
    sd = features[:records].std(0, ddof=1)
    sd[3] = max(sd[3], records**-0.5)
    floor = 0.001 * np.ptp(features, axis=0)
    want = np.maximum(floor, np.array(multipliers) * sd / np.sqrt(records))
    np.testing.assert_allclose(penalties(records, features), want, rtol=1e-10)
    np.testing.assert_allclose(
        penalties(records, features, multiplier=2.5), 2.5 * want, rtol=1e-10
    )


def test_floors():
    features = RNG.random((400, 5))
    features[:100] = 0.5  # no spread over the records
    got = penalties(100, features)
    floor = 0.001 * np.ptp(features, axis=0)
    np.testing.assert_allclose(got[[0, 1, 2, 4]], floor[[0, 1, 2, 4]])
    np.testing.assert_allclose(got[3], 0.5 / 100)


def test_a_record_counts_as_often_as_it_is_listed():
    features = RNG.random((40, 5))
    counts = RNG.integers(0, 4, (40, 1)).astype(float)
    repeated = np.repeat(features, counts[:, 0].astype(int), axis=0)
    rows = np.concatenate([features, repeated])
    once = np.r_[np.zeros(40), np.ones(len(repeated))][:, None]
    np.testing.assert_allclose(
        models.maxent_penalties(features, counts, KINDS),
        models.maxent_penalties(rows, once, KINDS),
    )


def test_none_and_one_record():
    features = RNG.random((40, 5))
    assert np.isinf(penalties(0, features)).all()
    got = penalties(1, features)
    np.testing.assert_allclose(got[0], features[:, 0].std())
    assert np.isinf(got[1:4]).all()


def test_says_what_is_wrong():
    with pytest.raises(ValueError, match=r"\(40, 5\), got \(40, 4\)"):
        penalties(3, RNG.random((40, 4)))
    with pytest.raises(ValueError, match=r"\['cubic'\] are not known"):
        models.maxent_penalties(np.ones((3, 1)), np.ones((3, 1)), ["cubic"])
