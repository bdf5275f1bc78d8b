"""Tests for jaxsdm.training.record_objectives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import losses, parallel
from jaxsdm.models import Outputs
from jaxsdm.training import objectives
from jaxsdm.training.record_objectives import drawn_records, hide_padding

SITES, SPECIES = 16, 6
RNG = np.random.default_rng(0)
F = RNG.normal(size=(SITES, SPECIES)).astype(np.float32)
SET = RNG.normal(size=(SITES, SPECIES)).astype(np.float32)
LABELS = RNG.integers(0, SPECIES, SITES)
Y = np.eye(SPECIES, dtype=np.float32)[LABELS]
Y[0] *= 3  # three records of one species at a site
WHERE = np.arange(SITES) < 13
BACKGROUND = (np.arange(SITES) >= 10) & WHERE
Y[BACKGROUND] = 0
COUNTS = Y[WHERE].sum(0) + 1
KEY = jax.random.key(3)
NAMES = {
    "assume_negative": {"form": "slds"},
    "expected_top_k_hinge": {"k": 2, "epsilon": 0.5, "max_margin": 0.2},
    "focal": {},
    "ldam": {},
    "logit_adjusted": {"tau": 0.5},
    "smooth_top_k_svm": {"k": 2, "tau": 0.5},
    "stochastic_top_k_hinge": {"k": 2},
    "two_head_average_k": {"k": 2},
}


def value(name, f=F, second=SET, y=Y, mesh=None, **options):
    objective = objectives.build(
        name,
        species=SPECIES,
        mesh=mesh,
        **({"class_counts": tuple(COUNTS.tolist())} | NAMES[name] | options),
    )
    targets = {
        "counts": jnp.asarray(np.where(WHERE[:, None], y, np.nan), jnp.float32),
        "where": jnp.asarray(WHERE),
        "background": jnp.asarray(BACKGROUND),
        "site_weights": jnp.ones(SITES),
    }

    def run(logits):
        outputs = Outputs(logits, logits, {"set_logits": jnp.asarray(second)})
        return objective(outputs, targets, KEY)[0]

    return jax.jit(jax.value_and_grad(run))(jnp.asarray(f))


def by_hand(name):
    """One species a site: nothing is left to the draw of a record."""
    where, labels = Y.sum(1) > 0, np.where(Y.sum(1) > 0, LABELS, 0)
    where &= WHERE
    if name == "focal":
        loss = losses.focal(F, labels, where=where)
    elif name == "ldam":
        margins = losses.top_k_margins(COUNTS, 0.5)
        loss = losses.ldam(F, labels, margins=margins, scale=30.0, where=where)
    elif name == "logit_adjusted":
        loss = losses.logit_adjusted(
            F, labels, class_priors=COUNTS, tau=0.5, where=where
        )
    elif name == "expected_top_k_hinge":
        margin = losses.top_k_margins(COUNTS, 0.2)
        loss = losses.expected_top_k_hinge(
            F, labels, k=2, epsilon=0.5, margin=margin, where=where
        )
    elif name == "assume_negative":
        noise = jax.random.split(KEY)[1]
        loss = losses.assume_negative(F, labels, form="slds", key=noise, where=where)
    elif name == "smooth_top_k_svm":
        loss = losses.smooth_top_k_svm(F, labels, k=2, tau=0.5, where=where)
    elif name == "two_head_average_k":
        loss = losses.two_head_average_k(F, SET, labels, k=2, where=where)
    else:
        noise = jax.random.split(KEY)[1]
        loss = losses.stochastic_top_k_hinge(F, labels, noise, k=2, where=where)
    return (np.asarray(loss) * Y.sum(1))[where].sum() / where.sum()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_mean_over_sites_of_a_loss_times_their_records(name):
    np.testing.assert_allclose(value(name)[0], by_hand(name), rtol=1e-5)


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_same_on_a_mesh_with_padded_species(name, shape):
    columns = parallel.round_up(SPECIES, shape[1])
    extra = ((0, 0), (0, columns - SPECIES))
    f, second = (np.pad(x, extra, constant_values=9) for x in (F, SET))
    got = value(name, f, second, np.pad(Y, extra), mesh=parallel.make_mesh(*shape))
    want = value(name)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5)
    np.testing.assert_allclose(got[1][:, :SPECIES], want[1], atol=1e-6)
    np.testing.assert_array_equal(got[1][:, SPECIES:], 0)


def test_margins_of_the_imbalanced_form_follow_the_counts():
    balanced = value("stochastic_top_k_hinge", max_margin=0.0)[0]
    imbalanced = value("stochastic_top_k_hinge", max_margin=0.2)[0]
    assert imbalanced < balanced - 0.1


@pytest.mark.parametrize("epsilon", [1e-3, 1.0])
def test_the_expected_hinge_of_few_species_and_much_padding(epsilon):
    """Hidden columns are among the largest, and further from the cut than any other."""
    extra = ((0, 0), (0, 26))
    f, y = np.pad(F, extra, constant_values=9), np.pad(Y, extra)
    got = value("expected_top_k_hinge", f, y=y, k=SPECIES - 1, epsilon=epsilon)
    want = value("expected_top_k_hinge", k=SPECIES - 1, epsilon=epsilon)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5)
    np.testing.assert_allclose(got[1][:, :SPECIES], want[1], atol=1e-6)


def test_a_species_without_records_has_the_prior_of_one():
    counts = np.where(np.arange(SPECIES) == 4, 0, COUNTS)
    one = np.maximum(counts, 1)
    got, want = (
        value("logit_adjusted", class_counts=tuple(x.tolist())) for x in (counts, one)
    )
    assert np.isfinite(got[0])
    np.testing.assert_array_equal(got[0], want[0])
    assert abs(float(got[0] - value("logit_adjusted")[0])) > 1e-3


def test_a_record_is_drawn_in_proportion_to_the_counts():
    counts = jnp.asarray([[0.0, 3.0, 1.0, 0.0], [0.0] * 4, [0.0, 0.0, 0.0, 2.0]])
    keys = jax.random.split(jax.random.key(0), 4000)
    labels, records = jax.vmap(functools.partial(drawn_records, counts=counts))(keys)
    np.testing.assert_array_equal(records[0], [4, 0, 2])
    assert set(np.unique(labels[:, 0])) == {1, 2}
    share = np.mean(np.asarray(labels[:, 0]) == 1)
    assert abs(share - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 4000)
    np.testing.assert_array_equal(labels[:, 1], 0)
    np.testing.assert_array_equal(labels[:, 2], 3)


def test_hidden_columns_have_no_share():
    logits = hide_padding(jnp.asarray(F), 4)
    np.testing.assert_array_equal(logits[:, :4], F[:, :4])
    np.testing.assert_array_equal(jax.nn.softmax(logits)[:, 4:], 0)
    assert hide_padding(F, SPECIES) is F


@pytest.mark.parametrize("k", [0, SPECIES])
def test_a_k_that_cannot_be(k):
    with pytest.raises(ValueError, match=f"k is {k}; want 1 or more and fewer"):
        value("stochastic_top_k_hinge", k=k)


def test_two_heads_need_a_second_head():
    objective = objectives.build("two_head_average_k", species=SPECIES, k=2)
    targets = {"counts": jnp.asarray(Y), "where": jnp.ones(SITES, bool)}
    with pytest.raises(ValueError, match=r"config\.model\.set_head = True"):
        objective(Outputs(jnp.asarray(F), jnp.asarray(F), {}), targets, KEY)


def test_an_unknown_reduction():
    with pytest.raises(ValueError, match="known: mean, sum"):
        objectives.build("two_head_average_k", species=SPECIES, species_reduction="max")
