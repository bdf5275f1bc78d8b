"""What the members of a fitted network say of places, in blocks of one size."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from jaxsdm import models
from jaxsdm.data.patches import DevicePatches, PatchSource
from jaxsdm.data.patches.order import Order
from jaxsdm.training.patch_input import PatchInput, model_inputs, on_device
from jaxsdm.training.site_patches import SitePatches

_MOST_ROWS = 4096
"""Rows of one call, padded to that, so that it compiles once."""

_MOST_VALUES = 2**24
"""Values of the patches of one call, which bounds its memory."""

_MANY = 20
"""Blocks from which on a bar is shown: a second or more of a network."""

Sources = Mapping[str, PatchSource | DevicePatches]


def member_outputs(
    module: nn.Module, params: Any, patches: SitePatches | None = None
) -> Callable[[Mapping[str, Any]], dict[str, np.ndarray]]:
    """A function `inputs -> {name: [members, rows, species]}`.

    Args:
      module: of all members.
      params: leaves `[members, ...]`.
      patches: the inputs beside the predictors; their rasters are opened in each call.

    Returns:
      A function of places as `Problem.encode` gives them. The names of what it gives
      are `logits` and, of a model with a second head, `set_logits`.
    """
    patches = patches or SitePatches()
    apply = functools.partial(_apply, module, patches.inputs, params)

    def every(inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        features = inputs["predictors"]
        size = min(_rows_at_once(patches.inputs), max(len(features), 1))
        pieces = []
        with patches.open() as sources:
            rasters = on_device(sources)
            cut = _patches_of(patches, sources, inputs, size)
            for start in _told(range(0, max(len(features), 1), size)):
                piece = features[start : start + size]
                padded = np.pad(piece, ((0, size - len(piece)), (0, 0)))
                heads = apply(padded, cut(start // size), rasters)
                pieces.append(
                    {name: np.asarray(x)[:, : len(piece)] for name, x in heads.items()}
                )
        return {
            name: np.concatenate([piece[name] for piece in pieces], axis=1)
            for name in pieces[0]
        }

    return every


@functools.partial(jax.jit, static_argnums=(0, 1))
def _apply(
    module: nn.Module,
    patches: tuple[PatchInput, ...],
    params: Any,
    features: jax.Array,
    cut: Mapping[str, Any],
    rasters: Mapping[str, DevicePatches],
) -> dict[str, jax.Array]:
    inputs = {"predictors": features} | model_inputs(patches, cut, rasters)
    if patches:  # unrolled: see jaxsdm.training.step
        members = len(jax.tree.leaves(params)[0])
        outputs: Any = models.unroll_members(
            lambda params, inputs: module.apply({"params": params}, inputs),
            (params,),
            [inputs] * members,
        )
    else:
        outputs = models.apply_members(module, {"params": params}, inputs)
    second = outputs.auxiliary.get("set_logits")
    heads = {"logits": outputs.logits}
    return heads if second is None else heads | {"set_logits": second}


def _rows_at_once(patches: Sequence[PatchInput]) -> int:
    values = sum(int(np.prod(one.shape)) for one in patches)
    return min(_MOST_ROWS, max(1, _MOST_VALUES // max(values, 1)))


def _patches_of(
    patches: SitePatches, sources: Sources, inputs: Mapping[str, Any], size: int
) -> Callable[[int], Mapping[str, Any]]:
    """From the number of a block to its patches, padded to one size."""
    if not patches.inputs:
        return lambda number: {}
    places = {one.name: inputs[one.name] for one in patches.inputs}
    order = Order((len(inputs["predictors"]),), size, shuffle=False)
    batches = patches.batches(sources, places, order)
    return lambda number: batches(number)["inputs"]


def _told(starts: range) -> Iterable[int]:
    """The blocks, with a bar on a terminal where there are many."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    silent = len(starts) < _MANY or not console.is_terminal
    return track(starts, "predicting", console=console, transient=True, disable=silent)
