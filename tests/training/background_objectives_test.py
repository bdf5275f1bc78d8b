"""Tests for jaxsdm.training.background_objectives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import losses, parallel
from jaxsdm.models import Outputs
from jaxsdm.training import objectives
from jaxsdm.training.background_objectives import labels_at_random

SITES, SPECIES = 16, 6
RNG = np.random.default_rng(0)
F = RNG.normal(size=(SITES, SPECIES)).astype(np.float32)
WHERE = np.arange(SITES) < 13
BACKGROUND = (np.arange(SITES) >= 10) & WHERE  # three rows for ten with records
RECORDS = WHERE & ~BACKGROUND
LABELS = RNG.integers(0, SPECIES, SITES)
ONE = np.where(RECORDS[:, None], np.eye(SPECIES)[LABELS], 0)
MANY = np.where(RECORDS[:, None], ONE + RNG.poisson(0.6, (SITES, SPECIES)), 0)
MASS = 0.5
WEIGHTS = np.where(BACKGROUND, MASS * 10 / 3, 1.0)
PREVALENCE = np.array([0.1, 0.5, 0.0, 0.3, 0.2, 0.9])
CASES = {
    "full": ("assume_negative", {"form": "full", "positive_weight": 7.0}),
    "full, maximum entropy": (
        "assume_negative",
        {"form": "full", "positive_weight": 7.0, "maximize_entropy": True},
    ),
    "ssdl": ("assume_negative", {"form": "ssdl"}),
    "ssdl, maximum entropy": (
        "assume_negative",
        {"form": "ssdl", "maximize_entropy": True},
    ),
    "full_weighted": ("full_weighted", {"presence_weight": 2.0}),
}


def make(case, mesh=None, background=True, **options):
    name, own = CASES[case]
    return objectives.build(
        name,
        species=SPECIES,
        mesh=mesh,
        prevalence=tuple(PREVALENCE.tolist()),
        background=background,
        **(own | options),
    )


def value(case, f=F, y=ONE, where=WHERE, mesh=None, keys=1):
    """Value and gradient, the means over keys."""
    objective = make(case, mesh)
    targets = {
        "counts": jnp.asarray(np.where(where[:, None], y, np.nan), jnp.float32),
        "where": jnp.asarray(where),
        "background": jnp.asarray(BACKGROUND & where),
        "site_weights": jnp.asarray(WEIGHTS, jnp.float32),
    }

    def run(logits, key):
        return objective(Outputs(logits, logits, {}), targets, key)[0]

    junk = jnp.asarray(np.where(where[:, None], f, np.nan), jnp.float32)
    run = jax.vmap(jax.value_and_grad(run), (None, 0))
    every = jax.jit(run)(junk, jax.random.split(jax.random.key(1), keys))
    return jax.tree.map(lambda x: x.mean(0), every)


def by_hand(case, y):
    """The loss of every record with every background row, weighed by the mass."""
    name, options = CASES[case]
    site, label = np.nonzero(y)
    number = y[site, label]
    total, absent = 0.0, {}
    if name == "full_weighted":
        site, label = np.flatnonzero(RECORDS), (y[RECORDS] > 0) * 1.0
        number, absent = np.ones(10), {"prevalence": PREVALENCE}
    for mass, background in [
        (MASS, np.flatnonzero(BACKGROUND)),
        (1 - MASS, np.array([-1])),  # with random places where nothing is
    ]:
        for row in background:
            g = F[row] if row >= 0 else np.full(SPECIES, -1e30, np.float32)
            loss = getattr(losses, name)(
                F[site],
                label,
                background_logits=np.broadcast_to(g, F[site].shape),
                **options,
                **absent,
            )
            total += mass / len(background) * float(np.sum(number * np.asarray(loss)))
    return total / 10


@pytest.mark.parametrize("case", ["full", "full, maximum entropy", "full_weighted"])
def test_records_with_every_background_row(case):
    np.testing.assert_allclose(value(case)[0], by_hand(case, ONE), rtol=1e-5)


@pytest.mark.parametrize("case", sorted(CASES))
def test_in_the_mean_over_draws_where_sites_have_many_records(case):
    got = value(case, y=MANY, keys=1 if case == "full_weighted" else 20_000)[0]
    rtol = 1e-5 if case == "full_weighted" else 0.01
    np.testing.assert_allclose(got, by_hand(case, MANY), rtol=rtol)


@pytest.mark.parametrize("case", sorted(CASES))
@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_same_on_a_mesh_with_padded_species(case, shape):
    columns = parallel.round_up(SPECIES, shape[1])
    extra = ((0, 0), (0, columns - SPECIES))
    f, y = np.pad(F, extra, constant_values=9), np.pad(MANY, extra)
    got = value(case, f, y, mesh=parallel.make_mesh(*shape))
    want = value(case, y=MANY)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5)
    np.testing.assert_allclose(got[1][:, :SPECIES], want[1], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(got[1][:, SPECIES:], 0)


@pytest.mark.parametrize("case", sorted(CASES))
def test_padded_rows_have_no_share(case):
    nothing = value(case, where=np.zeros(SITES, bool))
    assert nothing[0] == 0.0
    np.testing.assert_array_equal(nothing[1], 0)
    np.testing.assert_array_equal(value(case)[1][~WHERE], 0)
    assert (np.abs(value(case)[1][BACKGROUND]).sum(1) > 0).all()


def test_a_label_at_random_follows_the_records():
    labels, records = jnp.asarray([4, 2, 0, 5]), jnp.asarray([3.0, 1.0, 0.0, 0.0])
    keys = jax.random.split(jax.random.key(0), 1000)
    drawn = jax.vmap(labels_at_random, (0, None, None))(keys, labels, records)
    assert set(np.unique(drawn)) == {2, 4}
    share = np.mean(np.asarray(drawn) == 4)
    assert abs(share - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 4000)


@pytest.mark.parametrize("case", sorted(CASES))
def test_what_needs_background_says_so(case):
    with pytest.raises(ValueError, match=r"config\.background\.mass = 1"):
        make(case, background=False)
    assert callable(make("full", background=False, form="slds"))


def test_options_that_cannot_be():
    with pytest.raises(ValueError, match="unknown form 'sldl'; known: full, slds, ssd"):
        make("full", form="sldl")
    build = objectives.build
    with pytest.raises(ValueError, match="want prevalence of 6 species, got 2"):
        build("full_weighted", species=6, background=True, prevalence=(0.1, 0.2))
    with pytest.raises(ValueError, match="species 1 is at every training site"):
        build("full_weighted", species=2, background=True, prevalence=(0.1, 1.0))
