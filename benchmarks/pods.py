"""The training step compiled for TPU pods that are not there.

    python benchmarks/pods.py [--output FILE] [--quick]

`libtpu` (extra `tpu`) carries the compiler of the TPUs and describes pods by name. The
library's training program is compiled ahead of time for them, on any machine, and the
compiler says how much memory a chip needs, how many operations and bytes a step takes
and what travels over the links. `roofline.py` turns that into the time it implies.
**Every number is the compiler's, or follows from it and the public peaks of the chip.
Nothing here was measured on a TPU.**

What is compiled: `programs.py` on a mesh `data x species`. *Weak*: sites a step and
species a chip stay the same while chips are added. *Strong*: the same problem on more
chips; its memory is that of the table of counts, the head with its two moments and best
copy, and the logits, all sharded over species, hence over all chips.
"""

import argparse
import dataclasses
import math
import os
import sys
import time
from typing import Any

import reporting
import roofline
from hlo_collectives import read_collectives, sent_per_step

# Environment of a machine without TPU, before jax is imported; see the documentation
# of jax.experimental.topologies.
_ENVIRONMENT = {
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_ACCELERATOR_TYPE": "v5litepod-16",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # another process may hold its lock
    "JAX_PLATFORMS": "cpu",
}

# jax 0.10.2 cannot print programs in which libtpu 0.0.52 gives a gather to the
# SparseCores, so that collectives are read from one that does not.
_READABLE = {"xla_tpu_offload_gather_to_sparsecore": "false"}

_HIDDEN, _FEATURES = 250, 32
_SITES = 200_000
# A shard. Multiples of 128, the lanes of the vector unit: other numbers of species make
# the compiler copy the table into another layout at every call.
_WEAK_ROWS, _WEAK_SPECIES = 16_384, 6_400
_STRONG = {"sites": 10_000, "species": 65_536, "batch": 4096}


@dataclasses.dataclass(frozen=True)
class Case:
    """One compilation: a pod, a mesh over its chips and a problem."""

    pod: str
    data: int
    species_shards: int
    sites: int
    species: int
    batch: int

    @property
    def chips(self) -> int:
        """Chips of the pod."""
        return self.data * self.species_shards

    @property
    def torus(self) -> tuple[int, ...]:
        """Lengths of the axes of the pod."""
        return tuple(int(length) for length in self.pod.split(":")[1].split("x"))

    @property
    def chip(self) -> roofline.Chip:
        """The public peaks of its chips."""
        return roofline.CHIPS[self.pod.split(":")[0]]


def weak_cases() -> list[Case]:
    """The same work a chip on 1 to 256 chips: species first, then sites too."""
    meshes = {
        "v5e:1x1": (1, 1),
        "v5e:2x2": (2, 2),
        "v5e:4x4": (4, 4),
        "v5e:8x8": (8, 8),
        "v5e:16x16": (16, 16),
        "v6e:1x1": (1, 1),
        "v6e:16x16": (16, 16),
        "v5p:4x4x4": (4, 16),
    }
    return [
        Case(pod, data, shards, _SITES, _WEAK_SPECIES * shards, _WEAK_ROWS * data)
        for pod, (data, shards) in meshes.items()
    ]


def few_species_cases() -> list[Case]:
    """1,024 species, whole on every chip; only the sites a step grow."""
    return [
        Case(pod, chips, 1, _SITES, 1_024, _WEAK_ROWS * chips)
        for pod, chips in (("v5e:1x1", 1), ("v5e:4x4", 16), ("v5e:16x16", 256))
    ]


def strong_cases() -> list[Case]:
    """One problem of 65,536 species on 1 to 256 chips, sharded over species."""
    pods = ("v5e:1x1", "v5e:2x2", "v5e:4x4", "v5e:8x8", "v5e:16x16", "v6e:16x16")
    cases = []
    for pod in pods:
        case = Case(pod, 1, 1, **_STRONG)
        cases.append(dataclasses.replace(case, species_shards=math.prod(case.torus)))
    return cases


def species_cases() -> list[Case]:
    """1,024 to 102,400 species on a full pod of v5e."""
    return [
        Case("v5e:16x16", 16, 16, _SITES, species, _WEAK_ROWS * 16)
        for species in (1_024, 10_240, 102_400)
    ]


def examine(case: Case) -> dict[str, Any]:
    """Compiles a case; gives what the compiler says and what it implies.

    Memory is that of the whole problem. Operations and bytes are those of the same
    step on a table of no more rows than a step takes: of a gather the compiler may
    count the whole table as read, however few rows are.
    """
    started = time.perf_counter()
    memory = _compile(case, case.sites).memory_analysis()
    rows = min(case.sites, case.batch // case.data)
    step = _compile(case, rows)
    cost = step.cost_analysis()
    text = _compile(case, rows, _READABLE) if case.chip.sparse_cores else step
    collectives = read_collectives(text.as_text(), case.chips)
    seconds = time.perf_counter() - started
    compute = roofline.compute_seconds(case.chip, cost["flops"], cost["bytes accessed"])
    links = roofline.link_seconds(case.chip, collectives, case.torus)
    return {
        **dataclasses.asdict(case),
        "chips": case.chips,
        "memory_bytes": memory.argument_size_in_bytes
        + memory.output_size_in_bytes
        - memory.alias_size_in_bytes
        + memory.temp_size_in_bytes,
        "flops": cost["flops"],
        "bytes_accessed": cost["bytes accessed"],
        "sent_bytes": sent_per_step(collectives),
        "collectives": len([one for one in collectives if one.in_loop]),
        "compute_seconds": compute,
        "link_seconds": links,
        "step_seconds": compute + links,
        "compile_seconds": seconds,
    }


def _compile(case: Case, sites: int, options: dict[str, str] | None = None) -> Any:
    import jax
    import numpy as np
    import programs
    from jax.experimental import topologies

    devices = topologies.get_topology_desc(case.pod, platform="tpu").devices
    mesh = jax.sharding.Mesh(
        np.array(devices).reshape(case.data, case.species_shards),
        ("data", "species"),
        axis_types=(jax.sharding.AxisType.Auto,) * 2,
    )
    size = programs.Size(
        sites, case.species, case.batch, features=_FEATURES, hidden=_HIDDEN
    )
    return programs.compile_step(size, mesh, options=options)


def main() -> None:
    """Compiles all cases and prints their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", help="JSON file of all numbers")
    parser.add_argument("--quick", action="store_true", help="16 chips of v5e only")
    options = parser.parse_args()
    _start()
    print(
        "Compiler's numbers and what they imply; no TPU was used, nothing is measured."
    )

    results = {}
    for name, title, cases, baseline in _parts():
        if options.quick:
            cases = [case for case in cases if case.pod in ("v5e:1x1", "v5e:4x4")]
        found = []
        for case in cases:
            print(f"compiling {name}: {case.pod}", file=sys.stderr, flush=True)
            found.append(examine(case))
        if found:
            last, values = baseline(found)
            for one, value in zip(found, values, strict=True):
                one[last] = value
            reporting.show(title, [*_COLUMNS, last], [_row(one, last) for one in found])
        results[name] = found
    reporting.write_json(options.output, results)


_COLUMNS = (
    "pod",
    "mesh data × species",
    "species",
    "sites a step",
    "GB a chip",
    "GFLOP a chip",
    "GB accessed",
    "MB sent",
    "compute ms",
    "links ms",
    "step ms",
)


def _parts():
    rows = f"{_WEAK_ROWS:,} sites a step"
    return [
        (
            "weak",
            f"Weak scaling, {rows} per shard of data and {_WEAK_SPECIES:,} species per "
            "shard of species, implied",
            weak_cases(),
            _weak,
        ),
        (
            "few_species",
            f"Weak scaling, 1,024 species, {rows} a chip, implied",
            few_species_cases(),
            _weak,
        ),
        ("strong", "Strong scaling, implied", strong_cases(), _strong),
        ("species", "Species on 256 chips, implied", species_cases(), _per_species),
    ]


def _weak(found):
    one = {
        each["pod"].split(":")[0]: each["step_seconds"]
        for each in found
        if each["chips"] == 1
    }
    values = [
        roofline.efficiency(
            one.get(each["pod"].split(":")[0], each["compute_seconds"]),
            each["step_seconds"],
        )
        for each in found
    ]
    return "efficiency", values


def _strong(found):
    first = found[0]["memory_bytes"] * found[0]["chips"]
    return "memory × chips / first", [
        one["memory_bytes"] * one["chips"] / first for one in found
    ]


def _per_species(found):
    return "sites a second", [one["batch"] / one["step_seconds"] for one in found]


def _row(one, last):
    return [
        one["pod"],
        f"{one['data']} × {one['species_shards']}",
        one["species"],
        one["batch"],
        one["memory_bytes"] / 1e9,
        one["flops"] / 1e9,
        one["bytes_accessed"] / 1e9,
        one["sent_bytes"] / 1e6,
        1e3 * one["compute_seconds"],
        1e3 * one["link_seconds"],
        1e3 * one["step_seconds"],
        one[last],
    ]


def _start() -> None:
    """Sets the environment before jax is imported.

    Raises:
      SystemExit: libtpu is not installed.
    """
    import importlib.util

    if importlib.util.find_spec("libtpu") is None:
        raise SystemExit(
            "error: pods.py needs the TPU compiler; pip install 'jaxsdm[tpu]'."
        )
    os.environ.update(_ENVIRONMENT)


if __name__ == "__main__":
    main()
