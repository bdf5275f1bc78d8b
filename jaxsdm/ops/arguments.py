"""Checks of arguments that must be known when a program is made."""

import operator
from typing import Any

import numpy as np


def whole_number(function: str, name: str, value: Any) -> int:
    """A whole number as a Python integer.

    Checked before JAX sees the value: 3.0 equals 3 and has its hash, so a program made
    with the one would be kept for the other.

    Raises:
      ValueError: it is none (a float, a bool, traced); names function and argument.
    """
    if not isinstance(value, bool | np.bool_):
        try:
            return operator.index(value)
        except TypeError:
            pass
    raise ValueError(
        f"{function}: want a whole number {name}, known outside jit, got {value!r}."
    )
