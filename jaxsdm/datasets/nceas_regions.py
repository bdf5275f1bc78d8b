"""What each region of the NCEAS benchmark holds: facts from its documentation.

Source: Elith, Graham, Valavi et al. (2020), doi:10.17161/bi.v15i2.13384, and the tables
of the R package disdat 1.1-0.

Ordinal and binary predictors (NZ age and toxicats, SWI calc, NSW disturb and soilfert)
are continuous here, as in Ryckewaert et al. (arXiv:2412.19217). The groups of NSW are
the target groups of Phillips et al. (2009, doi:10.1890/07-2153.1): bats (ba); diurnal
and nocturnal birds (db, nb); trees and understorey plants of open forest and rainforest
(ot, ou, rt, ru); small reptiles (sr).
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Region:
    """One region.

    Attributes:
      crs: coordinate reference system of all its tables.
      cell_size: of its rasters, in units of the CRS.
      species: how many.
      groups: group of a model -> groups of files and of surveys; none where the files
        are not split.
      continuous: predictors that are quantities.
      categorical: predictors that are labels.
    """

    crs: str
    cell_size: float
    species: int
    groups: dict[str, tuple[str, ...]]
    continuous: tuple[str, ...]
    categorical: tuple[str, ...] = ()

    @property
    def predictors(self) -> tuple[str, ...]:
        """All predictors, the continuous ones first."""
        return self.continuous + self.categorical


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


REGIONS = {
    "AWT": Region(
        crs="EPSG:28355",
        cell_size=80.0,
        species=40,
        groups={"bird": ("bird",), "plant": ("plant",)},
        continuous=_names(
            "bc01 bc04 bc05 bc06 bc12 bc15 bc17 bc20 bc31 bc33 slope topo tri"
        ),
    ),
    "CAN": Region(
        crs="EPSG:4008",
        cell_size=0.00833333377,
        species=20,
        groups={"bird": ()},
        continuous=_names(
            "alt asp2 ontprec ontprec4 ontprecsd ontslp onttemp onttempsd onttmin4 "
            "watdist"
        ),
        categorical=("ontveg",),
    ),
    "NSW": Region(
        crs="EPSG:4326",
        cell_size=0.00089932,
        species=54,
        groups={
            "bat": ("ba",),
            "bird": ("db", "nb"),
            "plant": ("ot", "ou", "rt", "ru"),
            "reptile": ("sr",),
        },
        continuous=_names(
            "cti disturb mi rainann raindq rugged soildepth soilfert solrad tempann "
            "tempmin topo"
        ),
        categorical=("vegsys",),
    ),
    "NZ": Region(
        crs="EPSG:27200",
        cell_size=100.0,
        species=52,
        groups={"plant": ()},
        continuous=_names(
            "age deficit dem hillshade mas mat r2pet rain slope sseas toxicats tseas "
            "vpd"
        ),
    ),
    "SA": Region(
        crs="EPSG:4326",
        cell_size=0.00833333,
        species=30,
        groups={"plant": ()},
        continuous=_names(
            "sabio1 sabio2 sabio4 sabio5 sabio6 sabio7 sabio8 sabio12 sabio15 sabio17 "
            "sabio18"
        ),
    ),
    "SWI": Region(
        crs="EPSG:21781",
        cell_size=100.0,
        species=30,
        groups={"tree": ()},
        continuous=_names(
            "bcc calc ccc ddeg nutri pday precyy sfroyy slope sradyy swb tavecc topo"
        ),
    ),
}
