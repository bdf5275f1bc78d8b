"""Tests for jaxsdm.ops.random_bits."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jax.sharding import NamedSharding, PartitionSpec

from jaxsdm import ops, parallel


def test_uniform_by_kolmogorov_and_every_bit_is_fair():
    values = np.asarray(ops.random_uniform(jax.random.key(0), (200_000,), -2.0, 3.0))
    assert values.min() > -2
    assert values.max() < 3
    test = scipy.stats.kstest(values, scipy.stats.uniform(-2, 5).cdf)
    assert test.pvalue > 1e-3
    words = np.asarray(ops.random_bits(jax.random.key(1), (100_000,)))
    share = [np.mean(words >> bit & 1) for bit in range(32)]
    np.testing.assert_allclose(share, 0.5, atol=4.5 * 0.5 / np.sqrt(1e5))


def test_keys_positions_and_neighbours_are_uncorrelated():
    draws = np.stack(
        [ops.random_uniform(jax.random.key(seed), (50_000,)) for seed in range(4)]
    )
    table = np.concatenate([draws, np.roll(draws, 1, axis=1)])
    correlation = np.corrcoef(table) - np.eye(8)
    assert np.abs(correlation).max() < 5 / np.sqrt(50_000)


def test_folded_keys_differ():
    key = jax.random.key(3)
    one, other = (ops.random_bits(jax.random.fold_in(key, i), (1000,)) for i in (0, 1))
    assert np.mean(np.asarray(one) == np.asarray(other)) < 0.01


def test_same_numbers_under_vmap_and_on_a_mesh():
    keys = jax.random.split(jax.random.key(5), 3)
    got = jax.vmap(lambda key: ops.random_bits(key, (8, 6)))(keys)
    for member in range(3):
        np.testing.assert_array_equal(
            got[member], ops.random_bits(keys[member], (8, 6))
        )
    mesh = parallel.make_mesh(4, 2)
    sharding = NamedSharding(mesh, PartitionSpec("data", "species"))
    sharded = jax.jit(lambda key: ops.random_bits(key, (8, 6)), out_shardings=sharding)(
        keys[0]
    )
    np.testing.assert_array_equal(sharded, got[0])


def test_padding_an_axis_changes_no_number():
    key = jax.random.key(7)
    np.testing.assert_array_equal(
        ops.random_bits(key, (10, 9))[:8, :6], ops.random_bits(key, (8, 6))
    )


def test_rows_columns_and_the_diagonal_are_uncorrelated():
    table = np.asarray(ops.random_uniform(jax.random.key(8), (1000, 1000)))
    n = table.size
    for one, other in (
        (table[1:], table[:-1]),
        (table[:, 1:], table[:, :-1]),
        (table, table.T),
        (table[1:, 1:], table[:-1, :-1]),
    ):
        apart = one is not table or ~np.eye(1000, dtype=bool)
        pair = np.corrcoef(one[apart].ravel(), other[apart].ravel())
        assert abs(pair[0, 1]) < 5 / np.sqrt(n)
    assert abs(table.mean() - 0.5) < 5 * np.sqrt(1 / 12 / n)
    # Means of rows and columns spread as those of independent numbers do.
    for axis in (0, 1):
        spread = table.mean(axis).std() / np.sqrt(1 / 12 / 1000)
        assert 0.9 < spread < 1.1


def test_a_single_number():
    assert jnp.shape(ops.random_bits(jax.random.key(0), ())) == ()
