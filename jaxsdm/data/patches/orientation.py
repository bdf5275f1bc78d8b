"""The eight ways to lay a square patch: four quarter turns, mirrored or not.

An orientation is a code from 0 to 7. With bit 4 set, the patch is mirrored east to west
first; `code & 3` quarter turns counter-clockwise follow (`numpy.rot90`). So 0 leaves it
as it is, 4 is the flip of the columns, 2 the half turn and 6 the flip of the rows.
Codes without bit 1 keep the shape of patches that are not square.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Integer, Shaped


def oriented(
    patches: Shaped[Array, "batch y x band"], orientation: Integer[Array, " batch"]
) -> Shaped[Array, "batch y x band"]:
    """Each patch in its own orientation, inside `jit` or not.

    Raises:
      ValueError: if the patches are not square: codes are not known while compiling,
        and a quarter turn would change the shape (`flipped` does not need squares).
    """
    if patches.shape[1] != patches.shape[2]:
        raise ValueError(f"oriented: square patches, got shape {patches.shape}.")
    turned = flipped(patches, orientation)
    quarter = jnp.swapaxes(turned, 1, 2)[:, ::-1]
    return jnp.where(_bit(orientation, 1), quarter, turned)


def flipped(
    patches: Shaped[Array, "batch y x band"], orientation: Integer[Array, " batch"]
) -> Shaped[Array, "batch y x band"]:
    """As `oriented` without the odd quarter turn: bit 1 is not looked at."""
    mirrored = jnp.where(_bit(orientation, 4), patches[:, :, ::-1], patches)
    return jnp.where(_bit(orientation, 2), mirrored[:, ::-1, ::-1], mirrored)


def laid_back(
    patch: Shaped[np.ndarray, "first second *rest"], orientation: int
) -> Shaped[np.ndarray, "y x *rest"]:
    """A view of an oriented patch as it was before, for writing into it.

    What is written at `[y, x]` of the view stands at the place in `patch` to which the
    orientation takes that cell.
    """
    turns = orientation & 3
    if turns == 2:
        patch = patch[::-1, ::-1]
    elif turns:
        patch = patch.swapaxes(0, 1)
        patch = patch[:, ::-1] if turns == 1 else patch[::-1]
    return patch[:, ::-1] if orientation & 4 else patch


def _bit(orientation: Integer[Array, " batch"], bit: int) -> Array:
    return ((orientation & bit) != 0)[:, None, None, None]
