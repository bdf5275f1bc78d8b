"""Species distribution models in JAX.

Each room is a sub-package that is imported when it is first named, so that
`import jaxsdm` costs nothing and a user of the losses needs JAX alone:

    >>> import jaxsdm
    >>> "normalized_poisson" in jaxsdm.losses.BY_NAME
    True
"""

import importlib
import types

from jaxsdm._version import __version__

_ROOMS = (
    "data",
    "datasets",
    "decisions",
    "evaluation",
    "losses",
    "mapping",
    "metrics",
    "models",
    "ops",
    "parallel",
    "testing",
    "training",
)

__all__ = ["__version__", *_ROOMS]


def __getattr__(name: str) -> types.ModuleType:
    if name in _ROOMS:
        return importlib.import_module(f"jaxsdm.{name}")
    raise AttributeError(
        f"module 'jaxsdm' has no attribute {name!r}; its rooms are {', '.join(_ROOMS)}."
    )


def __dir__() -> list[str]:
    return sorted(__all__)
