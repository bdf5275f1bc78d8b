"""Maps every species of a run folder over the rasters of its dataset, as GeoTIFFs.

    python scripts/map.py --workdir=runs/own
    python scripts/map.py --workdir=runs/own --species="Abies alba,Picea abies" \
        --output=relative --clamp --maps=maps_of_conifers

Writes a cloud-optimised GeoTIFF a species, maps.csv with their numbers, and
extrapolation.tif, which is below 0 where a predictor is outside the range of training.
What the values mean is told in each file (gdalinfo); models of
presence-only records give relative suitability, not probability of presence.
"""

import sys

from absl import flags

from jaxsdm import command
from jaxsdm.mapping import OUTPUTS

_WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of scripts/train.py.")
_MAPS = flags.DEFINE_string("maps", None, "Folder to write; WORKDIR/maps if unset.")
_SPECIES = flags.DEFINE_list(
    "species", [], "Which ones, separated by commas; all if unset."
)
_OUTPUT = flags.DEFINE_enum(
    "output", None, list(OUTPUTS), "What the values mean; as the model allows if unset."
)
_CLAMP = flags.DEFINE_bool(
    "clamp", False, "Keep predictors within the range of training, as Maxent does."
)
_EXTRAPOLATION = flags.DEFINE_bool(
    "extrapolation", True, "Write extrapolation.tif as well."
)


def main(_: list[str]) -> None:
    """Maps, and says where to."""
    command.start()
    try:
        command.map(
            _WORKDIR.value,
            _MAPS.value,
            output=_OUTPUT.value,
            species=_SPECIES.value,
            clamp=_CLAMP.value,
            extrapolation=_EXTRAPOLATION.value,
        )
    except KeyboardInterrupt:
        print("stopped; finished maps stay, the others are as before.", file=sys.stderr)
        raise SystemExit(130) from None


if __name__ == "__main__":
    flags.mark_flags_as_required(["workdir"])
    command.run(main)
