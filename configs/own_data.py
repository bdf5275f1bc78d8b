"""Your own data: occurrences and rasters in; an honest test, a report and maps out.

    python scripts/train.py --config=configs/own_data.py \
        --config.dataset.occurrences=occurrences.csv --config.dataset.rasters=rasters/ \
        --workdir=runs/own --describe --evaluate --maps

Records are cleaned, counted in the cells of the rasters and split in spatial blocks,
of which a fifth is held out to judge the model. Every field can be set on the command
line (--config.dataset.split=environment). The network is that of the quickstart: on the
files of the virtual world ROC AUC .752 on the surveys (docs/results.md); time, less
than a minute. Of surveys that say where a species was not:

    python scripts/train.py --config=configs/own_data.py:presence_absence ...
"""

from ml_collections import ConfigDict

from jaxsdm.training import default_config

KINDS = ("presence_only", "presence_absence")


def get_config(kind="presence_only"):
    """Five members of the residual network with dropout, on a table and rasters."""
    if kind not in KINDS:
        raise ValueError(f"unknown argument {kind!r}; known: {', '.join(KINDS)}.")
    config = default_config()
    dataset = ConfigDict({"name": "files"})
    dataset.occurrences = ""  # CSV, GBIF, Darwin Core archive, Parquet, GeoPackage
    dataset.rasters = ""  # a folder of GeoTIFFs, or a NetCDF or Zarr
    dataset.kind = kind  # or survey_lists, abundance
    dataset.columns = ""  # other names: "species=taxon,longitude=lon_wgs84"
    dataset.crs = ""  # of columns x and y
    dataset.one_species = ""  # where no column says which
    dataset.encoding = ""  # of text that is not UTF-8
    dataset.layer = ""
    dataset.wide = ""  # columns of species, where each has one: "sp_*", "fir,oak"
    dataset.surveys = ""  # presences and absences to be judged on
    dataset.survey_kind = "presence_absence"  # or survey_lists
    dataset.survey_columns = ""
    dataset.categorical = ""  # rasters of codes: "land_cover,soil"
    dataset.template = ""  # a band whose grid all are brought to, where grids differ
    dataset.raster_crs = ""  # of rasters that name none
    dataset.predictors = "raster"  # or location
    dataset.max_uncertainty = 0.0  # metres; 0: any
    dataset.first_year = 0
    dataset.last_year = 0
    dataset.duplicates = "drop"
    dataset.thin = 0.0  # least distance of a species' records
    dataset.fewest_records = 1  # species with fewer are left out
    dataset.background = 10_000  # cells at random
    dataset.reach = 0.0  # background within this distance of a record; 0: everywhere
    dataset.split = "auto"  # blocks, environment, distance, checkerboard, random, none
    dataset.folds = 5
    dataset.fold = 0  # the one that is held out
    dataset.block_size = 0.0  # metres or units of the CRS; 0: from autocorrelation
    dataset.buffer = 0.0
    dataset.truth = ""  # .npz of a simulation
    dataset.seed = 0
    dataset.region = "own"
    config.dataset = dataset
    config.seeds = (655, 115, 26, 760, 282)
    config.model.dropout = 0.2
    # Where people went (the sites of all species) weighs most in what records are
    # compared with; random cells make it work for a single species too.
    config.background.mass = 0.3
    if kind == "presence_absence":
        config.background.mass = 0.0
        config.objective = ConfigDict({"name": "binary_cross_entropy"})
    main = config.stage.main
    main.epochs = 60
    main.optimizer.learning_rate = 1e-3
    main.optimizer.weight_decay = 3e-4
    main.optimizer.decay = "l2"
    return config
