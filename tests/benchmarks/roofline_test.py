"""Tests for benchmarks/roofline.py."""

import pytest
import roofline
from hlo_collectives import Collective

CHIP = roofline.Chip(
    flops=1e12, memory=16e9, memory_bandwidth=1e11, link=1e10, wraps=16
)


def test_compute_takes_the_slower_of_arithmetic_and_memory():
    assert roofline.compute_seconds(CHIP, 2e12, 1e11) == 2.0
    assert roofline.compute_seconds(CHIP, 1e12, 3e11) == 3.0


def test_all_reduce_on_a_closed_ring_uses_both_directions():
    # 16 MB: a phase sends 15 MB over 2 links of 10 GB/s.
    one = Collective("all-reduce", 16_000_000, 16, in_loop=True)
    want = 2 * 15e6 / 2e10
    assert roofline.link_seconds(CHIP, [one], (16, 16)) == pytest.approx(want)


def test_an_open_axis_has_half_the_bandwidth():
    one = Collective("all-gather", 4_000_000, 4, in_loop=True)
    assert roofline.link_seconds(CHIP, [one], (4, 4)) == pytest.approx(3e6 / 1e10)


def test_a_group_over_two_axes_uses_the_links_of_both():
    one = Collective("all-gather", 256_000_000, 256, in_loop=True)
    want = 255e6 / 4e10
    assert roofline.link_seconds(CHIP, [one], (16, 16)) == pytest.approx(want)


def test_small_messages_cost_their_hops():
    one = Collective("all-reduce", 8, 16, in_loop=True)
    assert roofline.link_seconds(CHIP, [one], (16, 16)) == pytest.approx(2 * 8e-6)


def test_what_runs_once_a_call_or_alone_costs_no_step():
    outside = Collective("all-reduce", 1 << 30, 16, in_loop=False)
    alone = Collective("all-reduce", 1 << 30, 1, in_loop=True)
    assert roofline.link_seconds(CHIP, [outside, alone], (16, 16)) == 0


def test_a_group_larger_than_the_torus_is_an_error():
    one = Collective("all-reduce", 8, 32, in_loop=True)
    with pytest.raises(ValueError, match="32 devices does not fit"):
        roofline.link_seconds(CHIP, [one], (4, 4))


def test_efficiency_is_one_chip_over_many():
    assert roofline.efficiency(0.9, 1.0) == pytest.approx(0.9)
