"""The run folder: one folder a run, which every later program takes alone.

`config.json` (resolved config, versions, git revision, command), `train.jsonl`,
`checkpoints/<task>/`, and for a blend `members/<member>/`, each a run folder.
"""

import dataclasses
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

from ml_collections import ConfigDict

from jaxsdm import parallel
from jaxsdm._version import __version__
from jaxsdm.data import Task
from jaxsdm.data.files import write_text
from jaxsdm.training.config import default_config, differences

_MAY_CHANGE = {"mesh", "checkpoint"}
"""Parts of a config that another machine may need otherwise, to go on with a run."""

_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


@dataclasses.dataclass(frozen=True)
class Run:
    """A run folder and its config."""

    folder: pathlib.Path
    config: ConfigDict


def open_run(folder: str | os.PathLike[str], config: ConfigDict) -> Run:
    """Makes a run folder, or reopens the one that is there to go on with it.

    Where several processes train together, all look and the first one writes.

    Raises:
      FileExistsError: the folder holds a run of another config, or something else;
        nothing is overwritten.
      ValueError: the config lacks a field or has one too many.
    """
    folder = pathlib.Path(folder)
    check_fields(config)
    config = ConfigDict(config.to_dict())  # what the caller changes later stays his
    path = folder / "config.json"
    exists, filled = path.exists(), folder.exists() and any(folder.iterdir())
    parallel.wait("jaxsdm: looked at the run folder")
    if exists:
        differing = [
            name
            for name in differences(load_run(folder).config, config)
            if not _MAY_CHANGE & set(name.split("."))
        ]
        if differing:
            shown = ", ".join(differing[:8]) + (" …" if len(differing) > 8 else "")
            raise FileExistsError(
                f"{folder} holds a run of another config (they differ in {shown}). "
                "Choose another --workdir, or the config it was made with to resume."
            )
        return Run(folder, config)
    if filled:
        raise FileExistsError(
            f"{folder} is not empty and holds no run (no config.json). Choose another "
            "--workdir."
        )
    content = {
        "config": config.to_dict(),
        "versions": {"jaxsdm": __version__, "python": sys.version.split()[0]}
        | {name: importlib.metadata.version(name) for name in _PACKAGES},
        "git_revision": _git_revision(),
        "command": sys.argv,
    }
    if parallel.is_first():
        write_text(path, json.dumps(content, indent=2, default=list) + "\n")
    parallel.wait("jaxsdm: made the run folder")
    return Run(folder, config)


def load_run(folder: str | os.PathLike[str]) -> Run:
    """Opens a run folder for reading.

    Raises:
      FileNotFoundError: there is no run; says what was looked for.
    """
    path = pathlib.Path(folder) / "config.json"
    if not path.exists():
        raise FileNotFoundError(
            f"no run in {folder}: {path} is missing. Train one with scripts/train.py "
            "--config=... --workdir=..."
        )
    try:
        config = ConfigDict(json.loads(path.read_text())["config"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged ({type(error).__name__}: {error}). Restore it, or "
            "train into another --workdir."
        ) from error
    return Run(pathlib.Path(folder), config)


def member_runs(run: Run) -> dict[str, Run]:
    """The runs that a blend is made of, by member; empty for a single model."""
    return {
        name: Run(run.folder / "members" / name, _of_blend(run.config, name))
        for name in run.config.members
    }


def blend_weights(config: ConfigDict, task: str) -> dict[str, float]:
    """The weight of each member's log scores for a task, summing to 1.

    Raises:
      ValueError: a weight for a member that there is not, a negative one, or all 0.
    """
    members = list(config.members)
    chosen = config.weights.get(task)
    if chosen is None:
        return {name: 1 / len(members) for name in members}
    unknown = sorted(set(chosen) - set(members))
    weights = {name: float(chosen.get(name, 0.0)) for name in members}
    if unknown or min(weights.values()) < 0 or not sum(weights.values()):
        raise ValueError(
            f"config.weights.{task}: want weights >= 0, not all 0, of the members "
            f"{', '.join(members)}; got {dict(chosen)}."
        )
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def check_fields(config: ConfigDict) -> None:
    """Refuses a config that lacks a field of `default_config` or has others.

    Raises:
      ValueError: names the fields and lists the known ones.
    """
    known = set(default_config())
    missing, extra = sorted(known - set(config)), sorted(set(config) - known)
    if missing or extra:
        raise ValueError(
            f"config: missing fields {missing}, unknown fields {extra}; known: "
            f"{', '.join(sorted(known))}."
        )


def select_tasks(tasks: list[Task], config: ConfigDict) -> list[Task]:
    """The tasks, after checking that `config.tasks` and `weights` name existing ones.

    Raises:
      ValueError: a choice for a task that is not in the dataset (a whole benchmark
        may be cut to one region: choices for other known tasks are ignored).
    """
    names = {task.name for task in tasks}
    restricted = any(config.dataset.get(field) for field in ("region", "group"))
    unknown = sorted({*config.tasks, *config.weights} - names)
    if unknown and not restricted:
        raise ValueError(
            f"config.tasks / config.weights name {', '.join(unknown)}; the dataset has "
            f"{', '.join(sorted(names))}."
        )
    return tasks


def _of_blend(config: ConfigDict, name: str) -> ConfigDict:
    """A member's config on the dataset of the blend."""
    member = ConfigDict(config.members[name].to_dict())
    for field in ("dataset", "on_missing", "mesh", "checkpoint"):
        member[field] = config[field]
    return member


def _git_revision() -> str | None:
    command = ["git", "-C", str(pathlib.Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def describe(config: ConfigDict) -> dict[str, Any]:
    """A few words on a run, for reports."""
    if len(config.members):
        return {"blend of": ", ".join(config.members)}
    return {
        "fit": config.fit,
        "model": config.model.to_dict(),
        "objective": config.objective.name,
        "members": len(config.seeds),
    }
