"""Many members of one architecture in one program: a leading member axis, by vmap.

Members differ in their keys (and in rates given per member), so seeds, folds and
hyper-parameters that keep the shapes train together. Every leaf of the variables gets
a leading axis `[members, ...]`, and so does every output.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxsdm.models.outputs import Outputs


def init_members(
    module: nn.Module, keys: jax.Array, inputs: Mapping[str, Array]
) -> dict[str, Any]:
    """Initialises one member a key.

    Args:
        module: any model of this package.
        keys: `[members]` keys of `jax.random`.
        inputs: one example batch, shared by all members.

    Returns:
        Variables, each leaf with a leading axis `[members]`. Member `i` equals
        `module.init(keys[i], inputs)`.
    """
    return jax.vmap(lambda key: dict(module.init(key, inputs)))(keys)


def apply_members(
    module: nn.Module,
    variables: Mapping[str, Any],
    inputs: Mapping[str, Array],
    *,
    train: bool = False,
    keys: jax.Array | None = None,
    dropout: Float[Array, " members"] | None = None,
    inputs_per_member: bool = False,
) -> Outputs:
    """Applies every member to the inputs.

    Args:
        module: the model the variables belong to.
        variables: as `init_members` gives them, each leaf `[members, ...]`.
        inputs: shared by all members, or `[members, batch, ...]` per member.
        train: passed on to the model.
        keys: `[members]` keys for dropout; None where nothing is drawn.
        dropout: `[members]` rates in place of the module's; only for models that
            take one.
        inputs_per_member: whether `inputs` carry a leading member axis.

    Returns:
        `Outputs` with a leading axis `[members]`.
    """

    def one(
        member: Any, key: jax.Array | None, rate: jax.Array | None, batch: Any
    ) -> Outputs:
        rngs = None if key is None else {"dropout": key}
        options: dict[str, Any] = {} if rate is None else {"dropout": rate}
        outputs = module.apply(member, batch, train=train, rngs=rngs, **options)
        return cast(Outputs, outputs)

    axes = (
        0,
        None if keys is None else 0,
        None if dropout is None else 0,
        0 if inputs_per_member else None,
    )
    return jax.vmap(one, in_axes=axes)(variables, keys, dropout, inputs)


def unroll_members(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    inputs: Sequence[Mapping[str, Array]],
) -> Any:
    """`jax.vmap` over members, written out one after the other.

    On a CPU XLA has fast plain products and convolutions, but slow batched ones.

    Args:
        function: of one member, `function(*arguments, inputs=...)`.
        arguments: leaves `[members, ...]`.
        inputs: of each member, as `Module.apply` takes them.

    Returns:
        What the function gives, leaves `[members, ...]`.
    """
    each = [
        function(*jax.tree.map(lambda x, i=i: x[i], arguments), inputs=own)
        for i, own in enumerate(inputs)
    ]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)
