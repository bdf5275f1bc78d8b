"""Initial distributions of a layer's kernel and bias, by the name a config gives."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
from flax import linen as nn

from jaxsdm import ops
from jaxsdm.registry import choose


class LayerInitializers(NamedTuple):
    """Two functions `(key, shape, dtype) -> array`."""

    kernel: Callable[..., jax.Array]
    bias: Callable[..., jax.Array]


def torch_uniform(fan_in: int) -> LayerInitializers:
    """Kernel and bias from U(-1/sqrt(fan_in), 1/sqrt(fan_in)).

    The default of `torch.nn.Linear`, with which DeepMaxent was published
    (methods: Ryckewaert et al., arXiv:2412.19217, the authors' code).
    """
    bound = 1.0 / math.sqrt(fan_in)

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jax.typing.DTypeLike):
        return ops.random_uniform(key, shape, -bound, bound).astype(dtype)

    return LayerInitializers(draw, draw)


def lecun_normal(fan_in: int) -> LayerInitializers:
    """Kernel from a truncated normal of variance 1/fan_in, bias zero (Flax's default).

    Source: LeCun et al. (1998), Efficient BackProp.
    """
    del fan_in  # Read from the kernel's shape by the initialiser itself.
    return LayerInitializers(nn.initializers.lecun_normal(), nn.initializers.zeros)


def zeros(fan_in: int) -> LayerInitializers:
    """All zeros: the start of a convex problem. Every species is flat at first."""
    del fan_in
    return LayerInitializers(nn.initializers.zeros, nn.initializers.zeros)


BY_NAME: dict[str, Callable[[int], LayerInitializers]] = {
    "torch_uniform": torch_uniform,
    "lecun_normal": lecun_normal,
    "zeros": zeros,
}


def initializers(name: str, fan_in: int) -> LayerInitializers:
    """The initialisers called `name` for a layer that reads `fan_in` numbers.

    Raises:
        ValueError: an unknown name; the known ones are listed.
    """
    return choose(BY_NAME, name, "initialization")(fan_in)
