"""A file appears whole or not at all."""

import pytest

from jaxsdm.data.files import written_aside


def test_replaces_and_leaves_nothing_beside(tmp_path):
    path = tmp_path / "new" / "a.csv"
    for text in ("first", "second"):
        with written_aside(path) as temporary:
            temporary.write_text(text)
    assert path.read_text() == "second"
    assert [file.name for file in path.parent.iterdir()] == ["a.csv"]


def test_an_interrupted_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def write_half():
        with written_aside(path) as temporary:
            temporary.write_text("ha")
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
