"""Training all ten NCEAS models: this library against PyTorch, in one run.

Two measurements. *Steps*: short trainings of every contender in turn, round after
round, compiled beforehand; medians, and ratios of medians. *Whole*: the complete
trainings in fresh processes, from nothing to fitted networks, with compilation and
memory; the mean AUC on the surveys says that they fitted the same thing.
"""

import contextlib
import json
import pathlib
import statistics
import tempfile
from typing import Any

import numpy as np
from reporting import show, warn_if_busy
from workers import Worker

# The published recipe and the authors' first seeds (methods of arXiv:2412.19217).
RECIPE = {"learning_rate": 2e-4, "weight_decay": 3e-4, "batch_size": 250}
SHORT = {**RECIPE, "learning_rate": 1e-3}
EPOCHS, SHORT_EPOCHS = 100, 20
SEEDS = (655, 115, 26, 760, 282)

_TORCH = "PyTorch, DataLoader (reference)"
_PLAIN = "PyTorch, no DataLoader"
_ONE = "jaxsdm, 1 seed"
_FIVE = "jaxsdm, 5 seeds vmapped"
_FIVE_SHORT = "jaxsdm, 5 seeds, 20 epochs at 1e-3"


def run(
    data: str | None, *, rounds: int, epochs: int, whole: bool, cores: int
) -> dict[str, Any]:
    """Runs both measurements, prints their tables and gives all numbers.

    Args:
      data: folder of the NCEAS tables; None takes the environment variable.
      rounds: of the steps.
      epochs: of each short training of a round.
      whole: whether to run the complete trainings too (minutes).
      cores: that each contender may use.

    Raises:
      SystemExit: PyTorch is not installed.
    """
    _require_torch()
    tasks, encoded = _tasks(data)
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "tasks.npz")
        np.savez(path, **encoded)
        warn_if_busy()
        results = {"steps": _steps(path, rounds, epochs, cores)}
        if whole:
            results["whole"] = _whole(path, tasks, cores)
    return results


def _require_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError:
        raise SystemExit(
            "error: --peer compares with PyTorch; pip install 'jaxsdm[peers]'."
        ) from None


def _tasks(data: str | None) -> tuple[list[Any], dict[str, Any]]:
    """The tasks, and what the workers read: encoded sites, counts and surveys."""
    from jaxsdm import datasets, training

    config = training.default_config()
    tasks = datasets.load("nceas", path=data)
    encoded: dict[str, Any] = {
        "names": np.array([task.name for task in tasks]),
        "seeds": np.array(SEEDS),
    }
    for task in tasks:
        problem = training.make_problem(task, config)
        encoded[f"{task.name}/x"] = problem.features
        encoded[f"{task.name}/y"] = problem.counts.astype(np.float32)
        for name, survey in task.surveys.items():
            encoded[f"survey/{task.name}/{name}"] = problem.encode(survey, name)[
                "predictors"
            ]
    return tasks, encoded


def _steps(path: str, rounds: int, epochs: int, cores: int) -> dict[str, Any]:
    recipe = json.dumps(RECIPE)
    torch_request = {"epochs": epochs, "seed": SEEDS[0], "recipe": RECIPE, "scores": ""}
    request = {"epochs": epochs, "recipe": RECIPE, "scores": ""}
    with contextlib.ExitStack() as stack:
        torch = stack.enter_context(
            Worker("peer_torch.py", path, str(cores), cores=cores)
        )
        one, five = (
            stack.enter_context(
                Worker("peer_library.py", path, members, recipe, cores=cores)
            )
            for members in ("1", "5")
        )
        contenders = {
            _TORCH: lambda: torch.ask(**torch_request, loader=True),
            _PLAIN: lambda: torch.ask(**torch_request, loader=False),
            _ONE: lambda: one.ask(**request),
            _FIVE: lambda: five.ask(**request),
        }
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
        for ask in contenders.values():
            ask()  # unmeasured: pages, caches
        for _ in range(rounds):
            for name, ask in contenders.items():
                answers[name].append(ask())
    table = {name: _per_step(name, given) for name, given in answers.items()}
    rows = []
    for name, numbers in table.items():
        numbers["times_reference"] = (
            table[_TORCH]["milliseconds"] / numbers["milliseconds"]
        )
        numbers["times_plain"] = table[_PLAIN]["milliseconds"] / numbers["milliseconds"]
        rows.append([name, *numbers.values()])
    show(
        f"Milliseconds a step and seed, all ten models, medians of {rounds} rounds in "
        f"turn ({epochs} epochs each, compiled beforehand)",
        ["", "ms", "least", "CPU ms", "× reference", "× no DataLoader"],
        rows,
    )
    return table


def _per_step(name: str, answers: list[dict[str, Any]]) -> dict[str, float]:
    members = 5 if name == _FIVE else 1
    wall = [1e3 * one["seconds"] / one["steps"] / members for one in answers]
    cpu = [1e3 * one["cpu_seconds"] / one["steps"] / members for one in answers]
    return {
        "milliseconds": statistics.median(wall),
        "least_milliseconds": min(wall),
        "cpu_milliseconds": statistics.median(cpu),
    }


def _whole(path: str, tasks: list[Any], cores: int) -> dict[str, Any]:
    table: dict[str, Any] = {}
    plan = [
        (_TORCH, 0, EPOCHS, RECIPE),
        (_ONE, 1, EPOCHS, RECIPE),
        (_PLAIN, 0, EPOCHS, RECIPE),
        (_FIVE_SHORT, 5, SHORT_EPOCHS, SHORT),
        (_FIVE, 5, EPOCHS, RECIPE),
    ]
    for name, members, epochs, recipe in plan:
        scores = f"{path}.{len(table)}.npz"
        request = {"epochs": epochs, "recipe": recipe, "scores": scores}
        if members:
            script = ["peer_library.py", path, str(members), json.dumps(recipe)]
        else:
            script = ["peer_torch.py", path, str(cores)]
            request |= {"seed": SEEDS[0], "loader": name == _TORCH}
        with Worker(*script, cores=cores) as worker:
            answer = worker.ask(**request)
            ready = worker.ready
        compiling = ready.get("compile_seconds", 0.0)
        table[name] = {
            "compile_seconds": compiling,
            "train_seconds": answer["seconds"],
            "together_seconds": compiling + answer["seconds"],
            "peak_megabytes": answer["peak_megabytes"],
            "grown_megabytes": answer["peak_megabytes"] - ready["megabytes"],
            **_auc(tasks, scores),
        }
    reference = table[_TORCH]["together_seconds"]
    rows = []
    for name, numbers in table.items():
        numbers["times_reference"] = reference / numbers["together_seconds"]
        rows.append([name, *numbers.values()])
    show(
        "Whole trainings of all ten models, each once in a fresh process, cold cache",
        [
            "",
            "compile s",
            "train s",
            "together s",
            "peak MB",
            "of it training MB",
            "AUC, regions",
            "AUC, species",
            "× reference",
        ],
        rows,
    )
    return table


def _auc(tasks: list[Any], path: str) -> dict[str, float]:
    """Mean AUC on the surveys, over regions and over species."""
    from jaxsdm import evaluation

    given = np.load(path)
    scores = {
        task.name: {
            name: given[f"{task.name}/{name}"][
                :, [task.records.species.index(one) for one in survey.species]
            ]
            for name, survey in task.surveys.items()
        }
        for task in tasks
    }
    summary = evaluation.summarise(evaluation.species_table(tasks, scores))
    return {
        "mean_auc_regions": summary["mean_auc_regions"],
        "mean_auc_species": summary["mean_auc_species"],
    }
