"""Tests for jaxsdm.evaluation.console."""

from jaxsdm import evaluation


def means(value):
    names = ("auc", "auc_pr", "auc_prg", "cor", "tss", "boyce")
    return {f"mean_{name}": value for name in names}


def test_every_number_in_its_row_and_column():
    summary = {
        "groups": {"NSW-bat": means(0.25) | {"species_scored": 7}},
        "regions": {
            "NSW": means(0.5) | {"species_scored": 54},
            "SA": means(None) | {"species_scored": 0},
        },
        "species_scored": 54,
        "species_not_scored": 2,
        "not_scored": {"no presences": ["a", "b"]},
        "truth": {"spearman": 0.125, "auc_of_truth": 0.875},
    }
    for over, value in (("regions", 0.75), ("species", 0.625)):
        for name, _ in means(0).items():
            summary[f"{name}_{over}"] = value
    lines = evaluation.summary_table(summary).splitlines()
    assert lines[0].split("  ")[-1].strip() == "Boyce"
    rows = {line.split("  ")[0]: line.split() for line in lines}
    assert rows["NSW-bat"][1:] == ["7", *["0.250"] * 6]
    assert rows["NSW"][1:] == ["54", *["0.500"] * 6]
    assert rows["SA"][1:] == ["0", *["–"] * 6]
    assert rows["mean of regions"][-1] == "0.750"
    assert rows["mean of species"][3:] == ["54", *["0.625"] * 6]
    assert "all cells: 0.125" in lines[-3]
    assert "ROC AUC 0.875" in lines[-2]
    assert lines[-1] == "not scored: 2 no presences"
    assert len({line.rfind(".") for line in lines[1:3]}) == 1  # columns stand in line
