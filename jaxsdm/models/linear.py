"""The linear model: each species' logit is a weighted sum of the predictors."""

from collections.abc import Mapping

from flax import linen as nn
from jaxtyping import Array

from jaxsdm.models.head import SpeciesHead
from jaxsdm.models.outputs import Outputs, read_predictors


class Linear(nn.Module):
    """A species head on the predictors themselves, from zero.

    With a Poisson or normalised Poisson loss this is a log-linear point process per
    species; with a binary loss, logistic regression.

    Attributes:
        species: number of species.
        predictors: columns of the input table, checked when given.
        head_bias: a constant per species; wanted with a loss that sees it.
        initialization: a name of `initialization.BY_NAME`.
    """

    species: int
    predictors: int | None = None
    head_bias: bool = False
    initialization: str = "zeros"

    @nn.compact
    def __call__(self, inputs: Mapping[str, Array], train: bool = False) -> Outputs:
        """Gives features `[batch, predictors]` (the table) and `[batch, species]`."""
        del train
        table = read_predictors(inputs, self.predictors, "Linear")
        head = SpeciesHead(
            self.species, self.head_bias, self.initialization, name="head"
        )
        return Outputs(table, head(table), {})
