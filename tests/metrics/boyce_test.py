"""The continuous Boyce index against a slow loop over windows and by hand."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from jaxsdm import metrics

RNG = np.random.default_rng(6)


def _by_loop(scores, present, width=0.1, windows=101):
    low, high = scores.min(), scores.max()
    ratios, starts = [], []
    for move in range(windows):
        start = low + (high - low) * (1 - width) * move / (windows - 1)
        end = start + (high - low) * width
        inside = (scores >= start - 1e-12) & (scores <= end + 1e-12)
        if inside.any():
            ratio = Fraction(int((inside & present).sum()), int(inside.sum()))
            if ratios and ratio == ratios[-1]:
                starts[-1] = start
            else:
                ratios.append(ratio)
                starts.append(start)
    return stats.spearmanr([float(r) for r in ratios], starts).statistic


@pytest.mark.parametrize("skill", [-1.0, 0.0, 0.5, 2.0])
@pytest.mark.parametrize("sites", [30, 1000])
def test_against_a_slow_loop(skill, sites):
    labels = RNG.random((sites, 4)) < 0.3
    labels[0] = True
    scores = RNG.normal(size=labels.shape) + skill * labels
    want = [_by_loop(s, y) for s, y in zip(scores.T, labels.T, strict=True)]
    got = metrics.boyce(scores, labels)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


def test_width_and_number_of_windows():
    labels = RNG.random((500, 1)) < 0.3
    scores = RNG.normal(size=labels.shape) + labels
    want = _by_loop(scores[:, 0], labels[:, 0], width=0.25, windows=13)
    got = metrics.boyce(scores, labels, width=0.25, windows=13)
    np.testing.assert_allclose(got, [want], rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 0.1, 1e-9, 1e12])
def test_the_most_suitable_sites_count(scale):
    """All presences at the very top: +1, which a last window off the range misses."""
    scores = np.append(RNG.random(200), np.ones(20))[:, None] * scale
    labels = (np.arange(220) >= 200)[:, None]
    assert metrics.boyce(scores, labels)[0] == pytest.approx(1.0)
    assert metrics.boyce(-scores, labels)[0] == pytest.approx(-1.0)


def test_the_last_window_reaches_the_top_whatever_the_rounding():
    low, high = 0.04377532363899661, 0.6522992627009107
    width = (high - low) * 0.1
    assert (high - width) + width < high  # The case that a plain sum misses.
    scores = np.append(np.linspace(low, high, 201), [high] * 5)[:, None]
    labels = (scores == high).astype(int)
    assert metrics.boyce(scores, labels)[0] == pytest.approx(1.0)


def test_by_hand():
    # Two windows of half the range: [0, 1] with P/E 1/2 and [1, 2] with P/E 2/3.
    scores, labels = np.array([[0.0, 1.0, 2.0]]).T, np.array([[0, 1, 1]]).T
    got = metrics.boyce(scores, labels, width=0.5, windows=2)
    np.testing.assert_allclose(got, [1.0])


def test_no_spread_no_index():
    labels = np.array([[1, 1, 1], [0, 0, 0], [1, 0, 1], [0, 1, 0]])
    scores = np.array([[0.2, -np.inf, 0], [0.2, 0, 0], [0.2, 1, 1], [0.2, 2, 1]])
    assert np.isnan(metrics.boyce(scores, labels)).all()  # Last: P/E 1/2 everywhere.


@pytest.mark.parametrize("options", [{"width": 0.0}, {"width": 1.0}, {"windows": 1}])
def test_refuses_windows_that_do_not_move(options):
    with pytest.raises(ValueError, match=r"width in \(0, 1\) and at least 2 windows"):
        metrics.boyce(np.zeros((2, 1)), np.zeros((2, 1)), **options)
