"""Maxent's output forms: raw, logistic and cloglog, from log relative intensity."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

FORMS = ("raw", "logistic", "cloglog")


def background_normalizer(
    log_intensity: Float[Array, "sites species"],
    *,
    site_weights: Float[Array, " sites"] | None = None,
) -> tuple[Float[Array, " species"], Float[Array, " species"]]:
    r"""The log-normaliser and the entropy of each species over the background.

    .. math::
        \log Z_c = \log \sum_s a_s e^{f_{sc}}, \qquad
        H_c = -\sum_s a_s q_{sc} \log q_{sc}, \quad q_{sc} = e^{f_{sc}} / Z_c

    Args:
        log_intensity: `[background sites, species]` logits of the fitted model.
        site_weights: :math:`a_s`, what each site counts; 1 by default.

    Returns:
        `(log_normalizer [species], entropy [species])`, in nats.
    """
    sites = log_intensity.shape[0]
    weights = jnp.ones(sites) if site_weights is None else jnp.asarray(site_weights)
    log_normalizer = jax.nn.logsumexp(log_intensity, axis=0, b=weights[:, None])
    log_raw = log_intensity - log_normalizer[None, :]
    entropy = -jnp.sum(weights[:, None] * jnp.exp(log_raw) * log_raw, axis=0)
    return log_normalizer, entropy


def maxent_output(
    log_intensity: Float[Array, "sites species"],
    form: str = "cloglog",
    *,
    log_normalizer: Float[Array, " species"],
    entropy: Float[Array, " species"],
    prevalence: float = 0.5,
) -> Float[Array, "sites species"]:
    r"""Turns log relative intensity into one of Maxent's outputs.

    With :math:`q = e^{f} / Z` and the entropy :math:`H` over the background,

    .. math::
        \mathrm{raw} = q, \qquad
        \mathrm{cloglog} = 1 - \exp(-e^{H} q), \qquad
        \mathrm{logistic} = \frac{\tau e^{H} q}{1 - \tau + \tau e^{H} q}

    Raw sums to one over the background. The other two lie in (0, 1) and put a site of
    typical suitability at :math:`1 - 1/e` and at :math:`\tau`; they order the sites as
    raw does, so AUC does not tell the forms apart.

    Args:
        log_intensity: `[sites, species]` logits.
        form: one of `FORMS`.
        log_normalizer: `[species]`, of the background (`background_normalizer`).
        entropy: `[species]` nats, of the background.
        prevalence: :math:`\tau`, for the logistic form.

    Raises:
        ValueError: an unknown form.

    References:
        Phillips et al. (2017), Opening the black box, Ecography 40:887-893
        (cloglog, eq. 4 ff.); Phillips & Dudík (2008), Ecography 31:161-175 (logistic).
    """
    if form not in FORMS:
        raise ValueError(f"maxent_output: form {form!r} is not one of {FORMS}.")
    log_raw = log_intensity - log_normalizer[None, :]
    if form == "raw":
        return jnp.exp(log_raw)
    log_odds = log_raw + entropy[None, :]
    if form == "cloglog":
        return -jnp.expm1(-jnp.exp(log_odds))
    return jax.nn.sigmoid(log_odds + jnp.log(prevalence) - jnp.log1p(-prevalence))
