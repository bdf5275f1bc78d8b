"""The contender in this library: its training program, without a run folder.

The stages, batches, compiled program and kept parameters are those of
`jaxsdm.training`; what is left out is the log and the checkpoints.

    peer_library.py TASKS.npz MEMBERS RECIPE    then requests on stdin, see workers.py

Compiling is timed apart, with a cold cache: it happens before "ready".
"""

import json
import sys
import time
import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec
from workers import peak_megabytes, serve

from jaxsdm import parallel
from jaxsdm.parallel import DATA
from jaxsdm.training import Hyper, default_config, network, network_stage
from jaxsdm.training.site_patches import SitePatches
from jaxsdm.training.step import make_hyper
from jaxsdm.training.step_table import make_table


def main() -> None:
    """Compiles for every task, then answers `{epochs, recipe, scores}`."""
    tables = np.load(sys.argv[1])
    members = int(sys.argv[2])
    names = [str(name) for name in tables["names"]]
    seeds = tuple(int(seed) for seed in tables["seeds"][:members])
    recipe = json.loads(sys.argv[3])
    config = reference_config(seeds, recipe)
    before = peak_megabytes()
    started, busy = time.perf_counter(), time.process_time()
    tasks = {name: Prepared(tables, name, config) for name in names}
    ready = {
        "megabytes": before,
        "compile_seconds": time.perf_counter() - started,
        "compile_cpu_seconds": time.process_time() - busy,
    }

    def answer(epochs, recipe, scores):
        steps, fitted = 0, {}
        hyper = make_hyper(
            seeds,
            learning_rate=recipe["learning_rate"],
            weight_decay=recipe["weight_decay"],
        )
        started, busy = time.perf_counter(), time.process_time()
        for name, task in tasks.items():
            fitted[name], taken = task.train(hyper, epochs)
            steps += taken
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        peak = peak_megabytes()
        if scores:
            np.savez(scores, **_scores(fitted, tasks, tables))
        return {
            "seconds": seconds,
            "cpu_seconds": busy,
            "steps": steps,
            "peak_megabytes": peak,
        }

    serve(ready, answer)


def reference_config(seeds, recipe):
    """The config of the published recipe, with the numbers of `recipe`."""
    config = default_config()
    config.seeds = seeds
    config.keep = "best_epoch"
    main = config.stage.main
    main.batch_size = recipe["batch_size"]
    main.optimizer.learning_rate = recipe["learning_rate"]
    main.optimizer.weight_decay = recipe["weight_decay"]
    main.optimizer.decay = "l2"
    return config


class Prepared:
    """One task, its table on the device, its first state and its compiled program."""

    def __init__(self, tables, name, config):
        self.features = tables[f"{name}/x"]
        problem: Any = types.SimpleNamespace(
            features=self.features,
            counts=tables[f"{name}/y"],
            background=self.features[:0],
            patches=SitePatches(),
        )
        self.mesh = parallel.make_mesh(1, 1)
        self.config = config
        self.stage = network_stage.Stage(problem, config, "main", self.mesh)
        self.table = make_table(
            self.features, problem.counts, problem.background, self.mesh
        )
        hyper = self._put(self.stage.hyper)
        self.start = self.stage.program.init(hyper, self.features.shape[1])
        self.run = network_stage.compile_stage(
            self.stage, self.mesh, (self.start, self.table, hyper)
        )

    def train(self, hyper, epochs):
        """Trains the members from the start; gives their parameters and the steps."""
        hyper = self._put(hyper)
        sites: list[dict[str, Any]] = [{}] * len(self.config.seeds)
        steps = epochs * self.stage.plan.steps_per_epoch
        state, first = jax.tree.map(jnp.copy, self.start), 0
        while first < steps:
            number = min(network_stage.CAPACITY, steps - first)
            rows, ends = network_stage.chunk(self.stage, first, number, sites)
            rows = parallel.put(rows, self.mesh, PartitionSpec(None, None, DATA))
            state, losses = self.run(
                state, self.table, hyper, rows, ends, jnp.int32(number)
            )
            losses = np.asarray(losses)[:number]
            if not np.isfinite(losses).all():
                raise FloatingPointError(f"a loss is not finite near step {first}.")
            first += number
        jax.block_until_ready(state)
        return network.kept_parameters(state, self.config.keep), steps

    def _put(self, hyper):
        return Hyper(*parallel.put(tuple(hyper), self.mesh, PartitionSpec()))


def _scores(fitted, tasks, tables):
    """Log suitability averaged over members at the survey sites, by `task/survey`."""
    out = {}
    for name, params in fitted.items():
        task = tasks[name]
        logits = network.member_logits(task.stage.program.module, params)
        normaliser = jax.nn.logsumexp(logits(task.features), axis=1, keepdims=True)
        for key in tables.files:
            if key.startswith(f"survey/{name}/"):
                centred = logits(tables[key]) - np.asarray(normaliser)
                out[key.removeprefix("survey/")] = centred.mean(0)
    return out


if __name__ == "__main__":
    main()
