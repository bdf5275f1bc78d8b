"""The continuous Boyce index: do presences pile up where a model says so.

The index needs presences and the sites of the area only, so it is the usual choice for
presence-only evaluation. A window slides over the range of scores; in each, the share
of presences over the share of all sites is the predicted-to-expected ratio (P/E), and
the index is Spearman's correlation between P/E and the window's position.
"""

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxsdm.metrics.columns import each_species
from jaxsdm.metrics.correlation import spearman

# Hirzel et al. 2006, section 2.3: a window of a tenth of the range; 100 moves of it.
WINDOW_WIDTH = 0.1
WINDOWS = 101


def boyce(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    width: float = WINDOW_WIDTH,
    windows: int = WINDOWS,
) -> Float[np.ndarray, " species"]:
    """Continuous Boyce index per species: presences against all its sites.

    Windows are closed intervals of `width` times the range of the species' scores; the
    first starts at the lowest score, the last ends at the highest. Windows without a
    site have no P/E and drop out; of neighbours with the same P/E one is kept, so that
    an empty stretch of scores weighs once.

    Args:
      scores: `[sites, species]`, higher means more suitable; windows are of equal
        width on this scale, so quote the index with it.
      labels: `[sites, species]`, 1 present, 0 a site without, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.
      width: window as a share of the range, in (0, 1).
      windows: number of windows, at least 2.

    Returns:
      In [-1, 1]; 0 means no better than chance, negative a reversed model. NaN for a
      species with one class only, constant scores, a score that is not finite, or the
      same P/E everywhere.

    Raises:
      ValueError: on unequal shapes, labels other than 0, 1 and NaN, a width outside
        (0, 1) or fewer than 2 windows.

    References:
      Hirzel et al. 2006, doi:10.1016/j.ecolmodel.2006.05.017. Differs from
      `ecospat.boyce`, whose last window is pushed off the range so that the most
      suitable sites never count (github.com/ecospat/ecospat issue 99).
    """
    if not 0 < width < 1 or windows < 2:
        raise ValueError(
            f"boyce: want a width in (0, 1) and at least 2 windows, got {width} and "
            f"{windows}."
        )

    def column(score: np.ndarray, present: np.ndarray) -> float:
        lowest, highest = score.min(), score.max()
        if not np.isfinite([lowest, highest]).all() or lowest == highest:
            return float("nan")
        window = (highest - lowest) * width
        start = np.linspace(lowest, highest - window, windows)
        end = start + window
        end[-1] = highest  # Closed on the highest score, whatever the rounding.
        expected = _within(np.sort(score), start, end)
        predicted = _within(np.sort(score[present]), start, end)
        filled = expected > 0
        # A constant factor does not matter, and quotients of equal counts are equal.
        ratio, position = predicted[filled] / expected[filled], start[filled]
        kept = np.append(ratio[1:] != ratio[:-1], True)
        return spearman(ratio[kept], position[kept])

    return each_species(column, scores, labels, where)


def _within(ordered: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    through = np.searchsorted(ordered, end, side="right")
    return through - np.searchsorted(ordered, start, side="left")
