"""One input of a model that is made of patches: what is cut and how it is encoded.

As for predictors of tables: continuous bands are standardised, categorical ones become
a 0/1 channel a level. What is fitted comes from the background cells and is kept with
the model. Bands are matched by name: their order in a file changes nothing.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float32

from jaxsdm.data import Band
from jaxsdm.data.patches import DevicePatches, Patches, Window

TIERS = ("device", "memory", "stream")
"""Where the raster is while its patches are taken: on the accelerator, in memory (or a
memory map), or in its files or store, read as they are needed."""


@dataclasses.dataclass(frozen=True)
class PatchInput:
    """All of one input that does not depend on the places.

    Attributes:
      name: of the input of the model.
      raster: a name of `Task.rasters`.
      tier: a name of `TIERS`.
      window: what is cut.
      continuous: sorted names of the bands that are quantities.
      categorical: sorted names of the bands that are codes.
      positions: where they stand in the raster, the continuous ones first.
      means: of the continuous bands, in their units.
      standard_deviations: of the continuous bands, 1 for one that is constant.
      levels: the codes of each categorical band.
    """

    name: str
    raster: str
    tier: str
    window: Window
    continuous: tuple[str, ...]
    categorical: tuple[str, ...]
    positions: tuple[int, ...]
    means: tuple[float, ...]
    standard_deviations: tuple[float, ...]
    levels: tuple[tuple[int, ...], ...]

    @classmethod
    def fit(
        cls,
        name: str,
        raster: str,
        tier: str,
        window: Window,
        bands: Sequence[Band],
        values: Float32[np.ndarray, "cells band"],
        valid: Bool[np.ndarray, "cells band"],
    ) -> "PatchInput":
        """Means, standard deviations and levels of some cells.

        Args:
          name: see the class.
          raster: see the class.
          tier: see the class.
          window: see the class.
          bands: of the raster, in its order.
          values: of the cells, in the order of the raster.
          valid: where there is a value.

        Raises:
          ValueError: a band has no value in any of the cells.
        """
        empty = [band.name for i, band in enumerate(bands) if not valid[:, i].any()]
        if empty:
            raise ValueError(
                f"raster {raster!r}: no background cell has a value of "
                f"{', '.join(empty)}, so there is nothing to fit an encoding to."
            )
        order = sorted(range(len(bands)), key=lambda i: bands[i].name)
        quantities = [i for i in order if not bands[i].categorical]
        codes = [i for i in order if bands[i].categorical]
        columns = [values[valid[:, i], i].astype(np.float64) for i in quantities]
        return cls(
            name=name,
            raster=raster,
            tier=tier,
            window=window,
            continuous=tuple(bands[i].name for i in quantities),
            categorical=tuple(bands[i].name for i in codes),
            positions=tuple(quantities + codes),
            means=tuple(float(column.mean()) for column in columns),
            standard_deviations=tuple(
                float(column.std()) if np.ptp(column) else 1.0 for column in columns
            ),
            levels=tuple(
                tuple(np.unique(values[valid[:, i], i]).astype(int).tolist())
                for i in codes
            ),
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of an encoded patch."""
        channels = len(self.continuous) + sum(len(one) for one in self.levels)
        return (*self.window.shape, channels)

    def about(self) -> dict[str, Any]:
        """What a fitted model must find again, as JSON: not the order of files."""
        window = self.window
        return {
            "raster": self.raster,
            "window": [list(window.shape), list(window.steps), window.convention],
            "continuous": dict(
                zip(
                    self.continuous,
                    zip(self.means, self.standard_deviations, strict=True),
                    strict=True,
                )
            ),
            "categorical": dict(zip(self.categorical, self.levels, strict=True)),
        }

    def check_bands(self, saved: Mapping[str, Any]) -> None:
        """Refuses a raster without the bands of a fitted model, or with further ones.

        Args:
          saved: what `about` gave when the model was fitted.

        Raises:
          ValueError: names the bands, and those that the raster has.
        """
        here = {*self.continuous, *self.categorical}
        model = {*saved.get("continuous", ()), *saved.get("categorical", ())}
        missing, further = sorted(model - here), sorted(here - model)
        if not (missing or further):
            return
        band = "band" if len(missing or further) == 1 else "bands"
        verb = "is" if band == "band" else "are"
        if missing:
            what = f"{band} {', '.join(missing)} of the model {verb} not in the rasters"
            to_do = "Add the files"
        else:
            what = f"{band} {', '.join(further)} of the rasters {verb} not of the model"
            to_do = "Leave them out"
        raise ValueError(
            f"config.patches.{self.name}: {what}: raster {self.raster!r} has "
            f"{', '.join(sorted(here))}. {to_do}, or name the bands as they were in "
            "training."
        )

    def encode(self, taken: Patches) -> dict[str, jax.Array]:
        """Patches as the model takes them; what is missing is 0 and not valid.

        A code that is no level is 0 in all its channels and not valid.

        Args:
          taken: `[batch, y, x, band]`, in the order of the raster.

        Returns:
          `{name: [batch, y, x, channel] float32, f"{name}_valid": bool}`.
        """
        values, valid = jnp.asarray(taken.values), jnp.asarray(taken.valid)
        if self.positions != tuple(range(values.shape[-1])):
            chosen = np.array(self.positions)
            values, valid = values[..., chosen], valid[..., chosen]
        number = len(self.continuous)
        mean = np.asarray(self.means, np.float32).reshape(1, 1, 1, -1)
        scale = 1 / np.asarray(self.standard_deviations, np.float32).reshape(mean.shape)
        channels, known = [(values[..., :number] - mean) * scale], [valid[..., :number]]
        for band, levels in enumerate(self.levels, start=number):
            codes = np.asarray(levels, np.float32).reshape(1, 1, 1, -1)
            is_level = values[..., band : band + 1] == codes
            channels.append(is_level.astype(jnp.float32))
            there = valid[..., band : band + 1] & is_level.any(axis=-1, keepdims=True)
            known.append(jnp.broadcast_to(there, is_level.shape))
        encoded, mask = jnp.concatenate(channels, -1), jnp.concatenate(known, -1)
        return {
            self.name: jnp.where(mask, encoded, 0).astype(jnp.float32),
            f"{self.name}_valid": mask,
        }

    def example(self) -> dict[str, jax.Array]:
        """The inputs of one place, zeros."""
        shape = (1, *self.shape)
        return {
            self.name: jnp.zeros(shape, jnp.float32),
            f"{self.name}_valid": jnp.zeros(shape, bool),
        }


def on_device(sources: Mapping[str, Any]) -> dict[str, DevicePatches]:
    """Those of the rasters that live on the device: arguments of what is compiled."""
    return {
        name: source
        for name, source in sources.items()
        if isinstance(source, DevicePatches)
    }


def model_inputs(
    patches: Sequence[PatchInput],
    batch: Mapping[str, Any],
    rasters: Mapping[str, DevicePatches],
) -> dict[str, jax.Array]:
    """The encoded inputs of a batch, inside `jit`.

    Args:
      patches: the inputs.
      batch: as pipelines give it: values and validity, or for a raster on the device
        rows, columns and orientation.
      rasters: those on the device, by the name of the input.
    """
    inputs: dict[str, jax.Array] = {}
    for one in patches:
        found = batch[one.name]
        if one.name in rasters:
            taken = rasters[one.name].take(
                found["rows"], found["columns"], one.window, found["orientation"]
            )
        else:
            taken = Patches(found, batch[f"{one.name}_valid"])
        inputs |= one.encode(taken)
    return inputs
