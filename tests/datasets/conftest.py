"""Small rasters and tables on disk for the tests of datasets made of files."""

import pytest


@pytest.fixture
def write_table(tmp_path):
    """A function that writes lines of text and gives the path."""

    def write(name, *lines):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
