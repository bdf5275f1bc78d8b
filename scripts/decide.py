"""Species sets from a file of probabilities, or a comparison of all rules.

    python scripts/decide.py --predictions=probabilities.parquet --output=sets.csv
    python scripts/decide.py --predictions=runs/one/evaluation/predictions.parquet \
        --labels=runs/one/evaluation/predictions.parquet --calibrate=platt_per_species \
        --calibration=0.3 --sites=sites.csv --block_size=25000 --compare --output=rules

Predictions are a long table (site, species, probability), a wide one (a column a
species) or NetCDF (probability[site, species]); so are labels (presence: 1, 0, or
nothing where nobody looked). The sets are those that are expected to score best. Rules
and calibrations that are fitted see the calibration sites only, and these are neither
tested on nor in the output. docs/decisions.md tells which rule to take.
"""

from absl import flags

from jaxsdm import command
from jaxsdm.decisions import RULES, SCORES
from jaxsdm.evaluation.decisions import CALIBRATIONS, program

_PREDICTIONS = flags.DEFINE_string("predictions", None, "File of probabilities.")
_RULE = flags.DEFINE_enum("rule", "maxexp", list(RULES), "How sets are chosen.")
_SCORE = flags.DEFINE_enum("score", "f1", list(SCORES), "What sets are to maximise.")
_EMPTY = flags.DEFINE_float(
    "empty_score", 0.0, "What an empty set scores where nothing is present."
)
_K = flags.DEFINE_float("k", None, "Size of top_k, mean size of average_k.")
_MISS = flags.DEFINE_float("miss", None, "Level of the conformal rules; 0.1 if unset.")
_OUTPUT = flags.DEFINE_string(
    "output", None, "File .parquet, .csv or .nc; with --compare a folder."
)
_FORMAT = flags.DEFINE_enum(
    "format", "sites", ["sites", "long", "geolifeclef"], "Layout of .csv and .parquet."
)
_LABELS = flags.DEFINE_string("labels", None, "File of presences (1, 0, nothing).")
_CALIBRATION = flags.DEFINE_string(
    "calibration",
    None,
    "File of presences to fit on, or a share of the labelled sites.",
)
_CALIBRATE = flags.DEFINE_enum(
    "calibrate", "none", list(CALIBRATIONS), "How probabilities are made to hold."
)
_RULES = flags.DEFINE_list("rules", list(RULES), "Which rules --compare compares.")
_COMPARE = flags.DEFINE_bool("compare", False, "Compare all rules on the other labels.")
_SITES = flags.DEFINE_string("sites", None, "Table of coordinates or blocks by site.")
_BLOCK = flags.DEFINE_string("block", "", "Column of the spatial block of a site.")
_BLOCK_SIZE = flags.DEFINE_float(
    "block_size", 0.0, "Side of square blocks, in units of the coordinates."
)
_SITE = flags.DEFINE_string("site", "", "Column of the site's id, if not 'site'.")
_PROBABILITY = flags.DEFINE_string(
    "probability", "", "Column of the probability, if not 'probability'."
)
_PRESENCE = flags.DEFINE_string("presence", "", "Column of labels, if not 'presence'.")
_PART = flags.DEFINE_string("part", "", "One survey of the file, such as 'SWI tree'.")
_MISSING = flags.DEFINE_enum(
    "missing", "error", ["error", "zero"], "Species without a probability at a site."
)
_UNLISTED = flags.DEFINE_enum(
    "unlisted", "unknown", ["unknown", "absent"], "Species without a label at a site."
)
_SEED = flags.DEFINE_integer("seed", 0, "Of the blocks that are drawn to calibrate on.")


def main(_: list[str]) -> None:
    """Reads, decides or compares, writes and prints."""
    command.start()
    options = program.Options(
        predictions=_PREDICTIONS.value,
        output=_OUTPUT.value,
        labels=_LABELS.value,
        calibration=_CALIBRATION.value,
        calibrate=_CALIBRATE.value,
        sites=_SITES.value,
        block=_BLOCK.value,
        block_size=_BLOCK_SIZE.value,
        site=_SITE.value,
        probability=_PROBABILITY.value,
        presence=_PRESENCE.value,
        part=_PART.value,
        missing=_MISSING.value,
        unlisted=_UNLISTED.value,
        seed=_SEED.value,
        empty_score=_EMPTY.value,
    )
    if _COMPARE.value:
        program.compare(options, _SCORE.value, _RULES.value)
    else:
        program.decide_file(
            options, _RULE.value, _SCORE.value, _FORMAT.value, _K.value, _MISS.value
        )


if __name__ == "__main__":
    flags.mark_flags_as_required(["predictions", "output"])
    command.run(main)
