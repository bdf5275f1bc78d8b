"""What the programs under `scripts/` share: starting JAX, plain errors, evaluating.

Logic stays in the rooms; this file joins them in the order a user meets them.
"""

import os
import pathlib
import sys
import traceback
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from absl import app, logging
from ml_collections import ConfigDict

from jaxsdm import command_line, datasets, evaluation, training
from jaxsdm.data import Task
from jaxsdm.training.run import Run, describe

_EXPECTED = (ValueError, OSError, FloatingPointError, ImportError)


def start(coordinator: str | None = None, processes: int = 1, process: int = 0) -> None:
    """Switches on the compilation cache, and joins other processes if there are any.

    The cache is `JAX_COMPILATION_CACHE_DIR`, by default `~/.cache/jaxsdm/compiled`.
    """
    logging.set_verbosity(logging.WARNING)  # Orbax tells every rename otherwise
    if not os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        folder = pathlib.Path.home() / ".cache" / "jaxsdm" / "compiled"
        jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    if processes > 1:
        jax.distributed.initialize(
            coordinator, num_processes=processes, process_id=process
        )


def run(main: Callable[[list[str]], None]) -> None:
    """Runs a program; what a user can mend is told in one line, without a traceback.

    With `JAXSDM_TRACEBACK=1` in the environment the traceback comes too.

    Args:
      main: takes what `command_line.parse` gives, its flags being parsed by then.
    """
    try:
        app.run(main, flags_parser=command_line.parse)
    except training.Interrupted as stop:
        print(stop, file=sys.stderr)
        raise
    except _EXPECTED as error:
        if os.environ.get("JAXSDM_TRACEBACK") == "1":
            traceback.print_exc()
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(1) from None


def load_tasks(config: ConfigDict) -> list[Task]:
    """The tasks of a config's dataset, its task-wise choices checked against them."""
    options = config.dataset.to_dict()
    tasks = datasets.load(options.pop("name"), **options)
    return training.select_tasks(tasks, config)


def train(config: ConfigDict, folder: str | os.PathLike[str]) -> None:
    """Trains every task of a config into a run folder, or goes on with it."""
    tasks = load_tasks(config)
    training.check(config, tasks)
    training.train(training.open_run(folder, config), tasks)
    print(f"trained: {folder}")


def evaluate(folder: str | os.PathLike[str], *, figures: bool = True) -> dict[str, Any]:
    """Evaluates a run folder on the surveys of its dataset and prints the table."""
    run = training.load_run(folder)
    tasks = [task.checked(run.config.on_missing) for task in load_tasks(run.config)]
    scores, maps = score(run, tasks)
    lists = {
        task.name: training.load_members(run, task)(task.held_out, "held-out records")
        for task in tasks
        if task.held_out is not None
    }
    summary = evaluation.write_evaluation(
        folder,
        tasks,
        scores,
        log_suitability=maps if figures else None,
        figures=figures,
        title=f"Evaluation of {pathlib.Path(folder).name}",
        command=f"python scripts/evaluate.py --workdir={folder}",
        config=describe(run.config),
        lists=lists,
    )
    print(evaluation.summary_table(summary))
    for name, rows in summary.get("lists", {}).items():
        print(f"{name}, lists of K species against held-out records:")
        for row in rows:
            print(
                f"  K {row['k']:>3}   top-K micro {row['micro_top_k']:.3f} macro "
                f"{row['macro_top_k']:.3f}   average-K micro "
                f"{row['micro_average_k']:.3f} macro {row['macro_average_k']:.3f}"
            )
    folder = pathlib.Path(folder)
    print(f"report: {folder / 'evaluation' / 'report.md'}")
    print(f"tables: {folder / 'evaluation'}/  figures: {folder / 'figures'}/")
    return summary


def score(
    run: Run, tasks: list[Task]
) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Log suitability of every task on its surveys, and on its grid or background."""
    scores: dict[str, dict[str, np.ndarray]] = {}
    maps: dict[str, np.ndarray] = {}
    for task in tasks:
        predict = training.load_predictor(run, task)
        scores[task.name] = {}
        for name, survey in task.surveys.items():
            columns = [task.records.species.index(one) for one in survey.species]
            scores[task.name][name] = predict(survey, f"survey {name}")[:, columns]
        area = task.grid.sites if task.grid else task.background
        maps[task.name] = predict(area, "area")
    return scores, maps
