"""Tests for jaxsdm.models.maxent_output."""

import numpy as np
import pytest

from jaxsdm import models

F = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)


def outputs(form, at=F, **options):
    normalizer, entropy = models.background_normalizer(F)
    return np.asarray(
        models.maxent_output(
            at, form, log_normalizer=normalizer, entropy=entropy, **options
        )
    )


def test_raw_sums_to_one_and_entropy_is_its_own():
    raw = outputs("raw")
    np.testing.assert_allclose(raw.sum(0), 1, rtol=1e-5)
    _, entropy = models.background_normalizer(F)
    np.testing.assert_allclose(entropy, -(raw * np.log(raw)).sum(0), rtol=1e-5)


@pytest.mark.parametrize("prevalence", [0.5, 0.2])
def test_forms_by_their_formulas(prevalence):
    q = np.exp(F.astype(float)) / np.exp(F.astype(float)).sum(0)
    scaled = q * np.exp(-(q * np.log(q)).sum(0))
    np.testing.assert_allclose(outputs("cloglog"), 1 - np.exp(-scaled), rtol=1e-4)
    logistic = prevalence * scaled / (1 - prevalence + prevalence * scaled)
    np.testing.assert_allclose(
        outputs("logistic", prevalence=prevalence), logistic, rtol=1e-4
    )


def test_a_flat_model_gives_the_typical_values():
    flat = np.zeros((10, 1), np.float32)
    normalizer, entropy = models.background_normalizer(flat)
    got = [
        models.maxent_output(flat, form, log_normalizer=normalizer, entropy=entropy)
        for form in ("raw", "logistic", "cloglog")
    ]
    for output, value in zip(got, [0.1, 0.5, 1 - np.exp(-1)], strict=True):
        np.testing.assert_allclose(output, value, rtol=1e-5)


def test_weights_stand_for_repeated_sites():
    repeats = np.random.default_rng(1).integers(0, 4, 50)
    got = models.background_normalizer(F, site_weights=repeats.astype(np.float32))
    want = models.background_normalizer(np.repeat(F, repeats, axis=0))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_extreme_intensities_stay_finite():
    for form in ("raw", "logistic", "cloglog"):
        got = outputs(form, at=np.float32([[-1e4, 0, 60.0]]))
        assert np.isfinite(got).all()
        assert form == "raw" or (got <= 1).all()


def test_unknown_form():
    with pytest.raises(ValueError, match="'probability' is not one of"):
        outputs("probability")
