"""Classic Maxent for all species of NCEAS at once, beside elapid one at a time.

Ours: `configs/maxent/nceas.py` from the tables to the checkpoints, compiling included,
in a fresh process with a cold cache. elapid (extra `peers`) gets the target-group sites
of one region, the same classes of features and the same regularisation multiplier, and
fits species by species as its users do. Both are scored on the surveys.
"""

import importlib.util
import pathlib
import sys
import tempfile
import time
import warnings
from typing import Any

import numpy as np
from reporting import show, warn_if_busy
from workers import Worker, peak_megabytes, serve

_CONFIG = pathlib.Path(__file__).resolve().parents[1] / "configs/maxent/nceas.py"


def run(data: str | None, *, region: str, cores: int) -> dict[str, Any]:
    """Fits both, prints the table and gives all numbers.

    Raises:
      SystemExit: elapid is not installed.
    """
    if importlib.util.find_spec("elapid") is None:
        raise SystemExit(
            "error: --maxent compares with elapid; pip install 'jaxsdm[peers]'."
        )
    warn_if_busy()
    table = {}
    for name, peer, which in (
        ("jaxsdm, all regions", "jaxsdm", ""),
        (f"jaxsdm, {region}", "jaxsdm", region),
        (f"elapid, {region}", "elapid", region),
    ):
        arguments = ["classic_maxent.py", peer, which, str(cores), data or ""]
        with Worker(*arguments, cores=cores) as worker:
            table[name] = worker.ask()
    rows = [
        [name, *numbers.values(), 1e3 * numbers["seconds"] / numbers["species"]]
        for name, numbers in table.items()
    ]
    show(
        "Classic Maxent on target-group sites: time to fit, compiling included",
        ["", "species", "s", "peak MB", "AUC, species", "ms a species"],
        rows,
    )
    return table


def _serve() -> None:
    peer, region, cores, data = sys.argv[1:]
    from jaxsdm import datasets

    tasks = datasets.load("nceas", path=data or None, region=region)
    fit = {"jaxsdm": _ours, "elapid": _elapid}[peer]

    def answer() -> dict[str, Any]:
        started = time.perf_counter()
        score = fit(tasks, int(cores))
        seconds = time.perf_counter() - started
        return {
            "species": sum(len(task.records.species) for task in tasks),
            "seconds": seconds,
            "peak_megabytes": peak_megabytes(),
            "mean_auc_species": _auc(tasks, score()),
        }

    serve({}, answer)


def _ours(tasks, cores):
    """Fits every task into a run folder; gives a function that scores the surveys."""
    del cores
    from jaxsdm import training

    spec = importlib.util.spec_from_file_location("maxent_config", _CONFIG)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tempfile.TemporaryDirectory()
    run = training.open_run(pathlib.Path(folder.name) / "run", module.get_config())
    training.train(run, tasks, quiet=True)

    def score():
        scores = {}
        for task in tasks:
            predict = training.load_predictor(run, task)
            scores[task.name] = {
                name: predict(survey, name)[:, _columns(task, survey)]
                for name, survey in task.surveys.items()
            }
        folder.cleanup()
        return scores

    return score


def _elapid(tasks, cores):
    """Fits species by species; gives a function that scores the surveys."""
    import elapid

    from jaxsdm import training

    fitted = {}
    for task in tasks:
        problem = training.make_problem(task, training.default_config())
        sites = problem.features
        for column, species in enumerate(task.records.species):
            found = np.repeat(sites, problem.counts[:, column].astype(int), axis=0)
            model = elapid.MaxentModel(
                feature_types=["linear", "quadratic", "product", "hinge"],
                beta_multiplier=1.0,
                n_cpus=cores,
            )
            labels = np.repeat([1, 0], [len(found), len(sites)])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(np.concatenate([found, sites]), labels)
            fitted[task.name, species] = model

    def score():
        scores = {}
        for task in tasks:
            problem = training.make_problem(task, training.default_config())
            scores[task.name] = {
                name: np.stack(
                    [
                        np.ravel(
                            fitted[task.name, one].predict(
                                problem.encode(survey, name)["predictors"]
                            )
                        )
                        for one in survey.species
                    ],
                    axis=1,
                )
                for name, survey in task.surveys.items()
            }
        return scores

    return score


def _columns(task, survey):
    return [task.records.species.index(one) for one in survey.species]


def _auc(tasks, scores) -> float:
    from jaxsdm import evaluation

    summary = evaluation.summarise(evaluation.species_table(tasks, scores))
    return summary["mean_auc_species"]


if __name__ == "__main__":
    _serve()
