"""What the losses send between devices on a mesh, read from the compiled programs.

    python benchmarks/losses_mesh.py [--output FILE] [--quick]

Value and gradient of each loss are compiled ahead of time for 8 simulated devices as
8x1, 4x2, 2x4 and 1x8 (data x species), from shapes alone: nothing is allocated or run.
The bytes are those that a device sends in one step, by the ring algorithms of
`hlo_collectives.py`. They should not depend on the number of species.
"""

import argparse
import functools
import sys
from collections.abc import Callable
from typing import Any

import hlo_collectives
import jax
import jax.numpy as jnp
import reporting
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxsdm import losses, parallel
from jaxsdm.parallel import DATA, SPECIES

DEVICES = 8
MESHES = ((8, 1), (4, 2), (2, 4), (1, 8))


def _top_k_hinge(logits, labels, where, key, *, k, **axes):
    return losses.stochastic_top_k_hinge(
        logits[0], labels, key, k=k, where=where, **axes
    )


def _smooth_top_k_svm(
    logits, labels, where, key, *, k, batch_axis_name, species_axis_name
):
    return losses.smooth_top_k_svm(
        logits[0], labels, k=k, where=where, species_axis_name=species_axis_name
    )


def _two_head_average_k(logits, labels, where, key, *, k, **axes):
    return losses.two_head_average_k(*logits, labels, k=k, where=where, **axes)


def _cross_entropy(
    logits, labels, where, key, *, k, batch_axis_name, species_axis_name
):
    return losses.softmax_cross_entropy(
        logits[0], labels, where=where, species_axis_name=species_axis_name
    )


LOSSES: dict[str, Callable[..., Any]] = {
    "stochastic_top_k_hinge": _top_k_hinge,
    "smooth_top_k_svm": _smooth_top_k_svm,
    "two_head_average_k": _two_head_average_k,
    "softmax_cross_entropy": _cross_entropy,
}


def sent(name: str, mesh: Mesh, *, batch: int, species: int, k: int) -> float:
    """Bytes that a device sends for value and gradient of one global batch."""
    text = compile_loss(name, mesh, batch=batch, species=species, k=k).as_text()
    found = hlo_collectives.read_collectives(text, mesh.size)
    once = sum(one.sent_bytes for one in found if not one.in_loop)
    each = hlo_collectives.sent_per_step(found)
    return once + (each * _turns(text) if each else 0)


def compile_loss(name: str, mesh: Mesh, *, batch: int, species: int, k: int) -> Any:
    """The compiled mean and its gradient to two heads `[batch, species]`."""
    table = NamedSharding(mesh, PartitionSpec(DATA, SPECIES))
    rows = NamedSharding(mesh, PartitionSpec(DATA))
    island = parallel.example_island(functools.partial(LOSSES[name], k=k), mesh)

    def mean(logits, labels, where, seed):
        return island(logits, labels, where, jax.random.key(seed)).mean()

    head = jax.ShapeDtypeStruct((batch, species), jnp.float32, sharding=table)
    labels = jax.ShapeDtypeStruct((batch,), jnp.int32, sharding=rows)
    where = jax.ShapeDtypeStruct((batch,), jnp.bool_, sharding=rows)
    seed = jax.ShapeDtypeStruct((), jnp.uint32)
    program = jax.jit(jax.value_and_grad(mean), out_shardings=(None, (table, table)))
    return program.lower((head, head), labels, where, seed).compile()


def _turns(text: str) -> int:
    """Turns of the one loop that holds a collective: a pass per bit of the cut.

    Raises:
      ValueError: the program has no loop of so many turns.
    """
    bits = 32  # of a float32
    if f'"known_trip_count":{{"n":"{bits}"}}' not in text:
        raise ValueError(f"want a loop of {bits} turns, one per bit of a float32.")
    return bits


def main() -> None:
    """Compiles all losses for all meshes and prints their table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", help="JSON file of all numbers")
    parser.add_argument("--quick", action="store_true", help="4x2 only")
    options = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", DEVICES)

    species = (1_000, 10_000, 100_000)
    sizes = ((64, 5), (256, 5), (256, 20))
    rows = []
    for data, shards in MESHES[1:2] if options.quick else MESHES:
        mesh = parallel.make_mesh(data, shards)
        for name in LOSSES:
            for batch, k in sizes:
                if name == "softmax_cross_entropy" and k != sizes[0][1]:
                    continue
                found = [
                    sent(name, mesh, batch=batch, species=count, k=k)
                    for count in species
                ]
                k_or_none = "-" if name == "softmax_cross_entropy" else k
                kilobytes = [bytes_sent / 1e3 for bytes_sent in found]
                rows.append([f"{data} × {shards}", name, batch, k_or_none, *kilobytes])
                print(".", end="", file=sys.stderr, flush=True)
    columns = ["mesh", "loss", "batch", "K", *(f"{n:,} species" for n in species)]
    reporting.show("Kilobytes that a device sends a step", columns, rows)
    rows = [dict(zip(columns, row, strict=True)) for row in rows]
    reporting.write_json(options.output, {"kilobytes": rows})


if __name__ == "__main__":
    main()
