"""The species for which a calibration set says nothing: counted, never guessed."""

import numpy as np
from jax.typing import ArrayLike


class CountsUndefined:
    """What has `undefined`: `[species]`, or one truth value for all species."""

    undefined: ArrayLike

    @property
    def undefined_species(self) -> list[int]:
        """Numbers of the species that calibration gave nothing of their own.

        Where one number or curve holds for all species, 0 stands for all.
        """
        return [int(j) for j in np.flatnonzero(np.asarray(self.undefined))]
