"""Choosing by name from a registry, with an error that lists what there is."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def choose(registry: Mapping[str, T], name: str, what: str) -> T:
    """The entry `name` of a registry.

    Raises:
      ValueError: there is none; the message lists the known names.
    """
    if name not in registry:
        known = ", ".join(sorted(registry))
        raise ValueError(f"unknown {what} {name!r}; known: {known}.")
    return registry[name]


def check_options(
    function: Callable[..., Any],
    options: Iterable[str],
    what: str,
    hidden: Iterable[str] = (),
) -> None:
    """Refuses options that a function does not take.

    Args:
      function: from a registry, about to be called with the options.
      options: their names.
      what: is called, for the message.
      hidden: parameters that are not the user's to give.

    Raises:
      ValueError: there is no such option; the message lists the known ones.
    """
    known = sorted(set(inspect.signature(function).parameters) - set(hidden))
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(
            f"{what} has no option {', '.join(unknown)}; known: {', '.join(known)}."
        )
