"""Writes a virtual world as files: rasters, occurrences, a survey and the truth.

    python scripts/virtual_world.py --folder=runs/world

What holds of your own files can be tried on them: they are such as a user has, faults
in the records included, and the true probability of occurrence is known.
"""

from absl import flags

from jaxsdm import command
from jaxsdm.datasets import virtual_files

_FOLDER = flags.DEFINE_string("folder", None, "Folder, made if missing.")
_SIZE = flags.DEFINE_integer("size", 160, "Cells of 1 km along each side.")
_SPECIES = flags.DEFINE_integer("species", 30, "How many species.")
_SURVEYS = flags.DEFINE_integer("surveys", 1000, "Number of survey plots.")
_SEED = flags.DEFINE_integer("seed", 0, "The same seed gives the same world.")


def main(_: list[str]) -> None:
    """Writes the world, if it is not there."""
    virtual_files.write(
        _FOLDER.value,
        size=_SIZE.value,
        species=_SPECIES.value,
        surveys=_SURVEYS.value,
        seed=_SEED.value,
    )
    print(f"world: {_FOLDER.value}")


if __name__ == "__main__":
    flags.mark_flags_as_required(["folder"])
    command.run(main)
