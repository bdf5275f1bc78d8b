"""A small residual convolutional network: what lies around a place, all species.

Each patch input goes through an encoder of its own: a 3 x 3 convolution of stride 2,
then stages of residual blocks (two 3 x 3 convolutions and a shortcut), each stage after
the first halving the resolution, then the mean over the cells that are left. A species
head reads the encoders' features side by side, and beside them, where wanted, a layer
over the table of predictors, because the mean over a patch blurs the values at the
place itself.

Source of the blocks: He et al. (2016), arXiv:1512.03385; of GroupNorm, which does not
depend on the batch: Wu & He (2018), arXiv:1803.08494. Convolutional networks for
species distributions: Deneu et al. (2021), doi:10.1371/journal.pcbi.1008856.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxsdm.models.dropout import dropout as drop
from jaxsdm.models.dropout import is_off
from jaxsdm.models.outputs import Outputs, read_patches, read_predictors
from jaxsdm.models.readout import read_species

_KERNEL = nn.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")


class ResidualCNN(nn.Module):
    """Residual convolutional network over patches of rasters.

    Attributes:
        species: number of species.
        patches: names of the inputs, each `[batch, y, x, band]`; sizes and bands may
            differ. Beside an input its validity may be given, `{name}_valid`: where
            values are missing they count as 0, and the share of valid bands is one
            more channel.
        predictors: columns of the table, checked when given.
        table_width: width of the layer over `inputs["predictors"]`; 0 does not read it.
        widths: channels of each stage, multiples of `groups`.
        blocks: residual blocks of each stage.
        groups: of channels that are normalised together.
        dropout: rate on the features while training, in [0, 1); may be traced.
        head_bias: a constant per species (see `SpeciesHead`).
        head: `linear`, or `cosine` (see `CosineHead`).
        set_head: a second linear head: `auxiliary["set_logits"]`.
    """

    species: int
    patches: tuple[str, ...] = ("patches",)
    predictors: int | None = None
    table_width: int = 0
    widths: tuple[int, ...] = (16, 32, 64, 128)
    blocks: int = 1
    groups: int = 8
    dropout: float | Float[Array, ""] = 0.0
    head_bias: bool = False
    head: str = "linear"
    set_head: bool = False

    @nn.compact
    def __call__(
        self,
        inputs: Mapping[str, Array],
        train: bool = False,
        dropout: float | Float[Array, ""] | None = None,
    ) -> Outputs:
        """Gives features `[batch, features]` and logits `[batch, species]`.

        Args:
            inputs: `{name: [batch, y, x, band], f"{name}_valid": bool, ...}`, and
                `"predictors": [batch, predictors]` where `table_width` is above 0.
            train: whether dropout is on; it then needs `rngs={"dropout": key}`.
            dropout: a rate for this call in place of the module's.

        Raises:
            ValueError: an input is missing or no patches, or a width is no multiple of
                `groups`.
        """
        uneven = [width for width in self.widths if width % self.groups]
        if uneven or not self.patches:
            raise ValueError(
                f"ResidualCNN: at least one input and widths that are multiples of "
                f"groups={self.groups}, got inputs {self.patches}, widths "
                f"{self.widths}."
            )
        features = [
            self._encode(name, read_patches(inputs, name, "ResidualCNN"))
            for name in self.patches
        ]
        if self.table_width:
            table = read_predictors(inputs, self.predictors, "ResidualCNN")
            dense = nn.Dense(self.table_width, kernel_init=_KERNEL, name="table")
            features.append(jax.nn.relu(dense(table)))
        x = jnp.concatenate(features, axis=-1)
        rate = self.dropout if dropout is None else dropout
        if train and not is_off(rate):
            x = drop(x, rate, self.make_rng("dropout"))
        logits, auxiliary = read_species(
            x,
            species=self.species,
            head=self.head,
            head_bias=self.head_bias,
            set_head=self.set_head,
            initialization="torch_uniform",
        )
        return Outputs(x, logits, auxiliary)

    def _encode(
        self, name: str, x: Float[Array, "batch y x channel"]
    ) -> Float[Array, "batch width"]:
        x = self._convolution(f"{name}_stem", x, self.widths[0], stride=2)
        x = jax.nn.relu(x)
        for stage, width in enumerate(self.widths):
            for block in range(self.blocks):
                stride = 2 if stage and not block else 1
                x = self._block(f"{name}_stage_{stage}_{block}", x, width, stride)
        return x.mean(axis=(1, 2))

    def _block(
        self, name: str, x: Float[Array, "batch y x channel"], width: int, stride: int
    ) -> Float[Array, "batch rows columns width"]:
        y = jax.nn.relu(self._convolution(f"{name}_first", x, width, stride))
        y = self._convolution(f"{name}_second", y, width)
        if x.shape != y.shape:
            x = self._convolution(f"{name}_shortcut", x, width, stride, size=1)
        return jax.nn.relu(x + y)

    def _convolution(
        self,
        name: str,
        x: Float[Array, "batch y x channel"],
        width: int,
        stride: int = 1,
        size: int = 3,
    ) -> Float[Array, "batch rows columns width"]:
        """A convolution without a bias, which the normalisation after it brings."""
        x = nn.Conv(
            width,
            (size, size),
            (stride, stride),
            use_bias=False,
            kernel_init=_KERNEL,
            name=name,
        )(x)
        return nn.GroupNorm(self.groups, name=f"{name}_norm")(x)
