"""Refuses scores that the best set cannot be found for."""

import functools

import jax
import numpy as np

from jaxsdm.decisions.scores import Score

_NUMBERS = 24
"""Sizes, numbers present and true positives that are tried, of many species."""

_FALL = 1e-5
"""Relative fall that is more than rounding in float32."""


@functools.lru_cache(maxsize=1024)
def check_score(score: Score, species: int, *, rising: bool) -> None:
    """Tries a score at counts spread over all there can be.

    Args:
      score: any.
      species: S.
      rising: whether it must not fall with more true positives.

    Raises:
      ValueError: it is not finite, or falls; with the counts where it does.
    """
    t, k, m = _counts(species)
    with jax.ensure_compile_time_eval():
        value = np.asarray(score(t, k, m, species), np.float64)
    bad = np.argwhere(~np.isfinite(value) & _possible(t, k, m, species))
    if len(bad):
        at = tuple(bad[0])
        raise ValueError(
            f"score {score.name}: want finite values, got {value[at]} for {t[at]} true "
            f"positives of {k[at]} predicted and {m[at]} present, of {species} species."
            " Say what 0 / 0 is worth, as with jnp.where(m == 0, 0, ...)."
        )
    if not rising:
        return
    fall = value[:, :, :-1] - value[:, :, 1:]
    margin = _FALL * np.maximum(np.abs(value[:, :, :-1]), np.abs(value[:, :, 1:]))
    falling = np.argwhere((fall > margin) & (t[:, :, 1:] > t[:, :, :-1]))
    if len(falling):
        at = tuple(falling[0])
        raise ValueError(
            f"score {score.name} falls with more true positives, from {value[at]:.6g} "
            f"at {t[at]} of them ({k[at]} predicted, {m[at]} present, {species} "
            "species): the best set is then not made of the most probable species, and "
            "cannot be found here. Is it a loss? Take its negative."
        )


def _counts(species: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True positives, sizes and numbers present, `[sizes, present, hits]`."""
    spread = np.linspace(0, species, min(species + 1, _NUMBERS)).round()
    few = np.unique(np.r_[spread, min(1, species), max(species - 1, 0)]).astype(int)
    k, m = few[:, None, None], few[None, :, None]
    least, most = np.maximum(k + m - species, 0), np.minimum(k, m)
    share = np.linspace(0, 1, min(species + 1, _NUMBERS))
    t = np.round(least + (most - least) * share[None, None]).astype(int)
    return (t, *(np.broadcast_to(x, t.shape) for x in (k, m)))


def _possible(t, k, m, species: int) -> np.ndarray:
    return (t <= k) & (t <= m) & (k + m - t <= species)
