"""Tests for benchmarks/hlo_collectives.py."""

import jax
import jax.numpy as jnp
import pytest
from hlo_collectives import Collective, read_collectives, sent_per_step
from jax.sharding import NamedSharding, PartitionSpec

# Shapes, groups and layouts as the CPU and TPU compilers write them.
TEXT = """\
HloModule jit_run, entry_computation_layout={(s32[])->f32[8]{0}}

%region_1.0 (a: f32[], b: f32[]) -> f32[] {
  ROOT %add = f32[] add(%a, %b)
}

%inner.3 (p: f32[8]) -> f32[16] {
  ROOT %all-gather.2 = f32[16]{0} all-gather(%p), replica_groups=[4,2]<=[8], dimensions={0}
}

%body.7 (arg: (s32[], f32[8], /*index=5*/f32[8])) -> (s32[], f32[8]) {
  %psum.1 = (f32[1,250]{1,0:T(1,128)S(1)}, /*index=1*/bf16[2,3]{1,0}) all-reduce(%x, %y), replica_groups=mesh['axis_0'=4,'axis_1'=2] {'axis_0'}, use_global_device_ids=true, to_apply=%region_1.0
  %rs = f32[8]{0} reduce-scatter(%x), replica_groups={{0,4},{1,5},{2,6},{3,7}}, to_apply=%region_1.0
  %ag = (f32[4]{0}, f32[32]{0}) all-gather-start(%x), replica_groups={}, dimensions={0}
  %agd = f32[32]{0} all-gather-done(%ag)
  %cp = f32[5]{0} collective-permute(%x), source_target_pairs={{0,1},{1,0}}
  %fusion = f32[16]{0} fusion(%x), kind=kLoop, calls=%inner.3
}

%condition.8 (arg: (s32[], f32[8])) -> pred[] {
  ROOT %lt = pred[] compare(%i, %n), direction=LT
}

ENTRY %main.23 (count: s32[]) -> f32[8] {
  %once = s32[2]{0} all-reduce(%n), replica_groups={{0,1,2,3,4,5,6,7}}, to_apply=%region_1.0
  %while.1 = (s32[], f32[8]{0}) while(%start), condition=%condition.8, body=%body.7
  ROOT %out = f32[8]{0} get-tuple-element(%while.1), index=1
}
"""  # noqa: E501


def test_kinds_bytes_groups_and_loops_by_hand():
    assert read_collectives(TEXT, devices=8) == [
        Collective("all-gather", 64, 2, in_loop=True),
        Collective("all-reduce", 4 * 250 + 2 * 6, 4, in_loop=True),
        Collective("reduce-scatter", 32, 2, in_loop=True),
        Collective("all-gather", 128, 8, in_loop=True),
        Collective("collective-permute", 20, 2, in_loop=True),
        Collective("all-reduce", 8, 8, in_loop=False),
    ]


def test_sent_bytes_are_those_of_the_rings():
    found = read_collectives(TEXT, devices=8)
    want = [32, 2 * 3 / 4 * 1012, 32, 7 / 8 * 128, 20, 2 * 7 / 8 * 8]
    assert [one.sent_bytes for one in found] == pytest.approx(want)
    assert sent_per_step(found) == pytest.approx(sum(want[:-1]))


def test_a_group_of_one_sends_nothing():
    assert Collective("all-reduce", 1000, 1, in_loop=True).sent_bytes == 0


def test_unknown_groups_are_an_error():
    line = TEXT.replace("replica_groups=[4,2]<=[8]", "replica_groups=?new")
    with pytest.raises(ValueError, match="replica_groups of an unknown form"):
        read_collectives(line, devices=8)


def test_a_compiled_program_of_four_by_two_devices():
    mesh = jax.make_mesh(
        (4, 2),
        ("data", "species"),
        axis_types=(jax.sharding.AxisType.Auto,) * 2,
    )
    where = NamedSharding(mesh, PartitionSpec("data", "species"))
    table = jax.ShapeDtypeStruct((8, 64), jnp.float32, sharding=where)

    def total(x):
        return jax.lax.fori_loop(0, 3, lambda i, y: jnp.sin(y + (x * i).sum(0)), x[0])

    text = jax.jit(total).lower(table).compile().as_text()
    sums = [one for one in read_collectives(text, 8) if one.in_loop]
    # The sum over sites: 32 species a device, over the 4 shards of data.
    assert Collective("all-reduce", 32 * 4, 4, in_loop=True) in sums
