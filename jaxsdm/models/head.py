"""The species head: a linear map from features to one logit a species, shardable.

The kernel is `[features, species]` at the path `params["head"]["kernel"]` in every
model, so one rule shards them all: the last axis of whatever lies under "head" (or
"set_head", a second one) goes over the mesh axis "species", everything else is
replicated.
"""

from collections.abc import Callable
from typing import Any

import jax
from flax import linen as nn
from jax.sharding import PartitionSpec
from jaxtyping import Array, Float

from jaxsdm.models import initialization

_HEADS = ("head", "set_head")


class SpeciesHead(nn.Module):
    """`logits = features @ kernel (+ bias)`.

    No bias by default: a loss normalised over sites does not depend on a constant per
    species, so a bias gets a gradient of rounding noise alone, and Adam makes full
    steps of it.

    Attributes:
        species: number of species (columns of the kernel).
        use_bias: whether to add a constant per species.
        initialization: a name of `initialization.BY_NAME`.
    """

    species: int
    use_bias: bool = False
    initialization: str = "torch_uniform"

    @nn.compact
    def __call__(
        self, features: Float[Array, "batch features"]
    ) -> Float[Array, "batch species"]:
        """Gives the logits `[batch, species]`."""
        width = features.shape[-1]
        init = initialization.initializers(self.initialization, width)
        kernel = self.param("kernel", _float32(init.kernel), (width, self.species))
        logits = features @ kernel
        if self.use_bias:
            bias = self.param("bias", _float32(init.bias), (self.species,))
            logits = logits + bias[None, :]
        return logits


def partition_specs(params: Any, *, species_axis: str = "species") -> Any:
    """The `PartitionSpec` of every parameter: the head over species, the rest whole.

    Args:
        params: parameters (arrays or their `jax.ShapeDtypeStruct`s), with or without
            leading axes such as an ensemble's members.
        species_axis: the mesh axis that shards species.

    Returns:
        A tree of the same structure; `P(None, ..., species_axis)` for each leaf under
        a key "head" or "set_head" and `P()` elsewhere.
    """

    def spec(path: tuple[Any, ...], leaf: Any) -> PartitionSpec:
        under_head = any(getattr(part, "key", None) in _HEADS for part in path)
        if not under_head or not leaf.shape:
            return PartitionSpec()
        return PartitionSpec(*[None] * (len(leaf.shape) - 1), species_axis)

    return jax.tree_util.tree_map_with_path(spec, params)


def _float32(init: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    return lambda key, shape: init(key, shape, jax.numpy.float32)
