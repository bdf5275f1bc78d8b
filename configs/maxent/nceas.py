"""Classic Maxent on NCEAS, all species of a model in one convex program.

Maxent's features and penalties (Phillips and Dudik 2008, doi:10.1111/j.0906-7590.2008.
5203.x) on the target-group sites, solved by accelerated proximal gradient.

ROC AUC, mean of 6 regions / of 225 species: the original program .763 / .761, here .764
/ .761 (docs/results.md). Time: about ten seconds of two cores, imports, tables and an
empty compilation cache included.

    python scripts/train.py --config=configs/maxent/nceas.py --workdir=runs/maxent \
        --evaluate
"""

from jaxsdm.training import default_config


def get_config():
    """Maxent's features and penalties on the target-group sites."""
    config = default_config()
    config.dataset.name = "nceas"
    config.dataset.path = ""
    config.dataset.region = ""
    config.dataset.group = ""
    config.dataset.protocol = "own_survey"
    config.fit = "maxent"
    config.model = {"name": "maxent", "knots": 12}
    config.objective = {"name": "normalized_poisson"}
    return config
