"""What every splitter refuses at its door."""

import numpy as np

from jaxsdm.data.predictors import first_rows


def check_places(
    function: str, x: np.ndarray, y: np.ndarray, **others: np.ndarray
) -> None:
    """Refuses coordinates that are not finite, and arrays of another length.

    Args:
      function: whose arguments they are, for the message.
      x: `[sites]`
      y: `[sites]`
      others: arrays with a row a site, by the names of their arguments.

    Raises:
      ValueError: the message names the rows or the lengths.
    """
    lengths = {"x": len(x), "y": len(y)}
    lengths |= {name: len(values) for name, values in others.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"{function}: arrays of different lengths: {shown}.")
    if len(x) == 0:
        raise ValueError(f"{function}: there are no sites.")
    unusable = ~(np.isfinite(x) & np.isfinite(y))
    if unusable.any():
        raise ValueError(
            f"{function}: x or y is not finite in {unusable.sum()} of {len(x)} rows "
            f"({first_rows(unusable)}); drop such sites first."
        )


def check_distance(
    function: str, distance: float | int, name: str = "distance"
) -> None:
    """Refuses a distance that is negative or not finite.

    Raises:
      ValueError: the message says what came.
    """
    if not (distance >= 0 and np.isfinite(distance)):
        raise ValueError(f"{function}: {name} is a finite number >= 0, got {distance}.")


def check_folds(folds: int, most: int, what: str) -> None:
    """Refuses fewer than 2 folds or more than there are things to deal.

    Raises:
      ValueError: the message says how many there are of what.
    """
    if not 2 <= folds <= most:
        raise ValueError(
            f"folds: from 2 to {most}, got {folds}: there are {most} {what}."
        )
