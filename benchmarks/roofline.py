"""The time that a compiled step implies on a chip: a roofline, and its links.

    compute     = max(flops / peak flops, bytes accessed / memory bandwidth)
    all-reduce  = 2 max(hops x latency, bytes / bandwidth)        per collective
    step        = compute + communication                         (nothing overlaps)

The counts are the compiler's, the rates the public peaks of a chip: the result is a
lower bound for the compute, a cautious estimate for the links (a collective is never
overlapped with compute), and never a measurement.

Sources: Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785; for rings
and hops on a torus, Austin et al. 2025, How to Scale Your Model,
https://jax-ml.github.io/scaling-book/sharded.
"""

import dataclasses
import math
from collections.abc import Sequence

from hlo_collectives import Collective


@dataclasses.dataclass(frozen=True)
class Chip:
    """Public peaks of a chip.

    Attributes:
      flops: per second, matrix unit in bfloat16, which is what XLA uses for float32
        matrices at the default precision.
      memory: bytes of high-bandwidth memory.
      memory_bandwidth: bytes per second.
      link: bytes per second of one link in one direction.
      wraps: an axis of the torus has a link from its end to its begin when its length
        is a multiple of this.
      sparse_cores: whether it has cores of their own for gathers.
    """

    flops: float
    memory: float
    memory_bandwidth: float
    link: float
    wraps: int
    sparse_cores: bool = False


# https://docs.cloud.google.com/tpu/docs/v5e, .../v6e, .../v5p: peak compute, HBM
# capacity and bandwidth, and bidirectional interconnect bandwidth per chip (400, 800
# and 1200 GB/s), which is spread over 4, 4 and 6 links and two directions. v5e and v6e
# close their tori in full pods only (axes of 16), v5p in cubes of 4.
CHIPS = {
    "v5e": Chip(197e12, 16e9, 819e9, 400e9 / 8, wraps=16),
    "v6e": Chip(918e12, 32e9, 1600e9, 800e9 / 8, wraps=16, sparse_cores=True),
    "v5p": Chip(459e12, 95e9, 2765e9, 1200e9 / 12, wraps=4, sparse_cores=True),
}

# How to Scale Your Model, section "Sharded matrices": about a microsecond a hop.
HOP_SECONDS = 1e-6


def compute_seconds(chip: Chip, flops: float, bytes_accessed: float) -> float:
    """Seconds of one chip: whatever of arithmetic and memory takes longer."""
    return max(flops / chip.flops, bytes_accessed / chip.memory_bandwidth)


def link_seconds(
    chip: Chip, collectives: Sequence[Collective], torus: Sequence[int]
) -> float:
    """Seconds on the links of the collectives of one step, one after the other.

    A group takes the axes of the torus one by one until its devices are covered; the
    axes carry their part of the bytes at the same time.

    Args:
      chip: its links.
      collectives: those outside loops are left out.
      torus: lengths of the axes of the pod, such as `(16, 16)`.
    """
    return sum(
        _one(chip, collective, torus)
        for collective in collectives
        if collective.in_loop and collective.group > 1
    )


def efficiency(one_chip_seconds: float, seconds: float) -> float:
    """Weak-scaling efficiency: the same work a chip, on one chip and on many."""
    return one_chip_seconds / seconds


def _one(chip: Chip, collective: Collective, torus: Sequence[int]) -> float:
    if collective.kind == "collective-permute":
        return max(HOP_SECONDS, collective.result_bytes / chip.link)
    lengths = _axes(collective.group, torus)
    bandwidth = sum(
        chip.link * (2 if length % chip.wraps == 0 else 1) for length in lengths
    )
    hops = sum(
        length / 2 if length % chip.wraps == 0 else length - 1 for length in lengths
    )
    # One phase moves the bytes once around: all-reduce is reduce-scatter + all-gather.
    phases = 2 if collective.kind == "all-reduce" else 1
    size = collective.sent_bytes / phases
    return phases * max(hops * HOP_SECONDS, size / bandwidth)


def _axes(group: int, torus: Sequence[int]) -> list[int]:
    """The lengths of the axes, or parts of axes, that a group of devices lies on."""
    lengths: list[int] = []
    left = group
    for length in sorted(torus, reverse=True):
        if left == 1:
            break
        lengths.append(min(left, length))
        left = math.ceil(left / length)
    if left > 1:
        raise ValueError(
            f"a group of {group} devices does not fit on a torus of {tuple(torus)}."
        )
    return lengths
