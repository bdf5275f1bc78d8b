"""Tests for jaxsdm.decisions.dependent: sets of species that depend on each other."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import decisions


@pytest.mark.parametrize(("beta", "empty"), [(1, 0), (2, 0), (0.5, 1)])
def test_among_all_sets_there_are(beta, empty):
    rng = np.random.default_rng(5)
    draws = rng.beta(0.3, 0.5, (4, 20, 6))
    outcomes = np.array(list(itertools.product([0, 1], repeat=6)))
    chances = np.where(outcomes[:, None, None], draws, 1 - draws).prod(axis=-1)
    chances = chances.mean(axis=1)  # of a mixture of independent species
    hits = outcomes @ outcomes.T
    sizes = outcomes.sum(axis=1)
    below = beta**2 * sizes[None] + sizes[:, None]
    value = np.where(below > 0, (1 + beta**2) * hits / np.maximum(below, 1), empty)
    expected = value @ chances
    with jax.enable_x64(True):
        found = decisions.maximize_joint_f_beta(
            jnp.asarray(draws), beta, empty_score=empty
        )
        best = expected.max(axis=0)
        np.testing.assert_allclose(found.expected_score, best, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(found.mask, outcomes[expected.argmax(axis=0)])
        np.testing.assert_array_equal(found.size, found.mask.sum(axis=1))


def test_one_draw_is_independence():
    p = np.random.default_rng(6).beta(0.2, 2, (7, 150)).astype(np.float32)
    joint = decisions.maximize_joint_f_beta(p[None], 2)
    alone = decisions.maximize_expected_score(p, decisions.f_beta(2))
    np.testing.assert_array_equal(joint.mask, alone.mask)
    np.testing.assert_allclose(joint.expected_score, alone.expected_score, rtol=3e-6)


def test_the_most_probable_species_need_not_be_in_it():
    """Two species that come together, beside a likelier one that comes alone."""
    draws = np.array([[[0, 0, 0, 1]] * 1, [[1, 1, 1, 0]] * 1] * 1, np.float32)
    draws = np.concatenate([draws, [[[0, 0, 0, 1]]]]).astype(np.float32)
    mean = draws.mean(axis=0)
    joint = decisions.maximize_joint_f_beta(draws, 1)
    alone = decisions.maximize_expected_score(mean, decisions.f_beta(1))
    assert joint.mask.tolist() == [[False, False, False, True]]
    assert alone.size[0] > 1


def test_wrong_draws_are_refused():
    with pytest.raises(ValueError, match=r"\[draws, places, species\], got shape"):
        decisions.maximize_joint_f_beta(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"in \[0, 1\]; 1 are not"):
        decisions.maximize_joint_f_beta(np.array([[[0.1, 2.0]]]))
