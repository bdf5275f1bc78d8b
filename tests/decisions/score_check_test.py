"""Tests for jaxsdm.decisions.score_check: scores that no best set is found for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import decisions

P = np.random.default_rng(0).random((3, 6)).astype(np.float32)


@pytest.mark.parametrize(
    ("function", "where"),
    [
        (lambda t, k, m, s: t / m, "0 true positives of 1 predicted and 0 present"),
        (lambda t, k, m, s: t / k, "0 true positives of 0 predicted and 1 present"),
    ],
)
def test_a_score_that_is_undefined_somewhere_is_refused(function, where):
    score = decisions.score(function, name="share")
    for call in (decisions.maxexp, jax.jit(lambda p, s=score: decisions.maxexp(p, s))):
        arguments = (P, score) if call is decisions.maxexp else (P,)
        with pytest.raises(ValueError, match=f"score share: want finite .* {where}"):
            call(*arguments)
    with pytest.raises(ValueError, match="want finite"):
        decisions.expected_score(P, P > 0.5, score)


def test_a_loss_is_refused_as_a_score_but_has_an_expectation():
    loss = decisions.score(lambda t, k, m, s: k + m - 2 * t, name="errors")
    with pytest.raises(
        ValueError, match=r"errors falls with more true .* Is it a loss"
    ):
        decisions.maxexp(P, loss)
    mask = P > 0.5
    expected = decisions.expected_score(P, mask, loss)
    np.testing.assert_allclose(
        expected, np.where(mask, 1 - P, P).sum(axis=1), rtol=1e-5
    )
    best = decisions.maxexp(P, decisions.score(lambda t, k, m, s: 2 * t - k - m))
    np.testing.assert_array_equal(best.mask, mask)


@pytest.mark.parametrize("species", [1, 2, 30, 700])
@pytest.mark.parametrize("name", decisions.SCORES)
def test_our_own_scores_pass(name, species):
    from jaxsdm.decisions.score_check import check_score

    check_score(decisions.SCORES[name], species, rising=True)


def test_a_share_of_nothing_may_be_said():
    recall = decisions.score(lambda t, k, m, s: jnp.where(m == 0, 0, t / m))
    assert decisions.maxexp(P, recall).size.tolist() == [6, 6, 6]
