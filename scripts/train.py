"""Trains every task of a config into a run folder, and goes on where it was stopped.

    python scripts/train.py --config=configs/deepmaxent/virtual.py --workdir=runs/one
    python scripts/train.py --config=configs/deepmaxent/nceas_reference.py \
        --workdir=runs/reference --config.dataset.path=FOLDER [--config.seeds=1,2]

Any field of the config can be set with --config.FIELD=VALUE. The same command again
resumes; another config on the same folder is refused. With --evaluate the evaluation
follows (as scripts/evaluate.py --workdir=...), with --maps the maps of every species
(as scripts/map.py --workdir=...), with --describe the study design, in WORKDIR/design.
"""

import pathlib

from absl import flags
from ml_collections import config_flags

from jaxsdm import command

_CONFIG = config_flags.DEFINE_config_file("config", None, "File of configs/.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Run folder, made if missing.")
_ON_MISSING = flags.DEFINE_enum(
    "on-missing", None, ["error", "drop"], "Rows with a missing predictor."
)
_EVALUATE = flags.DEFINE_bool("evaluate", False, "Evaluate when trained.")
_MAPS = flags.DEFINE_bool("maps", False, "Write maps as GeoTIFFs when trained.")
_DESCRIBE = flags.DEFINE_bool("describe", False, "Describe the study design.")
_COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "host:port of process 0, to train over several processes."
)
_PROCESSES = flags.DEFINE_integer("processes", 1, "How many processes there are.")
_PROCESS = flags.DEFINE_integer("process", 0, "Which of them this is.")


def main(_: list[str]) -> None:
    """Trains, and describes, evaluates and maps if asked to."""
    config = _CONFIG.value
    if _ON_MISSING.value:
        config.on_missing = _ON_MISSING.value
    if _EVALUATE.value and _PROCESSES.value > 1:
        raise ValueError(
            "--evaluate is for one process: run scripts/evaluate.py when trained."
        )
    if _MAPS.value and _PROCESSES.value > 1:
        raise ValueError("--maps is for one process: run scripts/map.py when trained.")
    command.start(_COORDINATOR.value, _PROCESSES.value, _PROCESS.value)
    tasks = command.train(config, _WORKDIR.value, maps=_MAPS.value)
    if _DESCRIBE.value:
        command.describe_design(tasks, pathlib.Path(_WORKDIR.value) / "design")
    if _EVALUATE.value:
        command.evaluate(_WORKDIR.value, tasks=tasks)
    if _MAPS.value:
        command.map(_WORKDIR.value, tasks=tasks)


if __name__ == "__main__":
    flags.mark_flags_as_required(["config", "workdir"])
    command.run(main)
