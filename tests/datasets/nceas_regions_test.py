"""Tests for jaxsdm.datasets.nceas_regions."""

import pandas as pd

from jaxsdm.datasets.nceas_regions import REGIONS

# From the page of each region in the manual of disdat and DeepMaxent's choice of which
# predictors are labels.
SPELLINGS = {"bates": "bat", "birds": "bird", "plants": "plant"}
LABELS = {"CAN": {"ontveg"}, "NSW": {"vegsys"}}


def test_predictors_are_those_of_the_documentation(nceas_folder):
    columns = pd.read_csv(nceas_folder / "columns.csv")
    columns = columns[columns.in_data]
    assert set(columns.region) == set(REGIONS)
    for name, region in REGIONS.items():
        documented = set(columns.column[columns.region == name])
        assert set(region.predictors) == documented
        assert len(region.predictors) == len(documented)
        assert set(region.categorical) == LABELS.get(name, set())


def test_groups_and_species_are_those_of_the_documentation(nceas_folder):
    species = pd.read_csv(nceas_folder / "species.csv")
    for name, region in REGIONS.items():
        listed = species[species.region == name]
        assert region.species == len(listed)
        listed = listed.replace({"target_group": SPELLINGS})
        assert set(region.groups) == set(listed.target_group)
        for group, parts in region.groups.items():
            inside = listed[listed.target_group == group]
            assert set(parts or inside.group) == set(inside.group)
