"""What a band of a raster holds, and how its stored numbers become values.

A value is float32 and valid, or it is NaN and not valid: nodata, NaN, infinite numbers
and what a mask hides never come through as numbers.
"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float32, Shaped

_EXACT_IN_FLOAT32 = 2**24


@dataclasses.dataclass(frozen=True)
class Band:
    """One layer of a raster stack.

    Attributes:
      name: how a model calls it, such as `"bio1"`.
      source: file or object that it is read from, as messages show it.
      index: number of the band in its source, from 1.
      dtype: NumPy name of the type in which it is stored.
      categorical: whether the numbers are codes rather than quantities.
      scale: values are `scale * stored + offset`.
      offset: see `scale`; both in the units of the values.
      nodata: the stored number that means "no value", before scale and offset.
      levels: the codes that a categorical band may hold, or None where nobody told.
    """

    name: str
    source: str
    index: int
    dtype: str
    categorical: bool = False
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | int | None = None
    levels: tuple[int, ...] | None = None

    def __str__(self) -> str:
        return f"band {self.name} (number {self.index} of {self.source})"


def check_band(band: Band) -> None:
    """Refuses a band whose numbers cannot be told from missing ones.

    Raises:
      ValueError: if the type is not a real number, or nodata is a number that the type
        cannot hold, so that it would hide nothing.
    """
    dtype = np.dtype(band.dtype)
    if dtype.kind not in "biuf":
        raise ValueError(f"{band}: {band.dtype} values; real numbers are needed.")
    if band.nodata is None or dtype.kind not in "iu":
        return
    limits = np.iinfo(dtype)
    whole = float(band.nodata).is_integer()
    if not whole or not limits.min <= band.nodata <= limits.max:
        raise ValueError(
            f"{band}: nodata is {band.nodata:g}, which {band.dtype} ({limits.min} to "
            f"{limits.max}) cannot hold. Say what it is: "
            f"nodata={{{band.name!r}: NUMBER}}, or None if every cell has a value."
        )


def decode(
    band: Band,
    stored: Shaped[np.ndarray, "y x"],
    hidden: Bool[np.ndarray, "y x"] | None = None,
) -> tuple[Float32[np.ndarray, "y x"], Bool[np.ndarray, "y x"]]:
    """Stored numbers as values, and where there is one.

    Args:
      band: scale, offset and nodata; levels if the codes are to be checked.
      stored: numbers as the source holds them.
      hidden: True where a mask of the source hides the cell.

    Returns:
      Values, NaN where not valid, and validity. Numbers beyond float32 are not valid.

    Raises:
      ValueError: if a categorical band holds a code that is not among its levels, or
        that float32 cannot hold.
    """
    valid = ~_is_nodata(stored, band.nodata)
    if hidden is not None:
        valid &= ~hidden
    with np.errstate(over="ignore", invalid="ignore"):
        if band.scale == 1 and band.offset == 0:
            values = stored.astype(np.float32)
        else:
            wide = stored.astype(np.float64) * band.scale + band.offset
            values = wide.astype(np.float32)
    valid &= np.isfinite(values)
    if band.categorical:
        _check_codes(band, stored[valid], values[valid])
    values[~valid] = np.nan
    return values, valid


def _is_nodata(stored: np.ndarray, nodata: float | int | None) -> np.ndarray:
    if nodata is None or nodata != nodata:  # NaN is never valid, see `decode`
        return np.zeros(stored.shape, bool)
    if stored.dtype.kind != "f":
        return stored == np.asarray(int(nodata)).astype(stored.dtype)
    # GDAL's tolerance (ARE_REAL_EQUAL), for tags written with fewer digits.
    kind = stored.dtype.type
    with np.errstate(over="ignore"):
        width = 4 * float(np.finfo(kind).eps) * abs(nodata)
        near = (stored > kind(nodata - width)) & (stored < kind(nodata + width))
        return near | (stored == kind(nodata))


def _check_codes(band: Band, stored: np.ndarray, values: np.ndarray) -> None:
    greatest = max(stored.max(initial=0), -stored.min(initial=0).astype(np.float64))
    if greatest > _EXACT_IN_FLOAT32:
        raise ValueError(
            f"{band}: codes above {_EXACT_IN_FLOAT32} are not exact in float32; "
            "renumber the categories."
        )
    if band.levels is None:
        return
    unknown = values[~np.isin(values, np.asarray(band.levels, np.float32))]
    if len(unknown):
        shown = ", ".join(f"{code:g}" for code in np.unique(unknown)[:5])
        raise ValueError(
            f"{band}: {len(unknown)} cells with unknown level {shown}; the levels are "
            f"{', '.join(map(str, band.levels))}. Add it to categorical="
            f"{{{band.name!r}: LEVELS}} or name it as nodata."
        )
