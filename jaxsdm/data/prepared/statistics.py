"""Statistics of bands, taken stripe by stripe and put together."""

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32


def moments(
    values: Float32[np.ndarray, "y x band"],
    valid: Bool[np.ndarray, "y x band"],
    cells: Bool[np.ndarray, "y x"] | None,
) -> list[list[float]]:
    """Count, mean, sum of squares about it, least and greatest value of each band."""
    found: list[list[float]] = []
    for band in range(values.shape[2]):
        counted = valid[..., band] if cells is None else valid[..., band] & cells
        numbers = values[..., band][counted].astype(np.float64)
        if not len(numbers):
            found.append([0.0] * 5)
            continue
        mean = float(numbers.mean())
        about = float(np.square(numbers - mean).sum())
        span = [float(numbers.min()), float(numbers.max())]
        found.append([float(len(numbers)), mean, about, *span])
    return found


def merged(stripes: list[list[list[float]]], looked_at: int) -> list[dict[str, Any]]:
    """Statistics of bands from those of stripes (Chan, Golub & LeVeque 1983)."""
    found = []
    for parts in zip(*stripes, strict=True):
        count, mean, about = 0, 0.0, 0.0
        seen = [part for part in parts if part[0]]
        for number, other, squares, _, _ in seen:
            total, apart = count + int(number), other - mean
            about += squares + apart * apart * count * number / total
            mean += apart * number / total
            count = total
        record: dict[str, Any] = dict.fromkeys(("mean", "sd", "min", "max"))
        if count:
            record["mean"], record["sd"] = mean, math.sqrt(about / count)
            record["min"] = min(part[3] for part in seen)
            record["max"] = max(part[4] for part in seen)
        share = count / looked_at if looked_at else 0.0
        found.append({"count": count, **record, "valid_share": share})
    return found
