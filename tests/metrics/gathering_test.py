"""States of two real processes are merged to those of one; what does not add."""

import json
import pathlib
import socket
import subprocess
import sys

import jax
import numpy as np
import pytest

from jaxsdm import metrics

WORKER = pathlib.Path(__file__).with_name("gathering_worker.py")


def data():
    """Of both processes: 41 places, which do not split evenly."""
    rng = np.random.default_rng(19)
    return rng.random((41, 3)), (rng.random((41, 3)) < 0.4).astype(float)


def values(process, processes):
    """What a process computes from the states of all."""
    scores, labels = data()
    rows = np.arange(41) % 3 % processes == process
    edges = metrics.fit_bins(scores, bins=4)
    found = {}
    for name, options in (
        ("roc_auc", {}),
        ("brier", {}),
        ("top_k_accuracy", {"k": 1}),
        ("streaming_roc_auc", {"edges": edges}),
    ):
        metric = metrics.build(name, **options)
        state = metric.update(metric.init(), scores[rows], labels[rows])
        merged = metric.compute(metrics.gather_and_merge(metric, state))
        found[name] = [np.asarray(x).tolist() for x in jax.tree.leaves(merged)]
    return found


def test_two_processes_have_the_values_of_one():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    workers = [
        subprocess.Popen(
            [sys.executable, str(WORKER), port, str(process)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(2)
    ]
    told = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    want = values(0, 1)
    for output, _ in told:
        assert json.loads(output.splitlines()[-1]) == want


def test_one_process_keeps_its_state_and_scores_do_not_add():
    metric = metrics.build("roc_auc")
    state = metric.update(metric.init(), *data())
    assert metrics.gather_and_merge(metric, state) is state
    with pytest.raises(TypeError, match=r"integers, got .*float64.*gather_and_merge"):
        metrics.merge_over(state, "data")
