"""Tests for benchmarks/programs.py: what the library's step sends on a mesh."""

import programs
import pytest
from hlo_collectives import read_collectives, sent_per_step

from jaxsdm import parallel


def sent(mesh, **changes):
    size = {"sites": 200, "species": 16, "batch": 32, "features": 4, "hidden": 8}
    compiled = programs.compile_step(programs.Size(**(size | changes)), mesh)
    return sent_per_step(read_collectives(compiled.as_text(), 8))


def test_bytes_sent_do_not_depend_on_the_number_of_sites():
    mesh = parallel.make_mesh(4, 2)
    few = sent(mesh)
    assert few > 0
    assert sent(mesh, sites=20_000) == few


@pytest.mark.parametrize("data", [2, 8])
def test_sites_over_data_send_the_gradient_and_a_few_numbers_a_species(data):
    parameters = 4 * 8 + 8 + 2 * (8 * 8 + 8) + 8 * 16
    got = sent(parallel.make_mesh(data, 1))
    ring = 2 * (data - 1) / data * 4
    assert ring * parameters <= got <= ring * (parameters + 6 * 16)


def test_species_over_shards_send_the_gradient_of_the_features():
    got = sent(parallel.make_mesh(1, 8))
    ring = 2 * 7 / 8 * 4
    assert ring * 32 * 8 <= got <= ring * (32 * 8 + 8)
