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

from jaxsdm import losses, parallel
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
COUNTS = Y[WHERE].sum(0)
OPTIONS = {
    "asymmetric": {"gamma_positive": 1.0, "gamma_negative": 2.0, "clip": 0.1},
    "binary_cross_entropy": {},
    "expected_positive_regularization": {"expected_positives": 1.5, "weight": 20.0},
    "hill": {"lamb": 1.4, "margin": 0.5, "gamma": 1.0},
    "normalized_poisson": {},
    "poisson": {},
    "presence_only_cross_entropy": {},
    "sigmoid_f1": {"scale": 2.0, "offset": 0.3},
    "softmax_cross_entropy": {"label_smoothing": 0.2, "class_balanced_beta": 0.9},
}
OF_SITES = sorted(OPTIONS)


def value_and_gradient(
    name, f=F, y=Y, where=WHERE, species=SPECIES, mesh=None, **options
):
    objective = objectives.build(
        name,
        species=species,
        mesh=mesh,
        class_counts=tuple(COUNTS.tolist()),
        **options,
    )
    junk = np.where(where[:, None], f, np.nan)
    logits = jnp.asarray(junk, jnp.float32)
    targets = {
        "counts": jnp.asarray(np.where(where[:, None], y, np.nan), jnp.float32),
        "where": jnp.asarray(where),
        "background": jnp.asarray(BACKGROUND),
        "site_weights": jnp.asarray(WEIGHTS, jnp.float32),
    }
    run = jax.value_and_grad(
        lambda logits: objective(Outputs(logits, logits, {}), targets, None),
        has_aux=True,
    )
    (loss, extra), gradient = jax.jit(run)(logits)
    assert extra == {}
    assert loss.shape == ()
    return float(loss), gradient


def value(name, *arguments, **options):
    return value_and_gradient(name, *arguments, **options)[0]


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


def test_softmax_cross_entropy_with_smooth_labels_and_weights():
    effective = (1 - 0.9**COUNTS) / (1 - 0.9)
    some = COUNTS > 0
    weights = np.where(some, 1 / np.where(some, effective, 1), 0)
    weights /= weights[some].mean()
    smooth = 0.8 * Y + 0.2 * Y.sum(1, keepdims=True) / SPECIES
    terms = -(weights * smooth * log_softmax(F, axis=1)).sum(1)
    options = OPTIONS["softmax_cross_entropy"]
    got = value("softmax_cross_entropy", **options)
    np.testing.assert_allclose(got, terms[RECORDS].sum() / 10, rtol=1e-5)


@pytest.mark.parametrize("name", ["asymmetric", "hill"])
def test_multi_label(name):
    """Every site of the batch by its weight, background too."""
    loss = getattr(losses, name)(F, (Y > 0) * 1.0, **OPTIONS[name])
    want = (WEIGHTS * np.asarray(loss))[WHERE].sum() / 10
    np.testing.assert_allclose(value(name, **OPTIONS[name]), want, rtol=1e-5)


@pytest.mark.parametrize(
    "name",
    ["expected_positive_regularization", "presence_only_cross_entropy", "sigmoid_f1"],
)
def test_of_sites_with_records(name):
    """As if there were no background."""
    present = (Y > 0)[RECORDS] * 1.0
    loss = getattr(losses, name)(F[RECORDS], present, **OPTIONS[name])
    want = np.mean(loss)
    np.testing.assert_allclose(value(name, **OPTIONS[name]), want, rtol=1e-5)


@pytest.mark.parametrize("name", OF_SITES)
def test_a_batch_of_padding_alone_is_zero(name):
    loss, gradient = value_and_gradient(
        name, where=np.zeros(SITES, bool), **OPTIONS[name]
    )
    assert loss == 0.0
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("name", OF_SITES)
@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_same_on_a_mesh_with_padded_species(name, shape):
    columns = parallel.round_up(SPECIES, shape[1])
    extra = columns - SPECIES
    f = np.concatenate([F, RNG.normal(size=(SITES, extra))], axis=1)
    y = np.concatenate([Y, np.zeros((SITES, extra))], axis=1)
    mesh = parallel.make_mesh(*shape)
    got = value_and_gradient(name, f, y, mesh=mesh, **OPTIONS[name])
    want = value_and_gradient(name, **OPTIONS[name])
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5)
    np.testing.assert_allclose(got[1][:, :SPECIES], want[1], rtol=1e-5, atol=1e-7)
    if name != "normalized_poisson":  # of which a padded species is just without record
        np.testing.assert_array_equal(got[1][:, SPECIES:], 0)


def test_every_loss_is_an_objective_and_says_what_its_logits_are():
    assert objectives.BY_NAME.keys() == losses.BY_NAME.keys()
    places = {"normalized_poisson", "poisson"}
    assert objectives.BY_NAME.keys() - places == objectives.OVER_SPECIES


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_smoothing": 1.5}, r"want label_smoothing in \[0, 1\], got 1.5"),
        ({"class_balanced_beta": 1.0}, r"want beta in \[0, 1\), got 1.0"),
        ({"class_balanced_beta": 0.9, "species": 7}, "class_counts of 7 species"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        value("softmax_cross_entropy", **options)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(
        ValueError,
        match=r"unknown objective 'maxent'; known: assume_negative, asymmetric, "
        r"binary_cross_entropy, .*, softmax_cross_entropy, stochastic_top_k_hinge, "
        r"two_head_average_k\.",
    ):
        objectives.build("maxent", species=SPECIES)
    with pytest.raises(
        ValueError,
        match=r"objective 'normalized_poisson' has no option power; known: "
        r"count_power\.",
    ):
        objectives.build("normalized_poisson", species=SPECIES, power=1.0)


def test_an_option_that_is_missing():
    with pytest.raises(
        ValueError,
        match=r"objective 'expected_positive_regularization' needs the option "
        r"expected_positives\.",
    ):
        objectives.build("expected_positive_regularization", species=SPECIES)


@pytest.mark.parametrize("name", sorted(objectives.OF_SURVEYS))
def test_a_species_that_nobody_looked_for_has_no_part(name):
    unknown = np.zeros(F.shape, bool)
    unknown[1, 0] = unknown[4, [0, 3]] = unknown[7, 5] = True
    surveyed = np.where(unknown, np.nan, Y)
    options = OPTIONS[name]
    loss, gradient = value_and_gradient(name, y=surveyed, **options)
    assert np.isfinite(loss)
    np.testing.assert_array_equal(np.asarray(gradient)[unknown], 0)
    assert np.all(np.asarray(gradient)[1, 1:] != 0)
    other = F + 3 * unknown
    assert value_and_gradient(name, f=other, y=surveyed, **options)[0] == loss


def test_binary_cross_entropy_of_what_was_looked_for():
    unknown = np.zeros(F.shape, bool)
    unknown[::2, 1] = True
    loss, _ = value_and_gradient("binary_cross_entropy", y=np.where(unknown, np.nan, Y))
    each = np.logaddexp(0, F) - (Y > 0) * F
    each = np.where(unknown, 0, each)[WHERE] * WEIGHTS[WHERE, None]
    np.testing.assert_allclose(loss, each.sum() / 10 / SPECIES, rtol=1e-6)
