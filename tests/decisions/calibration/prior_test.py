"""Corrections of the prior against Bayes' rule on simulated places."""

import numpy as np
import pytest

from jaxsdm.decisions.calibration import (
    case_control_correction,
    presence_background_correction,
    weighted_training_correction,
)

RNG = np.random.default_rng(13)
TRUE = np.asarray([[0.0, 0.01, 0.2], [0.5, 0.9, 1.0]])
"""Probability of presence, in two kinds of places or more."""


def test_weighted_training():
    a = 94.8
    biased = a * TRUE / (a * TRUE + 1 - TRUE)
    got = np.asarray(weighted_training_correction(a)(biased))
    np.testing.assert_allclose(got, TRUE, rtol=2e-5)
    np.testing.assert_allclose(got, biased / (a + biased * (1 - a)), rtol=2e-5)
    each = weighted_training_correction(np.asarray([1.0, 2.0, 4.0]))
    expected = TRUE / (np.asarray([[1, 2, 4]]) * (1 - TRUE) + TRUE)
    np.testing.assert_allclose(each(TRUE), expected, rtol=1e-6)


def test_case_control_sampling():
    prevalence, sampled = 0.03, 0.5
    # Presences are kept with one probability, absences with another.
    kept = sampled / prevalence, (1 - sampled) / (1 - prevalence)
    biased = TRUE * kept[0] / (TRUE * kept[0] + (1 - TRUE) * kept[1])
    rule = case_control_correction(sampled, prevalence)
    np.testing.assert_allclose(rule(biased), TRUE, rtol=2e-5)


def test_presence_against_background():
    places = 200
    truth = RNG.random((places, 1)) * 0.8
    prevalence = truth.mean()
    n1, n0 = 300.0, 5000.0
    # Records fall where the species lives, background anywhere.
    records, background = n1 * truth / truth.sum(), n0 / places
    classifier = records / (records + background)
    rule = presence_background_correction(prevalence, n1, n0)
    np.testing.assert_allclose(rule(classifier), truth, rtol=1e-5)
    np.testing.assert_array_equal(
        rule(np.asarray([[0.0], [0.999], [1.0]])), [[0], [1], [1]]
    )


def test_what_is_refused():
    for weight in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="want weight above 0"):
            weighted_training_correction(weight)
    for share in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match="want prevalence in"):
            case_control_correction(0.5, share)
        with pytest.raises(ValueError, match="want prevalence in"):
            presence_background_correction(share, 1.0, 1.0)
    with pytest.raises(ValueError, match="species, got 2"):
        presence_background_correction(np.full(3, 0.5), 1.0, 1.0)(TRUE[:, :2])
