"""All decision rules on real presence-absence data: realised and expected scores.

    python benchmarks/decision_rules.py [--data=FOLDER] [--output=FOLDER]

NCEAS (Maxent on presence-only records, calibrated on blocks of the surveys, judged on
others), biomod2 (six mammals of the world, cross-fitted logistic regression) and four
plant and mite communities of vegan (leave-one-out). Nothing is tuned. The data folder
is JAXSDM_DATA by default and holds nceas/, biomod2/ and vegan/.
"""

import argparse
import contextlib
import importlib.util
import io
import os
import pathlib
import tempfile
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import rasterio
from reporting import show

from jaxsdm import command, training
from jaxsdm.data import spatial_blocks
from jaxsdm.evaluation import decisions as rules
from jaxsdm.evaluation.decisions.comparing import COMPARED
from jaxsdm.metrics import ece_equal_mass

_CONFIG = pathlib.Path(__file__).resolve().parents[1] / "configs/maxent/nceas.py"
REGIONS = {"SWI": 25_000.0, "NZ": 50_000.0, "CAN": 0.5}
"""Side of the blocks in units of the region's CRS: metres, metres, degrees."""

CALIBRATED_WITH = ("platt_per_species", "isotonic_per_species", "prevalence")
FEW = ("maxexp", "sse", "half", "top_k", "global_threshold", "max_tss", "prevalence")
COMMUNITIES = {
    "BCI": "BCI.env",
    "mite": "mite.env",
    "dune": "dune.env",
    "varespec": "varechem",
}
SHARE = 0.3
PENALTY = 2.0
"""Ridge penalty on coefficients of standardised predictors, of the intercept 1/20."""


def nceas(
    data: pathlib.Path, regions: Sequence[str] = tuple(REGIONS)
) -> dict[str, dict[str, list[rules.Fold]]]:
    """Calibration -> region -> the fold, from Maxent of presence-only records."""
    spec = importlib.util.spec_from_file_location("config", _CONFIG)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folds = {name: {} for name in CALIBRATED_WITH}
    for region in regions:
        config = module.get_config()
        config.dataset.path, config.dataset.region = str(data), region
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            command.train(config, folder)
            run = training.load_run(folder)
            (task,) = command.load_tasks(config)
            ((name, survey),) = task.surveys.items()
            columns = [task.records.species.index(one) for one in survey.species]
            predict = training.load_predictor(run, task)
            scores = np.asarray(predict(survey, f"survey {name}"))[:, columns]
        blocks = rules.square_blocks(survey.x, survey.y, REGIONS[region])
        chosen = rules.share_of_blocks(blocks, SHARE)
        for calibration in CALIBRATED_WITH:
            p, undefined = rules.calibrated(
                scores, survey.counts, np.flatnonzero(chosen), calibration, raw=True
            )
            folds[calibration][region] = [split(p, survey.counts, chosen, blocks)]
            if undefined:
                print(f"{region}, {calibration}: {undefined} species without their own")
    return folds


def biomod2(data: pathlib.Path, block_degrees: float = 15.0) -> list[rules.Fold]:
    """Six mammals: quadratic logistic regression on climate, fitted on other blocks."""
    table = pd.read_csv(data / "biomod2" / "DataSpecies.csv")
    x, y = table["X_WGS84"].to_numpy(float), table["Y_WGS84"].to_numpy(float)
    labels = table.drop(columns=["X_WGS84", "Y_WGS84"]).to_numpy(float)
    with rasterio.open(data / "biomod2" / "bioclim_current.tif") as raster:
        climate = np.asarray(list(raster.sample(np.stack([x, y], 1))), float)
    climate = (climate - climate.mean(0)) / climate.std(0)
    design = np.append(climate, climate**2, axis=1)
    folds = spatial_blocks(x, y, folds=5, block_size=block_degrees)
    p = np.empty(labels.shape)
    for fold in range(5):
        out = folds == fold
        p[out] = fit_logistic(design[~out], labels[~out])(design[out])
    blocks = rules.square_blocks(x, y, block_degrees)
    return [split(p, labels, rules.share_of_blocks(blocks, SHARE), blocks)]


def community(
    data: pathlib.Path, name: str, calibrate: str = "none"
) -> list[rules.Fold]:
    """Leave-one-out probabilities of a community; rules fitted on four fifths of it."""
    folder = data / "vegan"
    found = pd.read_csv(folder / f"{name}.csv", index_col=0).to_numpy(float) > 0
    about = pd.read_csv(folder / f"{COMMUNITIES[name]}.csv", index_col=0)
    design = pd.get_dummies(about, dtype=float).to_numpy(float)
    design = design[:, np.ptp(design, axis=0) > 0]
    design = (design - design.mean(0)) / design.std(0)
    labels = found.astype(float)
    p = np.empty(labels.shape)
    for place in range(len(labels)):
        others = np.arange(len(labels)) != place
        p[place] = fit_logistic(design[others], labels[others])(design[[place]])[0]
    fold = np.random.default_rng(0).permutation(len(labels)) % 5
    folds = []
    for chosen in (fold != number for number in range(5)):
        own, _ = rules.calibrated(p, labels, np.flatnonzero(chosen), calibrate)
        folds.append(split(own, labels, chosen))
    return folds


def fit_logistic(x: np.ndarray, y: np.ndarray):
    """Ridge logistic regression of all species at once, by Newton's method.

    Args:
      x: `[places, predictors]` standardised.
      y: `[places, species]` 1 or 0.

    Returns:
      A function of `[places, predictors]` that gives `[places, species]`.
    """
    design = np.append(np.ones((len(x), 1)), x, axis=1)
    penalty = np.full(design.shape[1], PENALTY)
    penalty[0] /= 20
    line = np.zeros((design.shape[1], y.shape[1]))
    products = (design[:, :, None] * design[:, None, :]).reshape(len(x), -1)

    def probabilities(design: np.ndarray, line: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-np.clip(design @ line, -30, 30)))

    for _ in range(30):
        p = probabilities(design, line)
        slope = design.T @ (p - y) + penalty[:, None] * line
        bend = ((p * (1 - p)).T @ products).reshape(-1, *2 * [len(penalty)])
        step = np.linalg.solve(bend + np.diag(penalty), slope.T[:, :, None])[:, :, 0].T
        line -= step
        if np.abs(step).max() < 1e-9:
            break
    return lambda x: probabilities(np.append(np.ones((len(x), 1)), x, axis=1), line)


def split(p, labels, chosen, blocks=None) -> rules.Fold:
    """The fold that fits on the chosen places and judges on the others."""
    rest = ~chosen
    own = None if blocks is None else blocks[rest]
    return rules.Fold(p[chosen], labels[chosen], p[rest], labels[rest], own)


def promised(title: str, tables: dict[str, pd.DataFrame]) -> None:
    """Prints expected against realised scores of the rules that trust probabilities."""
    lines = []
    for name, table in tables.items():
        for rule in ("maxexp", "sse"):
            own = table[table["rule"] == rule].set_index("score")
            cells = [
                f"{row.expected:.3f} / {row.realised:.3f}"
                for row in own.loc[list(COMPARED)].itertuples()
            ]
            row = own.loc["f1"]
            sizes = [f"{row['size']:.1f}", f"{row['richness']:.1f}"]
            lines.append([name, rule, *cells, *sizes])
    head = ["", "rule", "F1", "F2", "Jaccard", "TSS", "size, F1", "true richness"]
    show(f"{title}: expected / realised score", head, lines)


def diagnosed(title: str, of_name: dict[str, list[rules.Fold]]) -> None:
    """Prints whether probabilities hold where they are tested, and as assemblages."""
    lines = []
    for name, folds in of_name.items():
        p = np.concatenate([fold.probabilities for fold in folds])
        labels = np.concatenate([fold.labels for fold in folds])
        richness = labels.sum(axis=1)
        spread = np.sqrt(np.mean((p.sum(axis=1) - richness) ** 2))
        lines.append(
            [
                name,
                f"{p.sum(axis=1).mean():.2f} / {richness.mean():.2f}",
                f"{np.sqrt(np.mean((p * (1 - p)).sum(axis=1))):.2f} / {spread:.2f}",
                f"{np.prod(1 - p, axis=1).mean():.3f} / {np.mean(richness == 0):.3f}",
                f"{ece_equal_mass(p.reshape(-1, 1), labels.reshape(-1, 1))[0]:.4f}",
                f"{np.nanmean(ece_equal_mass(p, labels)):.4f}",
            ]
        )
    head = [
        "",
        "richness",
        "its error at a place",
        "share of places with no species",
        "ECE, pooled",
        "ECE, mean of species",
    ]
    show(f"{title}: promised / found at the test places", head, lines)


def against_maxexp(title: str, tables: dict[str, pd.DataFrame]) -> None:
    """Prints where a rule beats MaxExp, with the interval of the difference."""
    lines = []
    for name, table in tables.items():
        better = table[(table["over_maxexp"] > 0) & (table["not_fitted"] == "")]
        for row in better.itertuples():
            lines.append(
                [
                    name,
                    row.score,
                    row.rule,
                    f"{row.over_maxexp:+.4f}",
                    f"{row.over_low:+.4f} to {row.over_high:+.4f}",
                ]
            )
    head = ["", "score", "rule", "over MaxExp", "95 % interval"]
    if lines:
        show(f"{title}: rules that score more than MaxExp", head, lines)
    else:
        print(f"\n{title}: no rule scores more than MaxExp.")


def main() -> None:
    """Runs all of it and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("JAXSDM_DATA"))
    parser.add_argument("--output", help="folder for CSV tables and figures")
    arguments = parser.parse_args()
    command.start()
    if not arguments.data:
        parser.error("give --data, or set JAXSDM_DATA")
    data, started = pathlib.Path(arguments.data), time.perf_counter()

    def compared(title, folds, names=None, **options) -> pd.DataFrame:
        table = rules.compare_rules(
            folds, **({"rules": names} if names else {}), **options
        )
        if arguments.output and not names:
            folder = pathlib.Path(arguments.output)
            folder.mkdir(parents=True, exist_ok=True)
            name = title.replace(" ", "_")
            table.to_csv(folder / f"{name}.csv", index=False)
            rules.rules_figure(table, folder / f"{name}.png", title=title)
        return table

    def print_table(title, table) -> None:
        print(f"\n### {title}\n\n{rules.rules_markdown(table)}", flush=True)

    of_regions = nceas(data)
    first = CALIBRATED_WITH[0]
    tables = {name: compared(name, f) for name, f in of_regions[first].items()}
    for name, table in tables.items():
        print_table(f"NCEAS {name}, {first}", table)
    print_table("NCEAS, mean of SWI, NZ, CAN", rules.mean_of_parts(tables))
    promised("NCEAS", tables)
    diagnosed("NCEAS", of_regions[first])
    against_maxexp("NCEAS", tables)
    lines = []
    for calibration, regions in of_regions.items():
        for region, folds in regions.items():
            few = compared(region, folds, FEW, resamples=10)
            own = few[few["score"] == "f1"].set_index("rule")
            row = own.loc["maxexp"]
            lines.append(
                [
                    calibration,
                    region,
                    f"{row['expected']:.3f} / {row['realised']:.3f}",
                    *(f"{own.loc[rule, 'realised']:.3f}" for rule in FEW[1:]),
                ]
            )
    head = ["calibration", "region", "MaxExp, expected / realised", *FEW[1:]]
    show("NCEAS, F1 under other calibrations", head, lines)

    mammals = {
        f"biomod2, empty set {worth:g}": compared(
            f"biomod2 empty {worth:g}", biomod2(data), empty_score=worth
        )
        for worth in (0.0, 1.0)
    }
    for name, table in mammals.items():
        print_table(name, table)
    promised("biomod2", mammals)
    diagnosed("biomod2", {"biomod2": biomod2(data)})
    against_maxexp("biomod2", mammals)

    tables = {name: compared(name, community(data, name)) for name in COMMUNITIES}
    for name, table in tables.items():
        print_table(f"vegan {name}", table)
    print_table("vegan, mean of four communities", rules.mean_of_parts(tables))
    promised("vegan", tables)
    diagnosed("vegan", {name: community(data, name) for name in COMMUNITIES})
    against_maxexp("vegan", tables)
    platt = {name: community(data, name, "platt") for name in COMMUNITIES}
    tables = {name: compared(name, f, FEW) for name, f in platt.items()}
    print_table("vegan, mean, after a pooled Platt", rules.mean_of_parts(tables))
    promised("vegan, after a pooled Platt", tables)
    diagnosed("vegan, after a pooled Platt", platt)
    against_maxexp("vegan, after a pooled Platt", tables)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
