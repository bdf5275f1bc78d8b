"""Batches of one of several processes, saved to a file; run by processes_test.

usage: process_worker.py RASTER INDEX COUNT STATE STEPS OUTPUT
"""

import json
import sys

import numpy as np

from jaxsdm.data.patches import (
    Augmentation,
    Input,
    MemoryPatches,
    Places,
    Samples,
    Window,
    pipeline,
)


def named(batch):
    """The arrays of a batch by one name each."""
    nested = {
        f"{kind}_{name}": array
        for kind in ("inputs", "targets")
        for name, array in batch[kind].items()
    }
    return nested | {name: batch[name] for name in ("weight", "id", "source")}


def main(raster, index, count, state, steps, output):
    rng = np.random.default_rng(5)
    samples = Samples(
        Places(rng.integers(0, 50, 45), rng.integers(0, 40, 45)),
        {"species": np.arange(45) % 7},
        sampling=rng.random(45),
    )
    others = Samples(
        Places(rng.integers(0, 50, 20), rng.integers(0, 40, 20)),
        {"species": np.arange(20) % 3},
        id=np.arange(100, 120),
    )
    with pipeline(
        {"records": samples, "surveys": others},
        {"climate": Input(MemoryPatches(raster), Window(9))},
        batch_size=8,
        seed=11,
        rates={"records": 3.0, "surveys": 1.0},
        augmentation=Augmentation(jitter=3),
        process_index=index,
        process_count=count,
    ) as batches:
        if state:
            batches.set_state(json.loads(state))
        found = [next(batches) for _ in range(steps)]
        arrays = [named(batch) for batch in found]
        np.savez(output, **{n: np.stack([a[n] for a in arrays]) for n in arrays[0]})
        print(json.dumps(batches.get_state()))


if __name__ == "__main__":
    raster, index, count, state, steps, output = sys.argv[1:]
    main(raster, int(index), int(count), state, int(steps), output)
