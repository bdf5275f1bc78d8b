"""Chooses hyper-parameters, or the weights of a blend, on presence-only data.

    python scripts/tune.py --config=configs/deepmaxent/nceas.py --workdir=runs/tune \
        [--config.dataset.path=FOLDER] [--choices=FILE.json]

Cross-validates the candidates of config.tuning by spatial blocks, all of a task's
networks in one program, and writes cross_validation.csv and choices.json into the run
folder. The surveys are not looked at. --choices also writes the choices to a file,
such as the one that a config reads.
"""

import json
import pathlib

from absl import flags
from ml_collections import config_flags

from jaxsdm import command
from jaxsdm.data.files import write_text, written_aside
from jaxsdm.training import check, open_run
from jaxsdm.training.tuning import candidates_of, tune

_CONFIG = config_flags.DEFINE_config_file("config", None, "File of configs/.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the tables.")
_ON_MISSING = flags.DEFINE_enum(
    "on-missing", None, ["error", "drop"], "Rows with a missing predictor."
)
_CHOICES = flags.DEFINE_string("choices", None, "Also write the choices here.")


def main(_: list[str]) -> None:
    """Cross-validates, chooses, writes."""
    if _ON_MISSING.value:
        _CONFIG.value.on_missing = _ON_MISSING.value
    command.start()
    tasks = command.load_tasks(_CONFIG.value)
    check(_CONFIG.value, tasks)
    candidates_of(_CONFIG.value)
    run = open_run(_WORKDIR.value, _CONFIG.value)
    table, choices = tune(run, tasks)
    with written_aside(pathlib.Path(_WORKDIR.value) / "cross_validation.csv") as path:
        table.to_csv(path, index=False, float_format="%.5f")
    text = json.dumps(choices, indent=2) + "\n"
    write_text(pathlib.Path(_WORKDIR.value) / "choices.json", text)
    if _CHOICES.value:
        write_text(_CHOICES.value, text)
    print(text, end="")


if __name__ == "__main__":
    flags.mark_flags_as_required(["config", "workdir"])
    command.run(main)
