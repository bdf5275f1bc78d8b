"""What the programs refuse: one line that names what is wrong, and nothing written."""

import concurrent.futures
import pathlib

import pytest

CONFIGS = pathlib.Path(__file__).parents[2] / "configs" / "deepmaxent"
VIRTUAL = f"--config={CONFIGS / 'virtual.py'}"
NCEAS = f"--config={CONFIGS / 'nceas_reference.py'}"
AWT = "--config.dataset.region=AWT"

CASES = {
    "unknown field": (
        (VIRTUAL, "--config.modl.hidden=3"),
        ["--config.modl.hidden", "no field 'modl'", "known: augmentation", "model"],
    ),
    "unknown model": (
        (VIRTUAL, "--config.model.name=resnet"),
        ["unknown model 'resnet'; known: linear, maxent, residual_cnn, residual_mlp."],
    ),
    "missing config file": (
        (f"--config={CONFIGS / 'vritual.py'}",),
        ["no file", "vritual.py", "has nceas", "virtual.py."],
    ),
    "missing data folder": (
        (NCEAS, AWT, "--config.dataset.path=nowhere"),
        ["nceas: no folder nowhere", "disdat"],
    ),
    "missing column": (
        (NCEAS, AWT, "--config.dataset.path=data"),
        ["data/AWT/train_po.csv", "bc01", "spid, x, y"],
    ),
    "evaluating in several processes": (
        (VIRTUAL, "--processes=2", "--evaluate"),
        ["--evaluate is for one process: run scripts/evaluate.py when trained."],
    ),
}


@pytest.fixture(scope="module")
def refused(programs, tmp_path_factory):
    """All cases, two at a time: what each printed and left."""
    places = {name: tmp_path_factory.mktemp("refused") for name in CASES}

    def one(name):
        place = places[name]
        table = place / "data" / "AWT" / "train_po.csv"
        table.parent.mkdir(parents=True)
        table.write_text("spid,x,y\nawt01,1,2\n")
        return programs.run("train", *CASES[name][0], "--workdir=run", cwd=place)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = dict(zip(CASES, pool.map(one, CASES), strict=True))
    return {name: (done[name], places[name] / "run") for name in CASES}


def assert_one_line(done, parts):
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    for part in parts:
        assert part in line


@pytest.mark.parametrize("name", CASES)
def test_one_line_and_nothing_written(refused, name):
    done, folder = refused[name]
    assert_one_line(done, CASES[name][1])
    assert done.stdout == ""
    assert not folder.exists()


def test_forgotten_flags(programs):
    done = programs.run("train")
    assert_one_line(done, ["--config is missing: ", "--workdir is missing: Run folder"])


def test_another_config_on_a_run_folder(programs, trained):
    folder, _ = trained
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    changed = (*programs.small, "--config.model.blocks=1")
    done = programs.run("train", *changed, f"--workdir={folder}")
    assert_one_line(
        done,
        [f"{folder} holds a run of another config", "model.blocks, on_missing"],
    )
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_evaluating_what_was_not_trained(programs, tmp_path, trained):
    folder = tmp_path / "run"
    done = programs.run("evaluate", f"--workdir={folder}")
    assert_one_line(done, ["no run in", "config.json is missing", "scripts/train.py"])
    assert not folder.exists()
    folder.mkdir()
    (folder / "config.json").write_text((trained[0] / "config.json").read_text())
    done = programs.run("evaluate", f"--workdir={folder}")
    assert_one_line(done, ["no complete checkpoint in", "train it first"])
    assert [path.name for path in folder.iterdir()] == ["config.json"]


def test_the_traceback_on_request(programs, tmp_path, monkeypatch):
    monkeypatch.setenv("JAXSDM_TRACEBACK", "1")
    done = programs.run("evaluate", f"--workdir={tmp_path}")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: no run in")
