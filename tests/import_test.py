"""What importing a room brings with it, each in an interpreter of its own."""

import importlib
import json
import pkgutil
import subprocess
import sys

import pytest

import jaxsdm

HEAVY = {
    "absl",
    "flax",
    "grain",
    "matplotlib",
    "ml_collections",
    "netCDF4",
    "optax",
    "orbax",
    "pandas",
    "pyarrow",
    "pyproj",
    "rasterio",
    "rich",
    "sklearn",
    "tensorstore",
    "xarray",
    "zarr",
}
"""Libraries that a user of one loss does not install."""

LIGHT = ("ops", "losses", "metrics", "decisions", "models", "parallel")


def imported(statement):
    """Top-level modules that are loaded after a statement in a new interpreter."""
    program = (
        f"{statement}\nimport json, sys\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def of_jax():
    return imported("import jax, jax.numpy")


def test_the_package_alone_imports_nothing():
    assert not imported("import jaxsdm") & (HEAVY | {"jax", "numpy", "scipy"})


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("from jaxsdm.losses import normalized_poisson", {"jaxtyping"}),
        ("import jaxsdm.ops", {"jaxtyping"}),
        ("import jaxsdm.metrics", {"jaxtyping"}),
        ("import jaxsdm.parallel", {"jaxtyping"}),
    ],
)
def test_a_light_room_needs_jax_alone(of_jax, statement, allowed):
    more = imported(statement) - of_jax - {"jaxsdm"}
    third_party = {name for name in more if name not in sys.stdlib_module_names}
    assert {name for name in third_party if not name.startswith("_")} <= allowed


def test_models_need_flax_and_no_data_library(of_jax):
    brought = imported("import flax.linen, optax")
    more = imported("import jaxsdm.models") - of_jax - brought
    assert not more & HEAVY
    assert not more & {"scipy"}


def packages():
    found = pkgutil.iter_modules(jaxsdm.__path__)
    return sorted(one.name for one in found if one.ispkg)


@pytest.mark.parametrize("name", packages())
def test_every_public_name_resolves(name):
    room = importlib.import_module(f"jaxsdm.{name}")
    assert getattr(jaxsdm, name) is room
    assert len(set(room.__all__)) == len(room.__all__)
    for public in room.__all__:
        assert getattr(room, public) is not None
    for what, value in getattr(room, "BY_NAME", {}).items():
        assert isinstance(what, str)
        assert value is not None


def test_the_rooms_are_listed():
    assert set(packages()) <= set(dir(jaxsdm))
    for name in jaxsdm.__all__:
        assert getattr(jaxsdm, name) is not None
    with pytest.raises(AttributeError, match="its rooms are data, datasets"):
        _ = jaxsdm.atlas
