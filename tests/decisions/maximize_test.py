"""Tests for jaxsdm.decisions.maximize: the best sets, against all sets there are."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from jaxsdm import decisions, parallel

SCORES = {
    "f1": decisions.f_beta(1),
    "f2": decisions.f_beta(2),
    "f05": decisions.f_beta(0.5),
    "f2_authors": decisions.f_beta_released(2),
    "jaccard": decisions.jaccard(),
    "tss": decisions.tss(),
    "accuracy": decisions.accuracy(),
    "mcc": decisions.mcc(),
    "kappa": decisions.kappa(),
    "exact": decisions.exact_match(),
    "delta_sr2": decisions.richness_error(),
    "delta_sr1": decisions.richness_error(1),
}
NUMPY = {
    "f1": lambda t, k, m, s: 2 * t / (k + m) if k + m else 0.0,
    "jaccard": lambda t, k, m, s: t / (k + m - t) if k + m else 0.0,
    "tversky": lambda t, k, m, s: t / (t + 2 * (k - t) + 0.3 * (m - t)) if t else 0.0,
}
"""Of counts, written down once more."""


@pytest.fixture(scope="module", params=range(3, 9))
def golden(request, shared):
    path = shared / "golden" / "maxexp" / f"maxexp_S{request.param:02d}.npz"
    with np.load(path) as file:
        return dict(file)


def by_name(golden):
    for number, name in enumerate(golden["metrics"].tolist()):
        plain = name.removesuffix("_e1")
        yield number, SCORES[plain], float(name != plain)


def bits(mask):
    return (np.asarray(mask) * (1 << np.arange(mask.shape[1]))).sum(axis=1)


def test_golden_sets_in_double_precision(golden):
    with jax.enable_x64(True):
        p = jnp.asarray(golden["p"])
        for number, score, empty in by_name(golden):
            found = decisions.maxexp(p, score, empty_score=empty)
            best = golden["best"][number]
            # Ties of the file are those within 1e-12 of the score, ours in relation to
            # its magnitude: one set of 384 differs, by less than that.
            differing = bits(found.mask) != golden["best_mask"][number]
            assert differing.sum() <= (score.name.startswith("richness"))
            size = np.asarray(found.size)
            assert (size >= golden["k_min"][number]).all()
            assert (size <= golden["k_max"][number]).all()
            np.testing.assert_allclose(found.expected_score, best, rtol=0, atol=1e-12)


@pytest.mark.parametrize("golden", [3, 8], indirect=True)
def test_golden_sets_in_single_precision(golden):
    p = golden["p"].astype(np.float32)
    exact = (p == golden["p"]).all(axis=1)
    rows = np.arange(len(p))
    for number, score, empty in by_name(golden):
        found = decisions.maxexp(p, score, empty_score=empty)
        expected = golden["expected_topk"][number]
        largest = np.abs(expected).max(axis=1, initial=1)
        reached = expected[rows, np.asarray(found.size)]
        assert ((golden["best"][number] - reached) / largest).max() < 1e-6
        error = np.abs(found.expected_score - golden["best"][number]) / largest
        assert error.max() < 1e-6
        same = bits(found.mask) == golden["best_mask"][number]
        assert same[exact].all()


def test_the_expected_score_may_fall_and_rise_again():
    p = np.array([[0.99] + [0.3098] * 7], np.float32)
    found = decisions.maxexp(p, decisions.f_beta(1))
    assert found.size.tolist() == [8]
    np.testing.assert_allclose(found.expected_score, 0.5488, atol=5e-5)


@pytest.mark.parametrize("name", NUMPY)
def test_among_all_sets_there_are(name):
    rng = np.random.default_rng(3)
    p = rng.beta(0.5, 1, (6, 6))
    score = SCORES.get(name, decisions.tversky(2, 0.3))
    outcomes = np.array(list(itertools.product([0, 1], repeat=6)))
    chances = np.prod(np.where(outcomes[:, None], p, 1 - p), axis=2)
    value = np.array(
        [
            [NUMPY[name]((a & y).sum(), a.sum(), y.sum(), 6) for y in outcomes]
            for a in outcomes
        ]
    )
    expected = value @ chances
    with jax.enable_x64(True):
        found = decisions.maxexp(jnp.asarray(p), score)
        np.testing.assert_allclose(
            found.expected_score, expected.max(axis=0), rtol=0, atol=1e-12
        )
        np.testing.assert_array_equal(found.mask, outcomes[expected.argmax(axis=0)])


@pytest.mark.parametrize("score", ["f1", "f2", "jaccard", "tss", "mcc"])
def test_of_many_species_as_by_the_recursion(score):
    """The fast algorithms and their certificate, where all sizes were looked at."""
    rng = np.random.default_rng(0)
    rare = rng.beta(0.05, 3, (8, 600))
    same = np.full((1, 600), 0.01)  # the best F1 set is everything
    steep = np.r_[np.ones(3), np.zeros(597)][None]
    p = np.concatenate([rare, same, steep]).astype(np.float32)
    score = SCORES[score]
    general = decisions.score(
        lambda t, k, m, s: score(t, k, m, s), name=f"{score.name}, by the laws"
    )
    single = decisions.maxexp(p, score)
    with jax.enable_x64(True):
        p = jnp.asarray(p, jnp.float64)
        slow = decisions.maxexp(p, general)
        fast = decisions.maxexp(p, score)
        np.testing.assert_allclose(
            fast.expected_score, slow.expected_score, rtol=0, atol=1e-12
        )
        np.testing.assert_array_equal(fast.mask, slow.mask)
        reached = decisions.expected_score(p, single.mask, general)
        assert (slow.expected_score - reached).max() < 1e-6
    error = np.abs(single.expected_score - np.asarray(slow.expected_score))
    assert error.max() < 1e-6
    assert single.size[-1] == 3


def test_more_sizes_are_looked_at_where_they_are_needed():
    p = np.full((3, 5000), 0.01, np.float32)
    p[1] = 0
    p[2, 5:] = 0
    found = decisions.maxexp(p, decisions.f_beta(1))
    assert found.size[:2].tolist() == [5000, 0]
    assert found.expected_score[1] == 0


@pytest.mark.parametrize("name", ["f2", "jaccard", "tss", "accuracy", "kappa"])
def test_sharded_species_as_whole_ones(name):
    rng = np.random.default_rng(1)
    p = np.round(rng.beta(0.3, 2, (16, 80)), 2).astype(np.float32)
    mesh = parallel.make_mesh(2, 4)
    spec = PartitionSpec(parallel.DATA, parallel.SPECIES)
    whole = decisions.maxexp(p, SCORES[name])

    def decide(p):
        return decisions.maxexp(p, SCORES[name], axis_name=parallel.SPECIES)

    rows = PartitionSpec(parallel.DATA)
    out = decisions.Decision(spec, rows, rows)
    sharded = jax.jit(jax.shard_map(decide, mesh=mesh, in_specs=spec, out_specs=out))(p)
    np.testing.assert_array_equal(sharded.mask, whole.mask)
    np.testing.assert_array_equal(sharded.size, whole.size)
    np.testing.assert_allclose(sharded.expected_score, whole.expected_score, rtol=2e-6)


@pytest.mark.parametrize("name", ["f1", "tss", "accuracy", "mcc"])
def test_given_sets_are_expected_to_score_their_mean(name):
    """Against the mean over places drawn from the probabilities."""
    rng = np.random.default_rng(2)
    p = rng.beta(0.5, 2, (1, 30)).astype(np.float32)
    mask = rng.random((1, 30)) < 0.4
    drawn = rng.random((20_000, 30)) < p
    t, m = (drawn & mask).sum(axis=1), drawn.sum(axis=1)
    values = np.asarray(SCORES[name](t, mask.sum(), m, 30))
    expected = float(decisions.expected_score(p, mask, SCORES[name])[0])
    assert abs(values.mean() - expected) < 5 * values.std() / len(values) ** 0.5


@pytest.mark.parametrize("name", SCORES)
def test_the_best_set_is_given_its_own_score(name):
    p = np.random.default_rng(4).random((5, 12)).astype(np.float32)
    found = decisions.maxexp(p, SCORES[name])
    again = decisions.expected_score(p, found.mask, SCORES[name])
    np.testing.assert_allclose(again, found.expected_score, rtol=2e-6, atol=2e-7)


def test_few_places_and_one_species():
    assert decisions.maxexp(np.zeros((0, 4), np.float32), SCORES["f1"]).mask.shape == (
        0,
        4,
    )
    for name in SCORES:
        found = decisions.maxexp(np.array([[0.9]], np.float32), SCORES[name])
        assert found.mask.tolist() == [[name not in ("mcc", "kappa")]]


def test_halves_are_computed_in_single_precision():
    p = jnp.asarray([[0.5, 0.25]], jnp.bfloat16)
    assert decisions.maxexp(p, SCORES["f1"]).expected_score.dtype == jnp.float32


@pytest.mark.parametrize("bad", [1.5, -0.1, np.nan, np.inf])
def test_what_is_no_probability_is_refused(bad):
    p = np.full((3, 4), 0.5)
    p[1, 2] = bad
    with pytest.raises(
        ValueError, match=r"1 are not, the first .* at place 1, species"
    ):
        decisions.maxexp(p, SCORES["f1"])


def test_wrong_arguments_are_refused():
    p = np.full((3, 4), 0.5)
    with pytest.raises(ValueError, match=r"\[places, species\], got shape \(4,\)"):
        decisions.maxexp(p[0], SCORES["f1"])
    with pytest.raises(TypeError, match="want floating probabilities, got int"):
        decisions.maxexp(np.ones((2, 2), int), SCORES["f1"])
    with pytest.raises(TypeError, match="Score"):
        decisions.maxexp(p, "f1")
    with pytest.raises(ValueError, match=r"shape \(3, 4\), got bool of \(4,\)"):
        decisions.expected_score(p, np.ones(4, bool), SCORES["f1"])
    with pytest.raises(ValueError, match=r"want a bool mask .*, got float"):
        decisions.expected_score(p, p, SCORES["f1"])
    for empty in (np.nan, np.inf):
        with pytest.raises(ValueError, match="want a finite empty_score, got"):
            decisions.maxexp(p, SCORES["f1"], empty_score=empty)
