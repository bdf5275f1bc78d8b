"""What scripts/decide.py does: files in, sets or a comparison out."""

import dataclasses
import math
import pathlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from jaxsdm import registry
from jaxsdm.data.files import write_csv, write_text
from jaxsdm.decisions import RULES, SCORES
from jaxsdm.evaluation import canvas
from jaxsdm.evaluation.decisions import comparing, reporting
from jaxsdm.evaluation.decisions.arranging import Arranged, arrange
from jaxsdm.evaluation.decisions.calibrating import calibrated
from jaxsdm.evaluation.decisions.deciding import decide
from jaxsdm.evaluation.decisions.id_columns import id_text, read_with_ids
from jaxsdm.evaluation.decisions.place_table import PlaceTable
from jaxsdm.evaluation.decisions.reading import PARTS, SITE, read_tables
from jaxsdm.evaluation.decisions.writing import check_output, write_sets


@dataclasses.dataclass(frozen=True)
class Options:
    """What is asked for; see the flags of scripts/decide.py."""

    predictions: str
    output: str
    labels: str | None = None
    calibration: str | None = None
    calibrate: str = "none"
    sites: str | None = None
    block: str = ""
    block_size: float = 0.0
    site: str = ""
    probability: str = ""
    presence: str = ""
    part: str = ""
    missing: str = "error"
    unlisted: str = "unknown"
    seed: int = 0
    empty_score: float = 0.0


def decide_file(
    options: Options,
    rule: str,
    score: str,
    layout: str = "sites",
    k: float | None = None,
    miss: float | None = None,
) -> None:
    """Writes the sets of all sites that nothing was fitted on, and says how many.

    Raises:
      ValueError: see `read_tables`, `arrange`, `decide` and `write_sets`.
    """
    check_output(options.output, layout)
    _check(options, [pathlib.Path(options.output)])
    parts = arranged_parts(options)
    check_output(options.output, layout, len(parts))
    sets = [
        decide(
            part,
            rule,
            SCORES[score],
            calibrate=options.calibrate,
            empty_score=options.empty_score,
            k=k,
            miss=miss,
        )
        for part in parts
    ]
    write_sets(options.output, sets, layout)
    for one in sets:
        name = f"{one.table.name}: " if one.table.name else ""
        notes = [
            f", {number} species without {what}"
            for number, what in (
                (one.undefined, "a threshold"),
                (one.uncalibrated, "a calibration of their own"),
            )
            if number
        ]
        print(
            f"{name}{len(one.size)} sites, {np.mean(one.size):.1f} of "
            f"{len(one.table.species)} species on average, expected {score} "
            f"{np.mean(one.expected_score):.3f}{''.join(notes)}"
        )
    print(f"sets: {options.output}")


def compare(
    options: Options, first: str = "f1", rules: Sequence[str] = tuple(RULES)
) -> pd.DataFrame:
    """Compares rules and writes rules.csv, rules.md and figures into a folder.

    Args:
      options: with labels, and calibration sites or a share.
      first: the score that rules are ordered by in the figure, compared too if it is
        not among the usual ones.
      rules: names of `RULES`, all by default.

    Returns:
      The table of all parts, with a column `part` if there are several.

    Raises:
      ValueError: see `read_tables` and `arrange`; no calibration or no test sites.
    """
    canvas.new_figure(1, 1)  # Says what is missing before there is work to lose.
    folder = pathlib.Path(options.output)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--output={folder}: want a folder with --compare.")
    _check(options, [folder / "rules.csv", folder / "rules.md"])
    if options.calibration is None:
        raise ValueError(
            "--compare fits rules on some labelled sites and judges them on others: "
            "give --calibration, a share such as 0.3 or a file."
        )
    for rule in rules:
        registry.choose(RULES, rule, "rule")
    scores = tuple(dict.fromkeys([first, *comparing.COMPARED]))
    tables = {}
    for part in arranged_parts(options):
        p, uncalibrated = calibrated(
            part.table.values,
            part.labels,
            part.calibration,
            options.calibrate,
            raw=part.table.kind == "score",
        )
        if uncalibrated:
            print(
                f"{part.table.name or 'calibration'}: {uncalibrated} species without a "
                "calibration of their own"
            )
        if not len(part.test):
            raise ValueError(
                f"{part.table.file}: {part.table.name or 'the table'} has no labelled "
                "site to test on. Give more --labels or a smaller --calibration."
            )
        own, test = part.calibration, part.test
        blocks = None if part.blocks is None else part.blocks[test]
        fold = comparing.Fold(
            p[own], part.labels[own], p[test], part.labels[test], blocks
        )
        tables[part.table.name] = comparing.compare_rules(
            [fold], scores=scores, rules=rules, empty_score=options.empty_score
        )
    texts = ["# Rules compared"]
    for name, table in tables.items():
        heading = [f"## {name}"] if name else []
        image = f"![{name or 'rules'}]({_image(name)})"
        texts += [*heading, reporting.rules_markdown(table), image]
    joined = pd.concat(
        [table.assign(part=name) for name, table in tables.items()], ignore_index=True
    )
    if len(tables) > 1:
        mean = comparing.mean_of_parts(tables)
        text = reporting.rules_markdown(mean)
        texts += [f"## Mean of {len(tables)} parts", text]
    else:
        joined = joined.drop(columns="part")
    for name, table in tables.items():
        reporting.rules_figure(table, folder / _image(name), title=name)
    write_csv(folder / "rules.csv", joined)
    write_text(folder / "rules.md", "\n\n".join(texts) + "\n")
    print("\n\n".join(text for text in texts if not text.startswith("![")))
    if options.block or options.block_size:
        print("\nCalibration and test sites are of different blocks.")
    else:
        print(
            "\nCalibration sites were drawn one by one: neighbours of test sites are "
            "among them. Give --block or --block_size for an honest test."
        )
    print(f"report: {folder / 'rules.md'}")
    return joined


def arranged_parts(options: Options) -> list[Arranged]:
    """Reads all files and joins them, part by part.

    Raises:
      ValueError: see `read_tables` and `arrange`, or there is no such part.
    """
    tables = read_tables(
        options.predictions,
        column=options.probability,
        site=options.site,
        block="" if options.sites else options.block,
    )
    if options.part:
        known = ", ".join(table.name for table in tables)
        tables = [table for table in tables if table.name == options.part]
        if not tables:
            raise ValueError(
                f"{options.predictions}: no part {options.part!r}; they are: {known}."
            )
    labels = _labels(options, options.labels)
    share: float | None = None
    own: dict[str, PlaceTable] | None = None
    if options.calibration is not None:
        try:
            share = float(options.calibration)
        except ValueError:
            own = _labels(options, options.calibration)
    sites = _sites(options)
    parts = []
    for table in tables:
        calibration = share if own is None else _of_part(own, table, "calibration")
        parts.append(
            arrange(
                table,
                None if labels is None else _of_part(labels, table, "labels"),
                calibration,
                sites=_rows_of(sites, table),
                block=options.block,
                block_size=options.block_size,
                missing=options.missing,
                unlisted=options.unlisted,
                seed=options.seed,
            )
        )
    return parts


def _check(options: Options, written: Sequence[pathlib.Path]) -> None:
    """Refuses what cannot be meant, before there is work to lose."""
    if not math.isfinite(options.empty_score):
        raise ValueError(
            f"--empty_score: want a finite number, got {options.empty_score}."
        )
    outputs = {path.resolve() for path in written}
    for name in ("predictions", "labels", "calibration", "sites"):
        path = getattr(options, name)
        if path is not None and pathlib.Path(path).resolve() in outputs:
            raise ValueError(
                f"--output={options.output}: would replace {path}, which --{name} "
                "reads. Choose another name."
            )


def _labels(options: Options, path: str | None) -> dict[str, PlaceTable] | None:
    if path is None:
        return None
    tables = read_tables(
        path,
        labels=True,
        column=options.presence,
        site=options.site,
        block=options.block,
    )
    return {table.name: table for table in tables}


def _of_part(tables: dict[str, PlaceTable], table: PlaceTable, what: str) -> PlaceTable:
    if table.name not in tables:
        raise ValueError(
            f"{what}: none for {table.name or 'the predictions'} of {table.file}; "
            f"there are some for {', '.join(tables) or 'nothing'}."
        )
    return tables[table.name]


def _sites(options: Options) -> pd.DataFrame | None:
    if options.sites is None:
        return None
    wanted = (options.site,) if options.site else SITE
    frame = read_with_ids(options.sites, (*wanted, *PARTS, options.block))
    site = next((name for name in wanted if name in frame.columns), "")
    if not site:
        raise ValueError(
            f"{options.sites}: no column {wanted[0]}; the columns are "
            f"{', '.join(map(str, frame.columns))}."
        )
    frame = frame[frame[site].notna()]
    return frame.set_index(pd.Index(id_text(frame[site])))


def _rows_of(sites: pd.DataFrame | None, table: PlaceTable) -> pd.DataFrame | None:
    """The rows of a part; a table without its columns is about all parts."""
    if sites is None:
        return None
    for name in PARTS:
        if name in table.part and name in sites.columns:
            sites = sites[id_text(sites[name]) == table.part[name]]
    twice = sites.index.duplicated()
    if twice.any():
        raise ValueError(
            f"--sites: site {sites.index[int(np.argmax(twice))]} comes twice"
            f"{f' in {table.name}' if table.name else ''}."
        )
    return sites


def _image(name: str) -> str:
    return f"rules_{name.replace(' ', '_')}.png" if name else "rules.png"
