"""Tests for jaxsdm.data.patches.augmentation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm.data.patches import Augmentation

SAMPLES = np.arange(20_000)


@pytest.mark.parametrize("seed", [0, 7, 2**40 + 3, "key"])
def test_numpy_and_jax_draw_the_same(seed):
    seed = jax.random.key(5) if seed == "key" else seed
    augmentation = Augmentation(jitter=9)
    got = jax.jit(
        lambda epoch, sample: (
            augmentation.orientation(seed, epoch, sample),
            *augmentation.shifts(seed, epoch, sample),
        )
    )(3, jnp.asarray(SAMPLES))
    want = (
        augmentation.orientation(seed, 3, SAMPLES),
        *augmentation.shifts(seed, 3, SAMPLES),
    )
    for one, other in zip(got, want, strict=True):
        assert isinstance(other, np.ndarray)
        assert one.dtype == other.dtype == np.int32
        np.testing.assert_array_equal(one, other)


def test_a_sample_draws_the_same_in_any_batch():
    augmentation = Augmentation(jitter=3)
    some = SAMPLES[[7, 100, 8]]
    got = augmentation.orientation(1, 2, some)
    assert (got == augmentation.orientation(1, 2, SAMPLES)[some]).all()
    for one, all_of_them in zip(
        augmentation.shifts(1, 2, some), augmentation.shifts(1, 2, SAMPLES), strict=True
    ):
        assert (one == all_of_them[some]).all()


@pytest.mark.parametrize(
    ("flips", "turns", "codes"),
    [
        (True, True, range(8)),
        (False, True, range(4)),
        (True, False, (0, 2, 4, 6)),
        (False, False, (0,)),
    ],
)
def test_orientations_come_equally_often(flips, turns, codes):
    drawn = Augmentation(flips, turns).orientation(0, 0, SAMPLES)
    found, count = np.unique(drawn, return_counts=True)
    assert found.tolist() == list(codes)
    expected = len(SAMPLES) / len(codes)
    assert np.abs(count - expected).max() < 5 * np.sqrt(expected) * (len(codes) > 1) + 1


def test_shifts_come_equally_often_and_along_both_axes_alone():
    rows, columns = Augmentation(jitter=2).shifts(3, 1, SAMPLES)
    pairs, count = np.unique(5 * rows + columns, return_counts=True)
    assert len(pairs) == 25
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (-2, 2, -2, 2)
    assert np.abs(count - len(SAMPLES) / 25).max() < 5 * np.sqrt(len(SAMPLES) / 25)
    none = Augmentation().shifts(3, 1, SAMPLES)
    assert not np.any(none)


def test_seed_epoch_and_sample_all_count():
    draw = Augmentation(jitter=500).shifts
    first = draw(0, 0, SAMPLES)[0]
    for other in (
        draw(1, 0, SAMPLES)[0],
        draw(2**32, 0, SAMPLES)[0],
        draw(0, 1, SAMPLES)[0],
        draw(0, 0, SAMPLES + 1)[0],
        draw(0, 0, SAMPLES)[1],
    ):
        assert (other == first).mean() < 0.01


def test_on_a_coarser_grid_it_moves_in_the_same_direction():
    fine, coarse = (Augmentation(jitter=j).shifts(0, 0, SAMPLES)[0] for j in (20, 2))
    assert ((fine < -4) <= (coarse < 0)).all()
    assert ((fine > 4) <= (coarse > 0)).all()


def test_jitter_has_limits():
    for jitter in (-1, 2**15):
        with pytest.raises(ValueError, match="0 to 32767"):
            Augmentation(jitter=jitter)
