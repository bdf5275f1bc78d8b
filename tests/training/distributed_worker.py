"""Trains a small virtual world as one of several processes; run by distributed_test.

usage: distributed_worker.py PORT PROCESSES PROCESS FOLDER
"""

import json
import pathlib
import sys

import jax
from ml_collections import ConfigDict

DEVICES = 4


def main(port: str, processes: int, process: int, folder: pathlib.Path) -> None:
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", DEVICES // processes)
    if processes > 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(f"127.0.0.1:{port}", processes, process)
    from jaxsdm import datasets, training

    assert jax.device_count() == DEVICES
    content = json.loads((folder / "wanted.json").read_text())
    config = ConfigDict(content)
    options = config.dataset.to_dict()
    tasks = datasets.load(options.pop("name"), **options)
    training.check(config, tasks)
    run = training.open_run(folder / "run", config)
    if process:
        # Clocks and signals of the other processes must not pull them apart.
        run.config.checkpoint.every_seconds = 0.0
    training.train(run, tasks)
    training.train(training.open_run(folder / "run", config), tasks)  # trained already


if __name__ == "__main__":
    port, processes, process, folder = sys.argv[1:]
    main(port, int(processes), int(process), pathlib.Path(folder))
