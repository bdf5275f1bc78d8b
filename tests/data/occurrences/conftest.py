"""Occurrences by hand for the tests of what is done with them."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data.occurrences.occurrences import Occurrences
from jaxsdm.data.occurrences.report import CleaningReport


@pytest.fixture(scope="session")
def make_occurrences():
    """A function that makes occurrences of columns as a reader would."""

    def make(
        species, longitude, latitude, *, kind="presence_only", present=True, **columns
    ):
        species = pd.Categorical(species)
        rows = len(species)
        count = np.asarray(columns.pop("count", 1.0), np.float64)
        table = pd.DataFrame(
            {
                "species": species,
                "decimalLongitude": np.asarray(longitude, np.float64),
                "decimalLatitude": np.asarray(latitude, np.float64),
                "present": np.broadcast_to(np.asarray(present, bool), rows),
                "count": np.broadcast_to(count, rows),
            }
        )
        for name in ("survey", "basisOfRecord"):
            if name in columns:
                columns[name] = pd.Categorical(columns[name])
        if "eventDate" in columns:
            columns["eventDate"] = pd.to_datetime(columns["eventDate"])
        table = table.assign(**columns)
        report = CleaningReport("made.csv", rows, species.categories.size)
        return Occurrences(table, kind, "made.csv", report)

    return make
