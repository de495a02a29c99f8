"""The engine behind `make figures`, on small made-up checkouts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from bargain import reproduce as engine
from bargain.reproduce import Outcome, experiments, findings_table, reproduce

SLOPE = '''
"""How steep is it?

More about it.
"""
import pandas as pd
from experiments._shared import STEPS
from bargain.plot import label_lines, line_style, new_figure

SETTINGS = {"scenario": "flat", "steps": STEPS}

def run():
    table = pd.DataFrame({"x": range(STEPS), "y": [x / 3 for x in range(STEPS)]})
    table.attrs["parameters_hash"] = "f00"
    table.attrs["record"] = {"evidence": "independent", "seed": 1}
    return table

def plot(table):
    figure, axes = new_figure()
    axes[0, 0].plot(table.x, table.y, label="US", **line_style("US"))
    label_lines(axes[0, 0])
    return figure

def findings(table):
    return [f"The slope is {table.y[1]}.", "It does not bend."]
'''

SPREAD = '''
"""How far apart?"""
import pandas as pd
from matplotlib.figure import Figure

def run(workers=3, size=2):
    return pd.DataFrame({"workers": [workers] * size})

def plot(table):
    return Figure(figsize=(1, 1))
'''

NAMES = ("slope", "spread")

KEPT_THREADS = {name for name in engine.THREADS if name in os.environ}


def checkout(root: Path) -> Path:
    files = {
        "bargain/__init__.py": "",
        "bargain/evidence/data/parameters.csv": "id,value\nstock,2\n",
        "experiments/_shared.py": "STEPS = 4\n",
        "experiments/slope.py": SLOPE,
        "experiments/spread.py": SPREAD,
    }
    for name, text in files.items():
        write(root, name, text)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return checkout(tmp_path / "checkout")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = checkout(tmp_path_factory.mktemp("made") / "checkout")
    reproduce(root=root)
    return root


@pytest.fixture
def made(tmp_path: Path, made_once: Path) -> Path:
    """A checkout whose figures are made: a copy, since a copy is up to date wherever it lies."""
    return shutil.copytree(made_once, tmp_path / "checkout")


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(dedent(text), encoding="utf-8")


def digests(root: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((root / "figures").iterdir())}


def statuses(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.name: outcome.status for outcome in outcomes}


def test_experiments_are_listed_with_their_questions_and_without_running_them(root: Path) -> None:
    write(root, "experiments/broken.py", "raise RuntimeError(")
    found = {experiment.name: experiment.question for experiment in experiments(root)}
    assert found == {"broken": "", "slope": "How steep is it?", "spread": "How far apart?"}


def test_first_run_writes_all_and_second_run_changes_no_byte(root: Path) -> None:
    first = reproduce(root=root)
    assert statuses(first) == dict.fromkeys(NAMES, "written")
    assert sorted(digests(root)) == sorted(f"{n}.{s}" for n in NAMES for s in ("pdf", "svg", "png", "csv", "json"))
    before = digests(root)
    stamps = {path: path.stat().st_mtime_ns for path in (root / "figures").iterdir()}
    second = reproduce(root=root)
    assert statuses(second) == dict.fromkeys(NAMES, "up to date")
    assert digests(root) == before
    assert {path: path.stat().st_mtime_ns for path in (root / "figures").iterdir()} == stamps
    assert [(o.findings, o.paths) for o in second] == [(o.findings, o.paths) for o in first]


def test_forced_or_fresh_run_gives_the_same_bytes(made: Path) -> None:
    root = made
    before = digests(root)
    assert statuses(reproduce(root=root, force=True)) == dict.fromkeys(NAMES, "written")
    assert digests(root) == before
    for path in (root / "figures").iterdir():
        path.unlink()
    (root / "figures").rmdir()
    reproduce(["spread"], root)  # alone, and in another order
    reproduce(["spread", "slope"], root)
    assert digests(root) == before


def test_another_process_agrees_and_needs_no_heavy_library_when_all_is_up_to_date(made: Path) -> None:
    root = made
    before = digests(root)
    code = dedent("""
        import sys
        from pathlib import Path
        from bargain.reproduce import reproduce
        force = sys.argv[2] == "force"
        print(*(outcome.status for outcome in reproduce(root=Path(sys.argv[1]), force=force)), sep=",")
        print(*({"numpy", "scipy", "pandas", "matplotlib", "tqdm"} & set(sys.modules)))
    """)
    for mode, first_line in (("skip", "up to date,up to date"), ("force", "written,written")):
        run = subprocess.run(
            [sys.executable, "-c", code, str(root), mode],
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[1],
            env={**os.environ, "PYTHONHASHSEED": "99"},
        )
        status, loaded = run.stdout.splitlines()
        assert status == first_line
        assert bool(loaded) == (mode == "force")
        assert run.stderr == ""  # no progress bar where there is no terminal
        assert digests(root) == before


def test_record_tells_what_the_figure_was_made_from(made: Path) -> None:
    root = made
    record = json.loads((root / "figures" / "slope.json").read_text(encoding="utf-8"))
    assert record["experiment"] == "slope"
    assert record["question"] == "How steep is it?"
    assert record["settings"] == {"scenario": "flat", "steps": 4}
    assert record["run"] == {"evidence": "independent", "seed": 1}
    assert record["parameters_hash"] == "f00"
    assert record["table"] == {"rows": 4, "columns": ["x", "y"]}
    assert set(record["versions"]) == {"bargain-games", "matplotlib", "numpy", "pandas", "scipy"}
    assert record["findings"] == ["The slope is 0.3333333333.", "It does not bend."]  # said of the numbers in the CSV
    assert set(record["outputs"]) == {"slope.pdf", "slope.svg", "slope.png", "slope.csv"}
    assert str(root) not in json.dumps(record)


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png", "csv", "json"])
@pytest.mark.parametrize("change", ["deleted", "edited"])
def test_deleted_or_edited_output_is_redone(made: Path, suffix: str, change: str) -> None:
    root = made
    before = digests(root)
    path = root / "figures" / f"spread.{suffix}"
    if change == "deleted":
        path.unlink()
    elif suffix == "json":
        path.write_text(path.read_text(encoding="utf-8").replace("How far", "How near"), encoding="utf-8")
    else:
        path.write_bytes(path.read_bytes() + b" ")
    assert statuses(reproduce(["spread"], root)) == {"spread": "written"}
    assert digests(root) == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"inputs_hash": 3}'])
def test_unreadable_record_counts_as_none(root: Path, text: str) -> None:
    write(root, "figures/spread.json", text)
    assert statuses(reproduce(["spread"], root)) == {"spread": "written"}


@pytest.mark.parametrize(
    ("name", "text", "redone"),
    [
        ("experiments/spread.py", SPREAD.replace("* size", "*  size"), {"spread"}),
        ("experiments/_shared.py", "STEPS = 5\n", {"slope", "spread"}),
        ("bargain/evidence/data/parameters.csv", "id,value\nstock,3\n", {"slope", "spread"}),
        ("bargain/standoff/scenarios/new.toml", "", {"slope", "spread"}),
        ("bargain/__init__.py", "A = 1\n", {"slope", "spread"}),
        ("bargain/__pycache__/x.pyc", "A", set()),
        ("bargain/.notes", "A", set()),
        ("README.md", "A", set()),
        ("experiments/notes.txt", "A", set()),
    ],
)
def test_change_of_an_input_reruns_what_depends_on_it(made: Path, name: str, text: str, redone: set[str]) -> None:
    root = made
    write(root, name, text)
    again = statuses(reproduce(root=root))
    assert {name for name, status in again.items() if status == "written"} == redone
    assert set(statuses(reproduce(root=root)).values()) == {"up to date"}


def test_edit_within_the_clocks_tick_is_seen_and_shared_files_are_read_anew(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytecode is matched by time and size; an edit of the same length in the same second must still count."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    os.utime(root / "experiments" / "_shared.py", ns=(0, 0))
    reproduce(root=root)
    write(root, "experiments/_shared.py", "STEPS = 5\n")
    os.utime(root / "experiments" / "_shared.py", ns=(0, 0))
    reproduce(root=root)
    assert len((root / "figures" / "slope.csv").read_text(encoding="utf-8").splitlines()) == 6
    assert not list(root.rglob("*.pyc"))
    assert not [name for name in sys.modules if name.startswith("experiments")]
    assert str(root) not in sys.path


def test_line_ends_do_not_count_as_a_change(made: Path) -> None:
    root = made
    for path in (root / "experiments" / "slope.py", root / "bargain" / "evidence" / "data" / "parameters.csv"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert set(statuses(reproduce(root=root)).values()) == {"up to date"}


def test_library_versions_count_as_inputs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reproduce(["spread"], root)

    def version(name: str) -> str:
        if name == "scipy":
            raise engine.metadata.PackageNotFoundError(name)
        return "0.1"

    monkeypatch.setattr(engine.metadata, "version", version)
    assert statuses(reproduce(["spread"], root)) == {"spread": "written"}
    record = json.loads((root / "figures" / "spread.json").read_text(encoding="utf-8"))
    assert (record["versions"]["scipy"], record["versions"]["numpy"]) == ("absent", "0.1")


def test_workers_reach_the_one_experiment_that_is_asked_for(root: Path) -> None:
    assert statuses(reproduce(["spread"], root=root, workers=7)) == {"spread": "written"}
    assert (root / "figures" / "spread.csv").read_text(encoding="utf-8") == "workers\n7\n7\n"


def test_experiments_side_by_side_write_the_same_files(root: Path) -> None:
    write(root, "experiments/broken.py", failing(OK_PLOT + "def run():\n    raise ValueError('no')\n"))
    expected = {"broken": "failed", "slope": "written", "spread": "written"}
    assert statuses(reproduce(root=root, workers=2)) == expected
    one_by_one = {path.name: path.read_bytes() for path in (root / "figures").iterdir()}
    # The number of workers is for the only experiment that is asked for; here each has its default.
    assert one_by_one["spread.csv"] == b"workers\n1\n1\n"
    write(root, "experiments/spread.py", SPREAD.replace("workers=3", "workers=1"))
    assert statuses(reproduce(root=root, force=True)) == expected
    assert {p.name: p.read_bytes() for p in (root / "figures").iterdir() if "spread.json" not in p.name} == {
        name: data for name, data in one_by_one.items() if name != "spread.json"
    }
    assert not any(name in os.environ for name in engine.THREADS if name not in KEPT_THREADS)


def test_worker_processes_can_import_the_experiment(root: Path) -> None:
    write(
        root,
        "experiments/pooled.py",
        '''
        """Can a pool of fresh processes do it?"""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        import pandas as pd
        from matplotlib.figure import Figure
        from experiments._shared import STEPS

        def twice(x):
            return 2 * x

        def run(workers=1):
            with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
                return pd.DataFrame({"twice": list(pool.map(twice, range(STEPS)))})

        def plot(table):
            return Figure()
        ''',
    )
    (outcome,) = reproduce(["pooled"], root, workers=2)
    assert (outcome.status, outcome.message) == ("written", "")


def failing(body: str) -> str:
    return f'"""Does it fail?"""\nimport pandas as pd\nfrom matplotlib.figure import Figure\n{dedent(body)}'


OK_RUN = "def run():\n    return pd.DataFrame({'x': [1.0]})\n"
OK_PLOT = "def plot(table):\n    return Figure()\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            failing("def run():\n    raise KeyError('gone')\n" + OK_PLOT),
            "KeyError: 'gone' (experiments/bad.py, line 5)",
        ),
        (
            failing("import no_such_module"),
            "ModuleNotFoundError: No module named 'no_such_module' (experiments/bad.py,",
        ),
        ("def run(:", "SyntaxError: invalid syntax"),
        (failing(OK_PLOT), "TypeError: the file defines no function run"),
        (failing(OK_RUN), "TypeError: the file defines no function plot"),
        (OK_RUN + OK_PLOT, "ValueError: the file has no docstring: it must state the question"),
        (
            failing(OK_RUN + "def plot(table):\n    return 3\n"),
            "TypeError: plot returned a int, not a matplotlib Figure",
        ),
        (failing("def run():\n    return 3\n" + OK_PLOT), "TypeError: run returned a int, not a pandas DataFrame"),
        (
            failing(OK_RUN.replace("1.0", "float('nan')") + OK_PLOT),
            "ValueError: table[0, 'x'] is missing (NaN): fill it, or list the column in allowed_missing",
        ),
        (
            failing(OK_RUN + OK_PLOT + "SETTINGS = {'level': float('inf')}\n"),
            "ValueError: record.settings.level = inf is not finite",
        ),
        (
            failing(OK_RUN + OK_PLOT + "def findings(table):\n    return ['one\\ntwo']\n"),
            "ValueError: findings[0] = 'one\\ntwo' is not one line of text",
        ),
        (
            failing(OK_RUN + OK_PLOT + "def findings(table):\n    return 'one'\n"),
            "TypeError: findings returned a text, not a list of texts",
        ),
    ],
)
def test_failing_experiment_keeps_its_old_files_and_stops_no_other(root: Path, text: str, message: str) -> None:
    write(root, "experiments/bad.py", failing(OK_RUN + OK_PLOT))
    reproduce(["bad"], root)
    before = digests(root)
    write(root, "experiments/bad.py", text)
    lines: list[str] = []
    bad, spread = reproduce(["bad", "spread"], root, echo=lines.append)
    assert bad.status == "failed"
    assert bad.message.startswith(message)
    assert spread.status == "written"
    assert {name: digest for name, digest in digests(root).items() if name.startswith("bad")} == before
    assert lines[-1] == "1 of 2 experiments failed"
    assert statuses(reproduce(["bad"], root)) == {"bad": "failed"}  # and it is tried again


def test_gaps_are_written_where_the_table_allows_them(root: Path) -> None:
    body = (
        "def run():\n    t = pd.DataFrame({'x': [1.0, None]})\n    t.attrs['allowed_missing'] = ['x']\n    return t\n"
    )
    write(root, "experiments/gaps.py", failing(body + OK_PLOT))
    (outcome,) = reproduce(["gaps"], root)
    assert (outcome.status, outcome.message) == ("written", "")
    assert (root / "figures" / "gaps.csv").read_text(encoding="utf-8") == 'x\n1\n""\n'


def test_unknown_name_is_one_line_with_the_nearest_and_runs_nothing(root: Path) -> None:
    with pytest.raises(ValueError, match=r"^there is no experiment 'slop'; did you mean 'slope'\?$"):
        reproduce(["spread", "slop"], root)
    with pytest.raises(ValueError, match=r"^there is no experiment 'qqq'; known are: slope, spread$"):
        reproduce(["qqq"], root)
    assert not (root / "figures").exists()


def test_outside_a_checkout_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "__file__", str(tmp_path / "site-packages" / "bargain" / "reproduce.py"))
    for call in (reproduce, experiments, lambda: reproduce(root=tmp_path)):
        with pytest.raises(ValueError, match="experiments are part of the repository, not of the installed package"):
            call()  # type: ignore[operator]


def test_default_root_is_this_repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "__file__", str(root / "bargain" / "reproduce.py"))
    assert [experiment.name for experiment in experiments()] == list(NAMES)
    assert statuses(reproduce(["slope", "slope"])) == {"slope": "written"}


def test_findings_are_echoed_as_a_table(root: Path) -> None:
    lines: list[str] = []
    reproduce(root=root, echo=lines.append)
    assert lines[0].split() == ["experiment", "status", "finding"]
    assert lines[2:] == [
        "slope       written     The slope is 0.3333333333.",
        "                        It does not bend.",
        "spread      written",
    ]


def test_long_findings_are_wrapped_to_the_width() -> None:
    lines = findings_table([Outcome("n", "written", findings=("word " * 60,))], width=80)
    assert len(lines) > 6
    assert max(map(len, lines)) <= 80
    assert findings_table([]) == ["no experiments"]


def test_progress_bar_shows_on_a_terminal_only(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reproduce(["spread"], root)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    reproduce(["spread"], root)
    shown = capsys.readouterr()
    assert "spread" in shown.err
    assert shown.out == ""


def test_interrupt_is_not_swallowed(root: Path) -> None:
    write(root, "experiments/stop.py", failing("def run():\n    raise KeyboardInterrupt\n" + OK_PLOT))
    call: Callable[[], object] = lambda: reproduce(["stop"], root)  # noqa: E731
    with pytest.raises(KeyboardInterrupt):
        call()
    assert "experiments" not in sys.modules
