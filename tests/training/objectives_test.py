r"""Tests for jaxsdm.training.objectives, against formulas in float64 NumPy.

The formulas are those that DeepMaxent's authors code, with |B| the sites of a batch
that hold a record and N the species: `-(y log_softmax_sites(f)).mean()`,
`(exp(f) - y f).mean()`, `-mean_i sum_j y log_softmax_species(f)` and the mean binary
cross-entropy of `y > 0` (Ryckewaert et al. 2024, arXiv:2412.19217).
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp

from jaxsdm import parallel
from jaxsdm.models import Outputs
from jaxsdm.training import objectives

SITES, SPECIES = 16, 6
RNG = np.random.default_rng(0)
F = RNG.normal(size=(SITES, SPECIES))
Y = RNG.poisson(0.6, (SITES, SPECIES)).astype(float)
Y[:, 2] = 0  # a species without records
WHERE = np.arange(SITES) < 13  # three rows of padding
BACKGROUND = (np.arange(SITES) >= 10) & WHERE  # three background rows
Y[BACKGROUND] = 0
WEIGHTS = np.where(BACKGROUND, 0.5, 1.0)
RECORDS = WHERE & ~BACKGROUND  # ten sites
OF_SITES = (
    "binary_cross_entropy",
    "normalized_poisson",
    "poisson",
    "softmax_cross_entropy",
)


def value(name, f=F, y=Y, where=WHERE, species=SPECIES, mesh=None, **options):
    objective = objectives.build(name, species=species, mesh=mesh, **options)
    junk = np.where(where[:, None], f, np.nan)
    logits = jnp.asarray(junk, jnp.float32)
    targets = {
        "counts": jnp.asarray(np.where(where[:, None], y, np.nan), jnp.float32),
        "where": jnp.asarray(where),
        "background": jnp.asarray(BACKGROUND),
        "site_weights": jnp.asarray(WEIGHTS, jnp.float32),
    }
    loss, extra = jax.jit(
        lambda logits: objective(Outputs(logits, logits, {}), targets, None)
    )(logits)
    assert extra == {}
    assert loss.shape == ()
    return float(loss)


def by_species():
    """`[species]` -sum_i y_ij (f_ij - log sum_k w_k exp f_kj), the padding cut off."""
    f, y, w = F[WHERE], Y[WHERE], WEIGHTS[WHERE]
    return -(y * (f - logsumexp(f, axis=0, b=w[:, None]))).sum(0)


def test_deepmaxent_as_the_authors_code_it():
    """One batch without background and padding: the mean over sites and species."""
    y = RNG.poisson(0.6, (SITES, SPECIES)).astype(float)
    objective = objectives.build("normalized_poisson", species=SPECIES)
    targets = {
        "counts": jnp.asarray(y, jnp.float32),
        "where": jnp.ones(SITES, bool),
        "background": jnp.zeros(SITES, bool),
        "site_weights": jnp.ones(SITES),
    }
    logits = jnp.asarray(F, jnp.float32)
    loss, _ = objective(Outputs(logits, logits, {}), targets, None)
    np.testing.assert_allclose(loss, -(y * log_softmax(F, axis=0)).mean(), rtol=1e-5)


def test_normalized_poisson_divides_by_record_sites_and_species():
    want = by_species().sum() / (10 * SPECIES)
    np.testing.assert_allclose(value("normalized_poisson"), want, rtol=1e-5)


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_count_power(power):
    """Weights n^-power over the species with records, the total of records kept."""
    n, loss = Y[WHERE].sum(0), by_species()
    weights = np.array([one**-power if one else 0.0 for one in n])
    weights *= n.sum() / (weights * n).sum()
    want = (weights * loss).sum() / (10 * SPECIES)
    got = value("normalized_poisson", count_power=power)
    np.testing.assert_allclose(got, want, rtol=1e-5)
    assert abs(want - by_species().sum() / (10 * SPECIES)) > 1e-3


def test_poisson():
    f, y, w = F[WHERE], Y[WHERE], WEIGHTS[WHERE][:, None]
    want = (w * np.exp(f) - y * f).sum() / (10 * SPECIES)
    np.testing.assert_allclose(value("poisson"), want, rtol=1e-5)


def test_softmax_cross_entropy():
    terms = -(Y * log_softmax(F, axis=1)).sum(1)
    want = terms[RECORDS].sum() / 10  # the background has no record
    np.testing.assert_allclose(value("softmax_cross_entropy"), want, rtol=1e-5)


def test_binary_cross_entropy():
    y, p = Y > 0, 1 / (1 + np.exp(-F))
    terms = -np.where(y, np.log(p), np.log(1 - p)).mean(1)
    want = (WEIGHTS * terms)[WHERE].sum() / 10
    np.testing.assert_allclose(value("binary_cross_entropy"), want, rtol=1e-5)


@pytest.mark.parametrize("name", OF_SITES)
def test_a_batch_of_padding_alone_is_zero(name):
    assert value(name, where=np.zeros(SITES, bool)) == 0.0


@pytest.mark.parametrize("name", OF_SITES)
@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_same_on_a_mesh_with_padded_species(name, shape):
    columns = parallel.round_up(SPECIES, shape[1])
    extra = columns - SPECIES
    f = np.concatenate([F, RNG.normal(size=(SITES, extra))], axis=1)
    y = np.concatenate([Y, np.zeros((SITES, extra))], axis=1)
    got = value(name, f, y, mesh=parallel.make_mesh(*shape))
    np.testing.assert_allclose(got, value(name), rtol=1e-5)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(
        ValueError,
        match=r"unknown objective 'maxent'; known: binary_cross_entropy, "
        r"focal, ldam, normalized_poisson, poisson, smooth_top_k_svm, "
        r"softmax_cross_entropy, stochastic_top_k_hinge, two_head_average_k\.",
    ):
        objectives.build("maxent", species=SPECIES)
    with pytest.raises(
        ValueError,
        match=r"objective 'normalized_poisson' has no option power; known: "
        r"count_power\.",
    ):
        objectives.build("normalized_poisson", species=SPECIES, power=1.0)
