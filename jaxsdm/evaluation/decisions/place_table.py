"""Values of places and species as they came from a file, and where they stand there."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

Kind = Literal["probability", "score", "presence"]


@dataclasses.dataclass(frozen=True)
class PlaceTable:
    """Values `[places, species]` of a file or of one survey in it.

    Attributes:
      file: where they come from, for messages.
      part: region, group and survey of the file's columns, whichever it has.
      places: `[places]` ids, as text.
      species: names or ids, as text.
      values: `[places, species]`, NaN where the file has none.
      kind: what they are: probabilities, raw scores, or presences (1, 0).
      about: one row a place: what the file says of it (coordinates, blocks).
      column: of the values, or empty where each species has its own.
      rows: `[places, species]` row of the file, from 0; None: places are rows.
    """

    file: str
    part: Mapping[str, str]
    places: np.ndarray
    species: tuple[str, ...]
    values: Float[np.ndarray, "places species"]
    kind: Kind
    about: pd.DataFrame
    column: str = ""
    rows: Int[np.ndarray, "places species"] | None = None

    @property
    def name(self) -> str:
        """Of the part, such as "SWI tree main"; empty if the file has one."""
        return " ".join(dict.fromkeys(self.part.values()))

    def where(self, place: int, species: int) -> str:
        """File, row and column of a value; rows of data count from 1."""
        row = place if self.rows is None else self.rows[place, species]
        column = self.column or self.species[species]
        return (
            f"{self.file}: row {row + 1}, column {column} (site {self.places[place]}, "
            f"species {self.species[species]})"
        )

    def checked(self) -> "PlaceTable":
        """Itself.

        Raises:
          ValueError: a probability outside [0, 1], an infinite score, a label that is
            neither 0 nor 1, or a place twice; names file, row and column.
        """
        known = ~np.isnan(self.values)
        if self.kind == "probability":
            wrong = known & ~((self.values >= 0) & (self.values <= 1))
            want = "want a probability in [0, 1]"
            help_ = (
                "Logits go through a sigmoid first; raw scores belong into a column "
                "'score' and need --calibrate."
            )
        elif self.kind == "score":
            wrong = np.isinf(self.values)
            want, help_ = "want a finite score", "Leave such sites out."
        else:
            wrong = known & (self.values != 0) & (self.values != 1)
            want = "want 1 (present), 0 (absent) or nothing (not looked for)"
            help_ = "Turn abundance into presence first."
        if wrong.any():
            place, species = np.argwhere(wrong)[0]
            raise ValueError(
                f"{self.where(place, species)}: {want}, got "
                f"{self.values[place, species]}; {wrong.sum()} such values. {help_}"
            )
        twice = pd.Index(self.places).duplicated()
        if twice.any():
            place = int(np.argmax(twice))
            raise ValueError(
                f"{self.file}: row {place + 1}: site {self.places[place]} comes twice."
                " One row a site is needed in this layout."
            )
        return self
