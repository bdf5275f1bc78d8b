"""Strong and weak scaling over simulated devices, with the bytes that travel.

Every mesh is compiled in a process with that many simulated CPU devices. Bytes are
read from the compiled program and would be the same on real ones. Times are not: the
simulated devices share the cores of this machine, so that beyond their number a step
cannot get faster; what times show is what partitioning costs.
"""

import time
from typing import Any

from reporting import show, warn_if_busy
from workers import Worker, serve

_MESHES = ((1, 1), (2, 1), (4, 1), (8, 1), (4, 2), (2, 4), (1, 8))  # (data, species)
_MOST = 8
_SPECIES, _BATCH, _SITES = 512, 2000, 20_000
_STEPS = 4  # of a timed call
_SITES_COMPARED = (2_000, 20_000, 200_000, 2_000_000)


def run(rounds: int = 3) -> dict[str, Any]:
    """Compiles and times every mesh, prints the tables and gives all numbers."""
    warn_if_busy()
    strong, weak, sites = [], [], []
    for data, species in _MESHES:
        devices = data * species
        with Worker("scaling.py", environment=_devices(devices)) as worker:
            mesh = {"data": data, "species": species}
            fixed = {"sites": _SITES, "species": _SPECIES, "batch": _BATCH}
            strong.append({**mesh, **worker.ask(**mesh, size=fixed, rounds=rounds)})
            grown = {
                "sites": _SITES,
                "species": _SPECIES // _MOST * species,
                "batch": _BATCH // _MOST * data,
            }
            weak.append({**mesh, **worker.ask(**mesh, size=grown, rounds=rounds)})
            if devices == _MOST:
                for number in _SITES_COMPARED:
                    size = {**fixed, "sites": number}
                    answer = worker.ask(**mesh, size=size, rounds=0)
                    sites.append({**mesh, "sites": number, **answer})
    _print(strong, weak, sites)
    return {"strong": strong, "weak": weak, "sites": sites}


def _devices(number: int) -> dict[str, str]:
    return {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": str(number)}


def _print(strong, weak, sites) -> None:
    columns = ["data × species", "all-reduces", "other", "kB sent", "ms a step"]
    show(
        f"Strong scaling: {_SPECIES} species, {_BATCH} sites a step over all devices; "
        "bytes a device sends per step (compiler), time (simulated devices)",
        [*columns, "× 1 device"],
        [[*_row(one), strong[0]["seconds"] / one["seconds"]] for one in strong],
    )
    show(
        f"Weak scaling: {_BATCH // _MOST} sites a step per shard of data, "
        f"{_SPECIES // _MOST} species per shard of species",
        [*columns, "work a second, × 1 device"],
        [
            [*_row(one), _devices_of(one) * weak[0]["seconds"] / one["seconds"]]
            for one in weak
        ],
    )
    show(
        "Bytes a device sends per step, by sites in the table (compiler)",
        ["data × species", *[f"{number:,} sites" for number in _SITES_COMPARED]],
        [
            [
                f"{data} × {species}",
                *[
                    int(one["sent_bytes"])
                    for one in sites
                    if (one["data"], one["species"]) == (data, species)
                ],
            ]
            for data, species in _MESHES
            if data * species == _MOST
        ],
    )


def _devices_of(one: dict[str, Any]) -> int:
    return one["data"] * one["species"]


def _row(one: dict[str, Any]) -> list[Any]:
    kinds = one["collectives"]
    reduces = kinds.get("all-reduce", 0)
    return [
        f"{one['data']} × {one['species']}",
        reduces,
        sum(kinds.values()) - reduces,
        one["sent_bytes"] / 1e3,
        1e3 * one["seconds"],
    ]


def _serve() -> None:
    """The process of one number of devices: answers `{data, species, size, rounds}`."""
    import collections

    import jax
    import programs
    from hlo_collectives import read_collectives, sent_per_step

    from jaxsdm import parallel

    def answer(data, species, size, rounds):
        mesh = parallel.make_mesh(data, species)
        size = programs.Size(**size)
        compiled = programs.compile_step(size, mesh, steps=_STEPS)
        found = read_collectives(compiled.as_text(), len(jax.devices()))
        looped = [one for one in found if one.in_loop and one.group > 1]
        return {
            "collectives": dict(collections.Counter(one.kind for one in looped)),
            "sent_bytes": sent_per_step(looped),
            "seconds": _time(compiled, size, mesh, rounds) if rounds else None,
        }

    serve({}, answer)


def _time(compiled, size, mesh, rounds: int) -> float:
    """Median seconds of a step, on random data."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import programs

    from jaxsdm import parallel
    from jaxsdm.training.step import make_hyper
    from jaxsdm.training.step_table import make_table

    program = programs.make(size, mesh)
    shapes = programs.arguments(program, size, _STEPS)
    random = np.random.default_rng(0)
    features = random.normal(size=(size.sites, size.features))
    counts = (random.random((size.sites, size.species)) < 0.05).astype(np.float32)
    table = make_table(features, counts, features[:0], mesh)
    hyper = make_hyper([1], learning_rate=2e-4, weight_decay=3e-4)
    hyper = type(hyper)(
        *[
            parallel.put(value, mesh, shape.sharding.spec)
            for value, shape in zip(hyper, shapes[2], strict=True)
        ]
    )
    rows = random.integers(0, size.sites, (1, _STEPS, size.batch)).astype(np.int32)
    rows = parallel.put(rows, mesh, shapes[3].sharding.spec)
    ends = np.zeros(_STEPS, bool)
    state, taken = program.init(hyper, size.features), []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        state, _ = compiled(state, table, hyper, rows, ends, jnp.int32(_STEPS))
        jax.block_until_ready(state)
        taken.append((time.perf_counter() - started) / _STEPS)
    return float(np.median(taken[1:]))


if __name__ == "__main__":
    _serve()
