"""Tests for jaxsdm.command_line."""

import re
import sys

import pytest
from absl import flags
from ml_collections import config_flags

from jaxsdm import command_line

# How ml_collections loads a file.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")

CONFIG = """
from ml_collections import ConfigDict

def get_config(size="3"):
    config = ConfigDict({"model": {"hidden": int(size)}, "seeds": (1,)})
    config.empty = ConfigDict()
    return config
"""


@pytest.fixture
def parse(tmp_path, monkeypatch):
    """Parses a command line with the flags --config and --workdir of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.py").write_text(CONFIG)

    def parse(*arguments):
        values = flags.FlagValues()
        argv = ["program", *arguments]
        monkeypatch.setattr(command_line.flags, "FLAGS", values)
        monkeypatch.setattr(sys, "argv", argv)
        config_flags.DEFINE_config_file(
            "config", None, "A file.", flag_values=values, sys_argv=argv
        )
        flags.DEFINE_string("workdir", None, "A folder.", flag_values=values)
        flags.mark_flags_as_required(["config", "workdir"], flag_values=values)
        assert command_line.parse(argv) == ["program"]
        return values

    return parse


@pytest.mark.parametrize(
    "given",
    [("--config=good.py:5",), ("--config", "good.py:5"), ("-config=good.py:5",)],
)
def test_fields_are_set(parse, given):
    values = parse(*given, "--workdir=here", "--config.seeds=4,5")
    assert values.config.model.hidden == 5
    assert values.config.seeds == (4, 5)
    assert values.workdir == "here"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["--config.modl.hidden=3"],
            "--config.modl.hidden: config has no field 'modl'; known: empty, model, "
            "seeds.",
        ),
        (
            ["--config.seeds=3", "--config.model.hiden", "3"],
            "--config.model.hiden: config.model has no field 'hiden'; known: hidden.",
        ),
        (
            ["--config.empty.size=3"],
            "--config.empty.size: config.empty has no field 'size'; known: none.",
        ),
        (
            ["--config.model.hidden.size=3"],
            "--config.model.hidden.size: config.model.hidden has no fields.",
        ),
        (
            ["--config.model.hidden=three"],
            "flag --config.model.hidden=three: invalid literal for int() with base 10: "
            "'three'",
        ),
        (
            ["--wrkdir=x"],
            "Unknown command line flag 'wrkdir'. Did you mean: workdir ?",
        ),
        (["good.py"], "unexpected 'good.py': every argument is a --flag=value."),
    ],
)
def test_says_what_is_known(parse, arguments, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse("--config=good.py", "--workdir=x", *arguments)


def test_forgotten_flags(parse):
    with pytest.raises(ValueError, match=r"^--workdir is missing: A folder\.$"):
        parse("--config=good.py")
    with pytest.raises(
        ValueError,
        match=r"^--config is missing: A file\. --workdir is missing: A folder\.$",
    ):
        parse()


def test_a_missing_config_file(parse, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^--config: no file configs/x\.py\.$"):
        parse("--config=configs/x.py", "--workdir=x")
    with pytest.raises(FileNotFoundError, match=r"no file god\.py; \. has good\.py\.$"):
        parse("--config=god.py:7", "--workdir=x")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("    return 1 / 0", "line 2: ZeroDivisionError: division by zero"),
        ('    raise ValueError("no recipe")', "line 2: ValueError: no recipe"),
        ("    return {}[1]", "line 2: KeyError: 1"),
        ("    return {", "SyntaxError: "),
    ],
)
def test_a_config_file_that_fails(parse, tmp_path, body, text):
    (tmp_path / "bad.py").write_text(f"def get_config():\n{body}\n")
    with pytest.raises(ValueError, match=r"bad\.py") as caught:
        parse("--config=bad.py", "--workdir=x")
    assert text in str(caught.value)
