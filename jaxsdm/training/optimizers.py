"""Optimisers by name, with learning rate and weight decay as possibly traced values.

The members of an ensemble, or the points of a hyper-parameter grid, train in one
program: what differs between them is a traced scalar, so an optimiser is built
inside the vmapped step.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from jaxsdm.registry import choose


def build(
    name: str = "adam",
    *,
    total_steps: int,
    learning_rate: ArrayLike,
    weight_decay: ArrayLike = 0.0,
    decay: str = "decoupled",
    schedule: str = "constant",
    warmup_steps: int = 0,
    clip_norm: float = 0.0,
    momentum: float = 0.9,
    frozen: Sequence[str] = (),
) -> optax.GradientTransformation:
    """An optimiser for one stage of training.

    Args:
      name: `adam` or `sgd`.
      total_steps: steps of the stage, for the schedule.
      learning_rate: peak learning rate, may be traced.
      weight_decay: strength, may be traced; kernels only, biases are exempt.
      decay: `decoupled` (AdamW, Loshchilov and Hutter 2019, arXiv:1711.05101) or
        `l2`, which adds it to the gradient before the moments and to biases too, as
        torch.optim.Adam does.
      schedule: `constant`, `cosine` or `linear` (both to 0), after the warm-up.
      warmup_steps: linear warm-up from 0.
      clip_norm: largest global norm of the gradient; 0 does not clip.
      momentum: of `sgd`.
      frozen: names of parts of the parameter tree that do not change, such as
        `("Dense_0", "head/kernel")`.

    Raises:
      ValueError: unknown name, decay or schedule; lists the known ones.
    """
    rate = choose(SCHEDULES, schedule, "schedule")(total_steps, warmup_steps)
    method = choose(BY_NAME, name, "optimizer")(momentum)
    decayed = choose(_DECAYS, decay, "weight decay")
    parts: list[optax.GradientTransformation] = []
    if clip_norm:
        parts.append(optax.clip_by_global_norm(clip_norm))
    if decay == "l2":
        parts += [decayed(weight_decay), method]
    else:
        parts += [method, decayed(weight_decay)]
    parts.append(
        optax.scale_by_schedule(lambda step: -jnp.asarray(learning_rate) * rate(step))
    )
    if frozen:
        parts.append(optax.masked(optax.set_to_zero(), _named(frozen)))
    return optax.chain(*parts)


def _adam(momentum: float) -> optax.GradientTransformation:
    del momentum
    return optax.scale_by_adam()


BY_NAME: dict[str, Callable[[float], optax.GradientTransformation]] = {
    "adam": _adam,
    "sgd": lambda momentum: optax.trace(decay=momentum),
}


def _constant(total_steps: int, warmup_steps: int) -> optax.Schedule:
    return lambda step: _warmup(step, warmup_steps)


def _cosine(total_steps: int, warmup_steps: int) -> optax.Schedule:
    def rate(step):
        part = _progress(step, total_steps, warmup_steps)
        return _warmup(step, warmup_steps) * 0.5 * (1 + jnp.cos(jnp.pi * part))

    return rate


def _linear(total_steps: int, warmup_steps: int) -> optax.Schedule:
    def rate(step):
        part = _progress(step, total_steps, warmup_steps)
        return _warmup(step, warmup_steps) * (1 - part)

    return rate


SCHEDULES: dict[str, Callable[[int, int], optax.Schedule]] = {
    "constant": _constant,
    "cosine": _cosine,
    "linear": _linear,
}

_DECAYS: dict[str, Callable[[ArrayLike], optax.GradientTransformation]] = {
    "l2": lambda strength: optax.add_decayed_weights(strength),
    "decoupled": lambda strength: optax.add_decayed_weights(strength, mask=_kernels),
}


def _warmup(step, warmup_steps: int):
    return jnp.minimum((step + 1.0) / warmup_steps, 1.0) if warmup_steps else 1.0


def _progress(step, total_steps: int, warmup_steps: int):
    length = max(total_steps - warmup_steps, 1)
    return jnp.clip((step - warmup_steps) / length, 0.0, 1.0)


def _kernels(params: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf.ndim >= 2, params)


def _named(names: Sequence[str]) -> Callable[[Any], Any]:
    def mask(params: Any) -> Any:
        paths = [
            "/".join(str(getattr(entry, "key", entry)) for entry in path)
            for path, _ in jax.tree_util.tree_leaves_with_path(params)
        ]
        for name in names:
            if not any(f"/{name}/" in f"/{path}/" for path in paths):
                raise ValueError(
                    f"frozen: no parameter under {name!r}; there are "
                    f"{', '.join(paths)}."
                )
        hit = [any(f"/{name}/" in f"/{path}/" for name in names) for path in paths]
        return jax.tree.unflatten(jax.tree.structure(params), hit)

    return mask
