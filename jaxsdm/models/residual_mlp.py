"""The residual network of DeepMaxent: one shared description of the site, all species.

    x = relu(W0 z + b0);   x = x + relu(Wk x + bk), k = 1..blocks;   logits = x H

`z` are the encoded predictors of a site, `H` the species head without a bias. Source:
Ryckewaert et al., DeepMaxent, arXiv:2412.19217, and the authors' code (hidden 250, two
blocks, no dropout, no normalisation layer). Differs: theirs has a head bias, to which
the loss is blind, and no dropout.
"""

from collections.abc import Mapping

import jax
from flax import linen as nn
from jaxtyping import Array, Float

from jaxsdm.models import initialization
from jaxsdm.models.dropout import dropout, is_off
from jaxsdm.models.outputs import Outputs, read_predictors
from jaxsdm.models.readout import read_species


class ResidualMLP(nn.Module):
    """Residual multi-layer perceptron over a table of predictors.

    Attributes:
        species: number of species.
        predictors: columns of the input table, checked when given.
        hidden: width of every layer.
        blocks: residual blocks after the input layer.
        dropout: rate after every ReLU while training, in [0, 1); may be traced.
        initialization: a name of `initialization.BY_NAME`, for all layers.
        head_bias: a constant per species (see `SpeciesHead`).
        head: `linear`, or `cosine` (see `CosineHead`), whose logits are in [-1, 1].
        set_head: a second linear head, for losses that predict sets of species:
            `auxiliary["set_logits"]`, with a bias.
    """

    species: int
    predictors: int | None = None
    hidden: int = 250
    blocks: int = 2
    dropout: float | Float[Array, ""] = 0.0
    initialization: str = "torch_uniform"
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
        """Gives features `[batch, hidden]` and logits `[batch, species]`.

        Args:
            inputs: `{"predictors": [batch, predictors]}`.
            train: whether dropout is on; it then needs `rngs={"dropout": key}`.
            dropout: a rate for this call in place of the module's, so that one module
                serves members of a vmapped ensemble that differ in it.
        """
        rate = self.dropout if dropout is None else dropout
        table = read_predictors(inputs, self.predictors, "ResidualMLP")
        x = self._layer("input", table, rate, train)
        for block in range(self.blocks):
            x = x + self._layer(f"block_{block}", x, rate, train)
        logits, auxiliary = read_species(
            x,
            species=self.species,
            head=self.head,
            head_bias=self.head_bias,
            set_head=self.set_head,
            initialization=self.initialization,
        )
        return Outputs(x, logits, auxiliary)

    def _layer(
        self,
        name: str,
        x: Float[Array, "batch width"],
        rate: float | Float[Array, ""],
        train: bool,
    ) -> Float[Array, "batch hidden"]:
        init = initialization.initializers(self.initialization, x.shape[-1])
        dense = nn.Dense(
            self.hidden, kernel_init=init.kernel, bias_init=init.bias, name=name
        )
        x = jax.nn.relu(dense(x))
        if not train or is_off(rate):
            return x
        return dropout(x, rate, self.make_rng("dropout"))
