"""Tests for jaxsdm.data.closing."""

import pytest

from jaxsdm.data.closing import Closing


class Door(Closing):
    closed = False

    def close(self):
        self.closed = True


def test_closed_at_the_end_whatever_happens():
    with Door() as door:
        assert not door.closed
    assert door.closed
    with pytest.raises(RuntimeError, match="draught"), Door() as door:
        raise RuntimeError("draught")
    assert door.closed
