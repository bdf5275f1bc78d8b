"""What the batches of a pipeline depend on, short enough for a checkpoint.

Two pipelines that say the same go through the same places in the same order and cut the
same windows around them. Arrays are told apart by a digest of their numbers, which is
the same on every machine and for every width of integers. The values of rasters and
targets are not looked at: they may be larger than memory.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxsdm.data.patches.samples import Samples
from jaxsdm.data.patches.window import Window

_AT_ONCE = 2**20


def digest(arrays: Iterable[npt.ArrayLike]) -> str:
    """A digest of vectors of numbers, 16 hexadecimal digits.

    >>> digest([np.arange(3, dtype=np.int32)]) == digest([np.arange(3)])
    True
    >>> digest([np.arange(3)]) == digest([np.arange(4)])
    False
    """
    found = hashlib.blake2b(digest_size=8)
    for one in arrays:
        numbers = np.asarray(one)
        kind = "<i8" if numbers.dtype.kind in "iub" else "<f8"
        found.update(f"{kind} {numbers.shape}".encode())
        for start in range(0, len(numbers), _AT_ONCE):  # a copy of a part at a time
            part = numbers[start : start + _AT_ONCE].astype(kind)
            found.update(np.ascontiguousarray(part).data)
    return found.hexdigest()


def samples_record(samples: Samples, inputs: Iterable[str]) -> dict[str, Any]:
    """Places, ids and sampling weights of a set of samples, as JSON."""
    sampling = samples.sampling
    ids = np.arange(len(samples)) if samples.id is None else samples.id
    return {
        "places": {name: digest(samples.places_of(name)) for name in sorted(inputs)},
        "id": digest([ids]),
        "sampling": None if sampling is None else digest([sampling]),
    }


def inputs_record(
    windows: Mapping[str, Window],
    jitters: Mapping[str, int | None],
    shapes: Mapping[str, tuple[int, int]],
    names: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    """What is cut out of which raster, by the name of the input, as JSON.

    Args:
      windows: of the patches.
      jitters: of each input, None for that of the augmentation.
      shapes: rows and columns of the rasters.
      names: of the bands.
    """
    found: dict[str, Any] = {}
    for name, window in sorted(windows.items()):
        jitter = jitters[name]
        found[name] = {
            "window": [list(window.shape), list(window.steps), window.convention],
            "jitter": None if jitter is None else int(jitter),
            "raster": [int(one) for one in shapes[name]],
            "bands": list(names[name]),
        }
    return found
