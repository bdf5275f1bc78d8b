"""Networks, Maxent and random forests together on NCEAS.

The networks of nceas.py, classic Maxent and down-sampled forests (Valavi et al. 2021,
doi:10.1111/ecog.05615; extra `forest`): the weighted mean of their log scores, each
family with the share of random background that was chosen for the networks.

ROC AUC, mean of 6 regions / of 225 species: .779 / .775; networks alone .774 / .770,
Maxent alone .764 / .761 (docs/results.md). Time: under three minutes of two cores.

    python scripts/train.py --config=configs/deepmaxent/nceas_blend.py \
        --workdir=runs/blend --evaluate
"""

import importlib.util
import pathlib

from ml_collections import ConfigDict

from jaxsdm.training import default_config


def _beside(path):
    """Another config file as a module: configs are files, not a package."""
    path = pathlib.Path(__file__).parent / path
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


networks = _beside("nceas.py")

FAMILIES = {"networks": 0.5, "maxent": 0.25, "forest": 0.25}
"""Weight of each kind of model, one set for all tasks."""


def get_config():
    """A blend of three families, each with and without a random background."""
    config = networks.get_config()
    choices = config.weights.to_dict()
    config.members = {
        "networks": networks.get_config(),
        "maxent": family("maxent", {"name": "maxent", "knots": 12}, choices),
        "forest": family(
            "forest",
            {
                "name": "random_forest",
                "trees": 200,
                "min_leaf": 1,
                "max_presences": 1000,
                "presences_in_background": False,
            },
            choices,
        ),
    }
    config.weights = dict.fromkeys(choices, FAMILIES)
    config.tuning.candidates = candidates()
    config.tuning.rule = "best"
    config.tuning.pooled = True
    config.tuning.seeds = (0,)
    config.tuning.blocks = (8,)
    return config


def family(fit, model, choices):
    """A model of one kind on the target group and on a random background as well.

    The share of the latter is the one that was chosen for the networks of the task.
    """
    blend = default_config()
    for name, mass in (("target_group", 0.0), ("background", networks.BACKGROUND_MASS)):
        member = default_config()
        member.fit = fit
        member.model = ConfigDict(model)
        member.background.mass = mass
        blend.members[name] = member
    shares = {task: chosen.get("background", 0.0) for task, chosen in choices.items()}
    blend.weights = {
        task: {"target_group": 1 - share, "background": share}
        for task, share in shares.items()
    }
    return blend


def candidates():
    """Weights of the families to choose between: equal, and all quarters."""
    quarters = [(n / 4, m / 4, (4 - n - m) / 4) for n in range(5) for m in range(5 - n)]
    return tuple(
        dict(zip(FAMILIES, point, strict=True))
        for point in ((1 / 3, 1 / 3, 1 / 3), *quarters)
    )
