"""Evaluates a run folder on the presence-absence surveys of its dataset.

    python scripts/evaluate.py --workdir=runs/virtual

Writes evaluation/species.csv, summary.json, predictions.parquet and report.md, and
the figures, into the run folder, and prints the table.
"""

from absl import flags

from jaxsdm import command

_WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of scripts/train.py.")
_FIGURES = flags.DEFINE_bool("figures", True, "Draw figures.")


def main(_: list[str]) -> None:
    """Evaluates and prints."""
    command.start()
    command.evaluate(_WORKDIR.value, figures=_FIGURES.value)


if __name__ == "__main__":
    flags.mark_flags_as_required(["workdir"])
    command.run(main)
