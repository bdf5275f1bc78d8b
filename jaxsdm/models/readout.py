"""What reads a network's features: the species head, and a second one where wanted."""

from collections.abc import Callable

from flax import linen as nn
from jaxtyping import Array, Float

from jaxsdm.models.cosine_head import CosineHead
from jaxsdm.models.head import SpeciesHead
from jaxsdm.registry import choose

HEADS: dict[str, Callable[[int, bool, str], nn.Module]] = {
    "linear": lambda species, bias, init: SpeciesHead(species, bias, init, name="head"),
    "cosine": lambda species, bias, init: CosineHead(species, name="head"),
}
"""By the name a config gives."""


def read_species(
    features: Float[Array, "batch features"],
    *,
    species: int,
    head: str,
    head_bias: bool,
    set_head: bool,
    initialization: str,
) -> tuple[Float[Array, "batch species"], dict[str, Array]]:
    """Logits and auxiliary outputs, for the `@nn.compact` method of a network.

    Args:
        features: `[batch, features]`.
        species: columns of the logits.
        head: `linear`, or `cosine` (see `CosineHead`), whose logits are in [-1, 1].
        head_bias: a constant per species (see `SpeciesHead`).
        set_head: a second linear head, for losses that predict sets of species.
        initialization: a name of `initialization.BY_NAME`, for linear heads.

    Returns:
        Logits `[batch, species]`, and `{"set_logits": [batch, species]}` if wanted.
    """
    logits = choose(HEADS, head, "head")(species, head_bias, initialization)(features)
    if not set_head:
        return logits, {}
    second = SpeciesHead(species, True, initialization, name="set_head")
    return logits, {"set_logits": second(features)}
