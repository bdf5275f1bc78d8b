"""Two processes joined by jax.distributed train the model that one process trains."""

import json
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest

from jaxsdm.training import load_predictor, load_run

WORKER = pathlib.Path(__file__).with_name("distributed_worker.py")


def start(folder, config, processes):
    """The processes of one run: four devices of one, or two of each of two."""
    folder.mkdir()
    (folder / "wanted.json").write_text(json.dumps(config.to_dict(), default=list))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        subprocess.Popen(
            [sys.executable, WORKER, str(port), str(processes), str(number), folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(processes)
    ]


def finish(processes):
    """What each printed; all are stopped when one fails or hangs."""
    try:
        printed = [process.communicate(timeout=400)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, text in zip(processes, printed, strict=True):
        assert process.returncode == 0, text
    return printed


def small_config():
    from jaxsdm.training import default_config

    config = default_config()
    config.dataset = {"name": "virtual", "size": 32, "species": 5, "surveys": 80}
    config.dataset.seed = 1
    config.seeds = (1, 2)
    config.model.hidden = 8
    config.model.dropout = 0.2
    config.background.mass = 0.3
    config.stage.main.epochs = 6
    config.stage.main.batch_size = 32
    config.stage.main.optimizer.learning_rate = 1e-2
    config.mesh = {"data": 2, "species": 2}  # five species: one column is padding
    return config


def trained(folder, config):
    """`{processes: (folder, what each process printed)}`."""
    done = {}
    for processes in (1, 2):
        place = folder / f"of_{processes}"
        done[processes] = (place / "run", finish(start(place, config, processes)))
    return done


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("distributed"), small_config())


def told(folder):
    text = (folder / "train.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_same_losses(runs):
    check_losses(runs)


def check_losses(runs):
    one, two = (told(runs[processes][0]) for processes in (1, 2))
    steps = one[-1]["step"]
    assert two[-1]["step"] == steps

    def epochs(lines):
        """Sum of losses up to the end: lines may cut the steps differently."""
        starts = [0, *(line["step"] for line in lines)]
        return sum(
            line["loss"] * (line["step"] - start)
            for line, start in zip(lines, starts, strict=False)
        )

    np.testing.assert_allclose(epochs(two), epochs(one), rtol=1e-4)


def test_same_model_restored_by_one_process(runs, tasks):
    scores = []
    for processes in (1, 2):
        run = load_run(runs[processes][0])
        plots = tasks[0].surveys["plots"]
        scores.append(load_predictor(run, tasks[0])(plots, "plots"))
    assert scores[0].shape == (80, 5)
    np.testing.assert_allclose(scores[1], scores[0], atol=1e-3)
    assert np.ptp(scores[0]) > 1


def test_one_run_folder(runs):
    folder, printed = runs[2]
    files = {path.name for path in folder.iterdir()}
    assert files == {"config.json", "train.jsonl", "checkpoints"}
    steps = [line["step"] for line in told(folder)]
    assert steps == sorted(set(steps))  # told by one process
    assert "trained already" in printed[0]
    assert "virtual-plants" not in printed[1]


def test_each_process_brings_its_own_patches(tmp_path):
    """Patches of host memory: every process reads the rows of its own devices."""
    from jaxsdm import datasets
    from jaxsdm.training import patches

    config = small_config()
    options = {"folder": str(tmp_path / "world")} | config.dataset.to_dict()
    options["name"] = "virtual_files"
    config.dataset = options
    datasets.load(**options)  # written once, before two processes read it
    config.background.mass = 0.0
    config.model = {"name": "residual_cnn", "widths": (8,), "groups": 4}
    config.patches.around = patches("raster", 6, tier="memory")
    config.stage.main.epochs = 2
    check_losses(trained(tmp_path, config))
