"""Describes the study design of a config: what a reviewer asks of occurrences.

    python scripts/describe.py --config=configs/own_data.py \
        --config.dataset.occurrences=occurrences.csv --config.dataset.rasters=rasters/ \
        --output=design

Writes design.md with maps and tables: how many rows each filter took and why, where
records lie and how clumped, how far they reach through the environment, collinear
predictors, and who judges whom in the split. Nothing is trained.
"""

from absl import flags
from ml_collections import config_flags

from jaxsdm import command

_CONFIG = config_flags.DEFINE_config_file("config", None, "File of configs/.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the report.")


def main(_: list[str]) -> None:
    """Describes, and says where to."""
    command.start()
    command.describe_design(command.load_tasks(_CONFIG.value), _OUTPUT.value)


if __name__ == "__main__":
    flags.mark_flags_as_required(["config", "output"])
    command.run(main)
