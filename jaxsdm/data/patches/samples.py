"""What is drawn into batches: places with their targets, as arrays over the places."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from jaxsdm.data.patches.places import Places

Lookup = np.ndarray | Callable[[np.ndarray], np.ndarray]
"""An array over the places, or a function from `[batch]` places to such rows of it:
labels of many species are best kept as lists and made dense for a batch."""


@dataclasses.dataclass(frozen=True)
class Samples:
    """Places and what is known there.

    Attributes:
      places: where; one for all inputs, or by the name of the input where rasters have
        different grids (`locate` gives both).
      targets: of each place, by name.
      inputs: further inputs of each place, by name, such as a table of predictors.
      weight: `[places]` of each in the loss; 1 by default.
      sampling: `[places]` how often each is drawn, in relation to the others
        (`balanced`). By default every place comes once an epoch; with weights they are
        drawn with replacement.
      id: `[places]` whole numbers that travel along; the position by default.

    Raises:
      ValueError: if there is no place, the lengths differ, or a sampling weight is
        negative or not finite, or all are 0.
    """

    places: Places | Mapping[str, Places]
    targets: Mapping[str, Lookup] = dataclasses.field(default_factory=dict)
    inputs: Mapping[str, Lookup] = dataclasses.field(default_factory=dict)
    weight: np.ndarray | None = None
    sampling: np.ndarray | None = None
    id: np.ndarray | None = None

    def __post_init__(self) -> None:
        if not len(self):
            raise ValueError("Samples: at least one place.")
        for name, column in self._columns().items():
            if isinstance(column, np.ndarray) and len(column) != len(self):
                raise ValueError(
                    f"Samples: {len(column)} values of {name} for {len(self)} places."
                )
        if self.id is not None and np.asarray(self.id).dtype.kind not in "iu":
            raise ValueError(f"Samples: id is whole numbers, got {self.id.dtype}.")
        if self.sampling is not None:
            drawn = self.sampling
            if not (np.isfinite(drawn).all() and drawn.min() >= 0 and drawn.sum() > 0):
                raise ValueError(
                    "Samples: sampling weights are finite, at least 0 and not all 0."
                )

    def __len__(self) -> int:
        places = self.places
        if not isinstance(places, Places):
            if not places:
                return 0
            places = next(iter(places.values()))
        return len(places.rows)

    def places_of(self, name: str) -> Places:
        """The places of one input.

        Raises:
          ValueError: if places are given by name and not for this one.
        """
        if isinstance(self.places, Places):
            return self.places
        if name not in self.places:
            raise ValueError(
                f"Samples: no places for input {name!r}; known: "
                f"{', '.join(self.places)}."
            )
        return self.places[name]

    def at(self, index: npt.ArrayLike) -> "Samples":
        """Some of the samples: positions or a mask `[places]`. Ids stay theirs.

        Raises:
          ValueError: if none is left.
        """
        chosen = np.asarray(index)
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        places: Any
        if isinstance(self.places, Places):
            places = self.places.at(chosen)
        else:
            places = {name: one.at(chosen) for name, one in self.places.items()}
        own = np.arange(len(self)) if self.id is None else self.id
        return Samples(
            places,
            {name: _at(one, chosen) for name, one in self.targets.items()},
            {name: _at(one, chosen) for name, one in self.inputs.items()},
            None if self.weight is None else self.weight[chosen],
            None if self.sampling is None else self.sampling[chosen],
            own[chosen],
        )

    def _columns(self) -> dict[str, Lookup | None]:
        places = self.places
        by_name = {"places": places} if isinstance(places, Places) else dict(places)
        columns: dict[str, Lookup | None] = {}
        for name, one in by_name.items():
            columns |= {f"rows of {name}": one.rows, f"columns of {name}": one.columns}
        columns |= self.targets
        columns |= self.inputs
        columns |= {"weight": self.weight, "sampling": self.sampling, "id": self.id}
        return columns


def balanced(
    labels: npt.ArrayLike, *, power: float = 1.0
) -> Float64[np.ndarray, " places"]:
    """Sampling weights with which all classes come equally often.

    Args:
      labels: `[places]` class of each place, such as the species of a record.
      power: weights are `count ** -power`; 1 balances the classes, 0 leaves the places
        alike, 0.5 lies between (Mahajan et al. 2018, arXiv:1805.00932).

    Raises:
      ValueError: if labels are not a vector.
    """
    found = np.asarray(labels)
    if found.ndim != 1:
        raise ValueError(f"balanced: labels [places], got shape {found.shape}.")
    _, where, count = np.unique(found, return_inverse=True, return_counts=True)
    return count[where].astype(np.float64) ** -power


def rows_of(column: Lookup, index: np.ndarray) -> np.ndarray:
    """The rows of some places."""
    return column(index) if callable(column) else column[index]


class _Part:
    """A function of places, for some of them; can be pickled."""

    def __init__(self, whole: Callable[[np.ndarray], np.ndarray], chosen: np.ndarray):
        self.whole, self.chosen = whole, chosen

    def __call__(self, index: np.ndarray) -> np.ndarray:
        return self.whole(self.chosen[index])


def _at(column: Lookup, chosen: np.ndarray) -> Lookup:
    return _Part(column, chosen) if callable(column) else column[chosen]
