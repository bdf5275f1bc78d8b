"""Classic Maxent for all species of a task at once, as one convex problem.

Per species, over sites `s` with weights `a` (sum 1) and records `y` (`n` in all),

    minimise   log sum_s a_s exp(F_s w) - (1/n) sum_s y_s F_s w + sum_k b_k |w_k|

The species share the features `F`, so an iteration is two matrix products for all of
them: accelerated proximal gradient steps on features of unit spread, each species
with its own step size (halved when the parabola bound fails) and its own restarts.

The answer carries two certificates, in float64. `violation`: the largest breach
of the optimality conditions, in units of the features (Maxent's constraint is that a
feature's mean under the model lies within `b_k` of that over the records). `gap`:
the duality gap, an upper bound of how far the objective is above its minimum. The dual
problem maximises entropy relative to `a` under those constraints; mixing the model with
the distribution of the records makes it feasible.

Sources: Phillips & Dudík (2008), Ecography 31:161-175 (problem and dual); Beck &
Teboulle (2009), doi:10.1137/080716542 (acceleration); O'Donoghue & Candès (2015),
doi:10.1007/s10208-013-9150-3 (restarts).
"""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

# Problems are padded to multiples of these, so that tasks of similar size share one
# compiled program: compiling takes longer than solving.
_SITES, _FEATURES, _SPECIES = 1024, 16, 32


_Table: TypeAlias = np.ndarray | jax.Array


class MaxentFit(NamedTuple):
    """The solution for every species, and how good it is.

    Attributes:
        kernel: `[features, species]`, the head kernel of `models.Maxent`; a column of
            zeros for a species without records.
        log_normalizer: `[species]` log of the sum of exp(log intensity) over the sites
            (weighted where site weights were given), for `models.maxent_output`.
        entropy: `[species]` nats, of the model over the sites, for the same.
        objective: `[species]` nats per record; 0 is the flat model.
        violation: `[species]` largest breach of the optimality conditions.
        gap: `[species]` nats per record, an upper bound of `objective` minus its
            minimum; infinite where a record lies at a site of weight 0.
        records: `[species]` records used.
        iterations: iterations run.
    """

    kernel: Float[np.ndarray, "features species"]
    log_normalizer: Float[np.ndarray, " species"]
    entropy: Float[np.ndarray, " species"]
    objective: Float[np.ndarray, " species"]
    violation: Float[np.ndarray, " species"]
    gap: Float[np.ndarray, " species"]
    records: Float[np.ndarray, " species"]
    iterations: int


def fit_maxent(
    features: Float[_Table, "sites features"],
    counts: Float[_Table, "sites species"],
    penalties: Float[_Table, "features species"],
    *,
    site_weights: Float[_Table, "sites *species"] | None = None,
    tolerance: float = 1e-4,
    max_iterations: int = 500,
) -> MaxentFit:
    """Solves L1-penalised Maxent for every species.

    The sites of a species' records belong to its background, as in Maxent: without
    them a few features may tell records from background, and the fit follows.

    Args:
        features: finite, of order 1 (`models.MaxentFeatures`).
        counts: records per site, >= 0.
        penalties: >= 0; `inf` leaves a feature out (`models.maxent_penalties`).
        site_weights: how much each site counts in the background, `[sites]` or
            `[sites, species]`; 0 takes it out. With a column per species and fold, all
            folds of a cross-validation are one call. None for equal weights.
        tolerance: stops when every species' step, times its curvature, is below this:
            about the `violation` reached.
        max_iterations: stops anyway.

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite or are negative
            where they may not be, or a species for which no site has weight.
    """
    features = np.asarray(features, np.float64)
    counts = np.asarray(counts, np.float64)
    penalties = np.asarray(penalties, np.float64)
    sites, species = counts.shape
    weights = np.asarray(1.0 if site_weights is None else site_weights, np.float64)
    if weights.shape in ((), (sites,)):
        weights = np.broadcast_to(weights.reshape(-1, 1), counts.shape)
    _check(features, counts, penalties, weights)

    records = counts.sum(0)
    empirical = counts / np.maximum(records, 1.0)
    penalties = np.where(records > 0, penalties, np.inf)
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights / weights.sum(0))

    # A constant per feature moves no probability between sites; centring keeps digits.
    center = features.mean(0)
    spread = features.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = (features - center) / spread
    to = (_up(sites, _SITES), _up(features.shape[1], _FEATURES), _up(species, _SPECIES))
    table = _padded(scaled, (to[0], to[1]), 0.0)
    kernel, iterations = _solve(
        table,
        np.ascontiguousarray(table.T),  # twice as fast on a CPU as `table.T` in place
        _padded(log_weights, (to[0], to[2]), -np.inf, columns=0.0),
        _padded(scaled.T @ empirical, (to[1], to[2]), 0.0),
        _padded(penalties / spread[:, None], (to[1], to[2]), np.inf),
        tolerance,
        max_iterations,
    )
    kernel = np.asarray(kernel)[: features.shape[1], :species] / spread[:, None]
    kernel = kernel.astype(np.float32)
    numbers = _certify(features, empirical, log_weights, penalties, kernel)
    # The certificates are for weights that sum to 1; Maxent's outputs count sites.
    log_sites = np.log(weights.sum(0))
    numbers["log_normalizer"] = numbers["log_normalizer"] + log_sites
    numbers["entropy"] = numbers["entropy"] + log_sites
    return MaxentFit(
        kernel=kernel,
        **{name: number.astype(np.float32) for name, number in numbers.items()},
        records=records.astype(np.float32),
        iterations=int(iterations),
    )


class _State(NamedTuple):
    kernel: jax.Array  # the iterate w, [features, species], in scaled features
    logits: jax.Array  # F w, [sites, species]
    ahead: jax.Array  # the extrapolated point v
    ahead_logits: jax.Array  # F v
    momentum: jax.Array  # t of the acceleration, [1, species]
    curvature: jax.Array  # 1 / step size, [1, species]
    residual: jax.Array  # largest entry of step * curvature, [1, species]
    iteration: jax.Array


@jax.jit
def _solve(
    scaled: Float[Array, "sites features"],
    transposed: Float[Array, "features sites"],
    log_weights: Float[Array, "sites species"],
    target: Float[Array, "features species"],
    penalties: Float[Array, "features species"],
    tolerance: Float[Array, ""],
    max_iterations: Int[Array, ""],
) -> tuple[Float[Array, "features species"], Int[Array, ""]]:
    def iterate(state: _State) -> _State:
        model = jax.nn.softmax(state.ahead_logits + log_weights, axis=0)
        gradient = transposed @ model - target
        trial = state.ahead - gradient / state.curvature
        threshold = penalties / state.curvature
        kernel = trial - jnp.clip(trial, -threshold, threshold)
        logits = scaled @ kernel
        # log Z(w) - log Z(v) - <grad log Z(v), w - v>, in a form that stays exact for
        # small steps; the step is short enough if the parabola lies above it.
        rise = logits - state.ahead_logits
        rise = rise - jnp.sum(model * rise, 0, keepdims=True)
        remainder = jnp.log1p(jnp.sum(model * jnp.expm1(rise), 0, keepdims=True))
        moved = kernel - state.ahead
        parabola = 0.5 * state.curvature * jnp.sum(moved**2, 0, keepdims=True)
        accepted = remainder <= 1.001 * parabola + 1e-9

        direction = kernel - state.kernel
        turned = jnp.sum(moved * direction, 0, keepdims=True) < 0
        following = 0.5 + jnp.sqrt(0.25 + state.momentum**2)
        push = jnp.where(turned, 0.0, (state.momentum - 1) / following)
        proposal = _State(
            kernel,
            logits,
            kernel + push * direction,
            logits + push * (logits - state.logits),
            jnp.where(turned, 1.0, following),
            0.97 * state.curvature,
            jnp.max(jnp.abs(moved), 0, keepdims=True) * state.curvature,
            state.iteration + 1,
        )
        refused = state._replace(
            curvature=2 * state.curvature, iteration=state.iteration + 1
        )
        return jax.tree.map(
            lambda new, old: jnp.where(accepted, new, old) if new.ndim else new,
            proposal,
            refused,
        )

    def unfinished(state: _State) -> jax.Array:
        return (state.iteration < max_iterations) & jnp.any(state.residual > tolerance)

    flat = jnp.zeros_like(target)
    level = jnp.zeros_like(log_weights)
    one = jnp.ones_like(target[:1])
    start = _State(flat, level, flat, level, one, one, jnp.inf * one, jnp.int32(0))
    end = jax.lax.while_loop(unfinished, iterate, start)
    return end.kernel, end.iteration


def _certify(
    features: np.ndarray,
    empirical: np.ndarray,
    log_weights: np.ndarray,
    penalties: np.ndarray,
    kernel: np.ndarray,
) -> dict[str, np.ndarray]:
    """The numbers of `MaxentFit` for a kernel, in float64, weights summing to 1."""
    kernel = kernel.astype(np.float64)
    logits = features @ kernel
    peak = np.max(logits + log_weights, 0)
    log_z = peak + np.log(np.sum(np.exp(logits + log_weights - peak), 0))
    model = np.exp(logits + log_weights - log_z)
    gradient = features.T @ (model - empirical)
    used = kernel != 0
    penalty_of_used = np.where(used, penalties, 0.0)
    cost = np.sum(penalty_of_used * np.abs(kernel), 0)
    breach = np.where(
        used,
        np.abs(gradient + penalty_of_used * np.sign(kernel)),
        np.maximum(np.abs(gradient) - penalties, 0.0),
    )
    objective = log_z - np.sum(empirical * logits, 0) + cost
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(gradient == 0, 0.0, np.abs(gradient) / penalties).max(0)
        blend = 1 - 1 / np.maximum(excess, 1.0)
        feasible = (1 - blend) * model + blend * empirical
        relative = np.where(feasible > 0, np.log(feasible) - log_weights, 0.0)
    return {
        "log_normalizer": log_z,
        "entropy": log_z - np.sum(model * logits, 0),
        "objective": objective,
        "violation": breach.max(0),
        "gap": objective + np.sum(feasible * relative, 0),
    }


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _padded(
    array: np.ndarray,
    shape: tuple[int, int],
    fill: float,
    columns: float | None = None,
) -> np.ndarray:
    """Float32, with `fill` around; new columns of old rows hold `columns` if given."""
    out = np.full(shape, fill, np.float32)
    if columns is not None:
        out[: array.shape[0]] = columns
    out[: array.shape[0], : array.shape[1]] = array
    return out


def _check(
    features: np.ndarray, counts: np.ndarray, penalties: np.ndarray, weights: np.ndarray
) -> None:
    sites, species = counts.shape
    wanted = {
        "features": (features, (sites, features.shape[-1])),
        "penalties": (penalties, (features.shape[-1], species)),
        "site_weights": (weights, (sites, species)),
    }
    for name, (array, shape) in wanted.items():
        if array.shape != shape:
            raise ValueError(
                f"fit_maxent: want {name} of shape {shape} (counts are "
                f"{counts.shape}), got {array.shape}."
            )
    if not np.isfinite(features).all():
        columns = np.flatnonzero(~np.isfinite(features).all(0))
        raise ValueError(
            f"fit_maxent: features in columns {columns[:5].tolist()} are not finite; "
            "drop or fill the missing predictors first."
        )
    for name, array in (("counts", counts), ("site_weights", weights)):
        bad = ~(np.isfinite(array) & (array >= 0))
        if bad.any():
            raise ValueError(
                f"fit_maxent: {name} must be finite and >= 0; {int(bad.sum())} are not."
            )
    if not (penalties >= 0).all():
        raise ValueError("fit_maxent: penalties must be >= 0 (inf leaves one out).")
    if not (weights.sum(0) > 0).all():
        columns = np.flatnonzero(weights.sum(0) == 0)
        raise ValueError(
            f"fit_maxent: no site has weight for species {columns[:5].tolist()}."
        )
