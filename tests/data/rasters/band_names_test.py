"""Tests for jaxsdm.data.rasters.band_names."""

import pytest

from jaxsdm.data.rasters import name_from_file
from jaxsdm.data.rasters.band_names import names_of_bands


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("CHELSA_bio10_01", "bio1"),  # 1.2: the 10 is part of the product's name
        ("CHELSA_bio10_19_V1.2", "bio19"),
        ("CHELSA_bio1_1981-2010_V.2.1", "bio1"),
        ("CHELSA_bio10_1981-2010_V.2.1", "bio10"),  # 2.1: here it is the layer
        ("CHELSA_bio12_2071-2100_gfdl-esm4_ssp585_V.2.1", "bio12"),
        ("CHELSA_bio01_1981-2010_V.2.1", "bio1"),
        ("CHELSA_tas_01_1981-2010_V.2.1", "tas_01"),
        ("CHELSA_pr_12_1981-2010_V.2.1", "pr_12"),
        ("CHELSA_tasmax_07_2005_V.2.1", "tasmax_07"),
        ("CHELSA_temp10_03_1979-2013_V1.2_land", "temp_03"),
        ("CHELSA_prec_11_V1.2_land", "prec_11"),
        ("CHELSA_gdd5_1981-2010_V.2.1", "gdd5"),
        ("CHELSA_hurs_mean_1981-2010_V.2.1", "hurs_mean"),
        ("CHELSA_rsds_1981-2010_max_V.2.1", "rsds_max"),
        ("CHELSA_unheard_of", "CHELSA_unheard_of"),
        ("wc2.1_10m_bio_1", "bio1"),
        ("wc2.1_30s_bio_19", "bio19"),
        ("wc2.0_bio_30s_07", "bio7"),
        ("wc2.1_30s_tavg_01", "tavg_01"),
        ("wc2.1_2.5m_prec_12", "prec_12"),
        ("wc2.1_5m_elev", "elev"),
        ("wc2.1_10m_else", "wc2.1_10m_else"),
        ("bio_3", "bio3"),
        ("bio03", "bio3"),
        ("BIO19", "bio19"),
        ("bio20", "bio20"),
        ("bio10_01", "bio10_01"),
        ("slope", "slope"),
    ],
)
def test_the_usual_name(stem, name):
    assert name_from_file(stem) == name


def test_bands_of_future_climates():
    stem = "wc2.1_10m_bioc_ACCESS-CM2_ssp126_2021-2040"
    names = names_of_bands(stem, 19)
    assert names is not None
    assert names[:2] + names[-1:] == ("bio1", "bio2", "bio19")
    assert names_of_bands(stem, 18) is None
    months = names_of_bands("wc2.1_10m_tmin_ACCESS-CM2_ssp126_2021-2040", 12)
    assert months is not None
    assert months[0] == "tmin_01"
    assert names_of_bands("wc2.1_10m_bio_1", 1) is None
