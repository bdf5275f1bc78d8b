"""Tests for benchmarks/losses_mesh.py: what the losses send on a mesh."""

import losses_mesh
import pytest

from jaxsdm import parallel


@pytest.mark.parametrize("loss", losses_mesh.LOSSES)
def test_bytes_sent_do_not_depend_on_the_number_of_species(loss):
    mesh = parallel.make_mesh(4, 2)
    few = losses_mesh.sent(loss, mesh, batch=16, species=64, k=2)
    assert few > 0
    assert losses_mesh.sent(loss, mesh, batch=16, species=640, k=2) == few
