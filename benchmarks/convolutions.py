"""How members of a convolutional network are best trained in one program.

    python benchmarks/convolutions.py [--rounds 3] [--members 2] [--batch 64]

The gradient of `ResidualCNN` on 64 x 64 patches of 14 bands, several members, in four
forms of the same computation: written out one after the other (what
`jaxsdm.training.step` does), vmapped over the members, in `lax.map`, and written out in
a loop of steps. Contenders run in turn; medians.
"""

import argparse
import functools
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import reporting

from jaxsdm import models

_SPECIES, _BANDS, _SIZE = 415, 14, 64


def main() -> None:
    """Times the forms and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    arguments = parser.parse_args()
    reporting.warn_if_busy()
    module = models.ResidualCNN(species=_SPECIES)
    patches = np.random.default_rng(0).normal(
        size=(arguments.members, arguments.batch, _SIZE, _SIZE, _BANDS)
    )
    inputs = jnp.asarray(patches, jnp.float32)
    keys = jax.random.split(jax.random.key(0), arguments.members)
    params = models.init_members(module, keys, {"patches": inputs[0, :1]})
    gradient = jax.grad(functools.partial(_loss, module))

    def written_out(params, inputs):
        each = [
            gradient(jax.tree.map(lambda x, i=i: x[i], params), inputs[i])
            for i in range(arguments.members)
        ]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)

    def in_map(params, inputs):
        return jax.lax.map(lambda pair: gradient(*pair), (params, inputs))

    def in_loop(params, inputs):
        def step(_, params):
            found = written_out(params, inputs)
            return jax.tree.map(lambda x, g: x - 1e-9 * g, params, found)

        return jax.lax.fori_loop(0, 1, step, params)

    forms = {
        "written out": written_out,
        "vmap": jax.vmap(gradient),
        "lax.map": in_map,
        "written out, in a loop of steps": in_loop,
    }
    runs: dict[str, Any] = {}
    for name, form in forms.items():
        compiled = jax.jit(form).lower(params, inputs).compile()
        runs[name] = functools.partial(_finished, compiled, params, inputs)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(arguments.rounds):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started)
    samples = arguments.members * arguments.batch
    medians = {name: float(np.median(seconds)) for name, seconds in times.items()}
    reporting.show(
        f"Gradient of a convolutional network, {arguments.members} members",
        ["form", "ms a sample", "x written out"],
        [
            [name, 1e3 * median / samples, median / medians["written out"]]
            for name, median in medians.items()
        ],
    )


def _loss(module, params, patches):
    return jax.nn.logsumexp(module.apply(params, {"patches": patches}).logits).sum()


def _finished(compiled, *arguments):
    jax.block_until_ready(compiled(*arguments))


if __name__ == "__main__":
    main()
