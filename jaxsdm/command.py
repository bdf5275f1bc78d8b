"""What the programs under `scripts/` share: starting JAX, plain errors, whole steps.

Logic stays in the rooms; this file joins them in the order a user meets them.
"""

import contextlib
import os
import pathlib
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from absl import app, logging
from ml_collections import ConfigDict

from jaxsdm import command_line, datasets, evaluation, mapping, training
from jaxsdm.data import Task
from jaxsdm.evaluation import design
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


def train(
    config: ConfigDict, folder: str | os.PathLike[str], *, maps: bool = False
) -> list[Task]:
    """Trains every task of a config into a run folder, or goes on with it.

    Args:
      config: whole.
      folder: of the run.
      maps: whether maps are to follow: tasks without rasters are refused now.

    Returns:
      The tasks, for what follows.
    """
    tasks = load_tasks(config)
    for task in tasks:
        _tell_design(task)
        if maps:
            mapping.raster_opener(task)
    training.check(config, tasks)
    training.train(training.open_run(folder, config), tasks)
    print(f"trained: {folder}")
    return tasks


def _tell_design(task: Task) -> None:
    """What became of the occurrences, in a few lines."""
    if task.design is None:
        return
    for name, report in task.design.cleaning.items():
        print(f"{task.name} {name}: {report}")
    if task.design.split is not None:
        print(
            f"{task.name}: {task.design.method}; fold {task.design.tested} is held out "
            f"({len(task.records)} sites to train on, "
            f"{len(task.surveys['held_out'])} to judge by)"
        )


def describe_design(tasks: Sequence[Task], folder: str | os.PathLike[str]) -> None:
    """Writes the study design of tasks: what is left out, biased, split.

    Args:
      tasks: made of occurrences and rasters.
      folder: of the report, made if missing; of several tasks each has a folder in it.
    """
    folder = pathlib.Path(folder)
    for task in tasks:
        place = folder if len(tasks) == 1 else folder / task.name
        path = design.write_design(place, task, command=_typed())
        print(f"design: {path}")


def _typed() -> str:
    return " ".join(["python", *(shlex.quote(word) for word in sys.argv)])


def evaluate(
    folder: str | os.PathLike[str],
    *,
    figures: bool = True,
    tasks: Sequence[Task] | None = None,
) -> dict[str, Any]:
    """Evaluates a run folder on the surveys of its dataset and prints the table.

    Without a survey, nor a part that was held out, it says so and does nothing.

    Args:
      folder: of the run.
      figures: whether to draw.
      tasks: of the run; None reads its dataset.
    """
    run = training.load_run(folder)
    tasks = _checked(run, tasks)
    if not any(task.surveys for task in tasks):
        print("not evaluated: there are no surveys, and no part was held out")
        return {}
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


def map(
    folder: str | os.PathLike[str],
    maps: str | os.PathLike[str] | None = None,
    *,
    output: str | None = None,
    species: Sequence[str] = (),
    clamp: bool = False,
    extrapolation: bool = True,
    tasks: Sequence[Task] | None = None,
) -> dict[str, mapping.Maps]:
    """Writes the maps of every species of a run folder as GeoTIFFs.

    Args:
      folder: of the run.
      maps: folder of the maps, `maps/` in the run folder if None; of several tasks
        each has a folder in it.
      output: see `jaxsdm.mapping.write_maps`, like the others.
      species: which ones; each task maps those that it has.
      clamp: keep predictors within the range of training.
      extrapolation: write how similar each cell is to the places of training.
      tasks: of the run; None reads its dataset.

    Returns:
      Task name -> what was written.

    Raises:
      ValueError: no task has one of the species; else see `mapping.write_maps`.
    """
    run = training.load_run(folder)
    tasks = _checked(run, tasks)
    known = {name for task in tasks for name in task.records.species}
    if not known.issuperset(species):
        shown = ", ".join(sorted(known)[:20]) + (", ..." if len(known) > 20 else "")
        missing = ", ".join(name for name in species if name not in known)
        raise ValueError(f"--species: no species {missing}; there are {shown}.")
    target = pathlib.Path(maps or pathlib.Path(folder) / "maps")
    written = {}
    for task in tasks:
        own = [name for name in species if name in task.records.species]
        if species and not own:
            continue
        place = target if len(tasks) == 1 else target / task.name
        with _map_bar(task.name) as progress:
            done = mapping.map_run(
                run,
                task,
                place,
                output=output,
                species=own,
                clamp=clamp,
                extrapolation=extrapolation,
                progress=progress,
            )
        written[task.name] = done
        print(f"{task.name}: {len(done.table)} maps of {done.table['output'][0]}")
        if done.novel_share is not None:
            print(
                f"  {done.novel_share:.1%} of the area is outside the range of the "
                f"places of training: {place / 'extrapolation.tif'}"
            )
        print(f"maps: {place}/  numbers: {place / 'maps.csv'}")
    return written


def _checked(run: Run, tasks: Sequence[Task] | None) -> list[Task]:
    """The tasks of a run without sites of missing predictors, as it was trained."""
    found = load_tasks(run.config) if tasks is None else tasks
    return [task.checked(run.config.on_missing) for task in found]


@contextlib.contextmanager
def _map_bar(name: str) -> Iterator[Callable[[float], None]]:
    """A bar on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    silent = not console.is_terminal or bool(os.environ.get("NO_PROGRESS"))
    with Progress(console=console, transient=True, disable=silent) as bar:
        row = bar.add_task(f"{name}: maps", total=1.0)
        yield lambda share: bar.update(row, completed=share)


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
