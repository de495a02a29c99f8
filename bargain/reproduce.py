"""Run the experiments of a checkout and write their figures, skipping what is up to date.

An experiment is one file ``experiments/NAME.py`` beside the package: its docstring states the question,
``run(...)`` makes a tidy table and ``plot(table)`` a figure; ``findings(table)`` (a list of one-line texts) and
``SETTINGS`` (plain data for the run record) are optional. Files that begin with ``_`` are shared by experiments.
``run`` may take ``workers``; all its other arguments need defaults. A table says what it was made from in its attrs:
``parameters_hash`` (text), ``record`` (scenario, evidence set, seed, solver settings), ``allowed_missing`` (columns).

Up to date is judged by hashes, never by time: ``figures/NAME.json`` holds the hash of everything that went in and of
every file that came out. This module imports only the standard library until an experiment has to run.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import inspect
import json
import logging
import os
import platform
import shutil
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import bargain
from bargain.plot.output import SUFFIXES, is_intact, rounded_table, sha256_of, write_figure
from bargain.plot.style import figure_style

if TYPE_CHECKING:
    from pandas import DataFrame

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What tells libraries of linear algebra how many threads to start."""

DISTRIBUTIONS = ("numpy", "scipy", "matplotlib", "pandas")
"""Libraries whose version is part of what a figure depends on."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Experiment:
    """One file of ``experiments/``: its name, where it is, and the question in its docstring ('' if it has none)."""

    name: str
    path: Path
    question: str


@dataclass(frozen=True)
class Outcome:
    """What became of one experiment: its files, its one-line findings, and the error text if it failed."""

    name: str
    status: Literal["written", "up to date", "failed"]
    paths: tuple[Path, ...] = ()
    findings: tuple[str, ...] = ()
    message: str = ""


def checkout_root() -> Path:
    """The repository that this package lies in. Raises ValueError where it was installed without one."""
    root = Path(__file__).resolve().parents[1]
    return _checked_root(root)


def experiments(root: Path | None = None) -> tuple[Experiment, ...]:
    """The experiments of the checkout at `root` (default: the one this package lies in), by name; runs none of them."""
    folder = (checkout_root() if root is None else _checked_root(Path(root))) / "experiments"
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return tuple(Experiment(path.stem, path, _question(path)) for path in paths)


def reproduce(
    names: Iterable[str] = (),
    root: Path | None = None,
    *,
    force: bool = False,
    workers: int = 1,
    echo: Callable[[str], None] | None = None,
) -> list[Outcome]:
    """Bring ``figures/`` up to date for the named experiments (default: all) and echo the table of findings.

    `force` runs them even when up to date; `workers` processes run several experiments side by side; where only one is
    asked for, the number is handed to its ``run`` if that takes it. Files are the same either way. An experiment that
    raises is reported as ``failed``, its old files stay as they were, and the others still run: whether all went well
    is ``all(outcome.status != "failed" for outcome in ...)``. Raises ValueError for an unknown name, or outside a
    checkout.
    """
    root = checkout_root() if root is None else _checked_root(Path(root).resolve())
    chosen = _chosen(tuple(names), experiments(root))
    common = _common_inputs(root)
    outcomes = []
    with _progress(chosen) as progress:
        if workers > 1 and len(chosen) > 1:
            outcomes = _side_by_side(chosen, progress, root, common, force, workers)
        else:
            outcomes = [_reproduce_one(experiment, root, common, force, workers) for experiment in progress]
    if echo is not None:
        for line in findings_table(outcomes):
            echo(line)
    return outcomes


def _side_by_side(
    chosen: list[Experiment],
    progress: Iterable[Experiment],
    root: Path,
    common: dict[str, str],
    force: bool,
    workers: int,
) -> list[Outcome]:
    """Every experiment in a process of its own pool, each with one thread for linear algebra."""
    kept = {name: os.environ.get(name) for name in THREADS}
    os.environ.update({name: "1" for name, value in kept.items() if value is None})
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(_reproduce_one, experiment, root, common, force, 1) for experiment in chosen]
            return [future.result() for future, _ in zip(futures, progress, strict=True)]
    finally:
        for name in (name for name, value in kept.items() if value is None):
            del os.environ[name]


def findings_table(outcomes: Sequence[Outcome], width: int | None = None) -> list[str]:
    """Lines of a table of experiment, status and findings (or the error), wrapped to `width` (default: terminal)."""
    if not outcomes:
        return ["no experiments"]
    width = width or shutil.get_terminal_size((120, 24)).columns
    first = max(len("experiment"), *(len(outcome.name) for outcome in outcomes))
    second = len("up to date")
    room = max(width - first - second - 4, 40)
    lines = [f"{'experiment':<{first}}  {'status':<{second}}  finding", "-" * (first + second + 4 + room)]
    for outcome in outcomes:
        texts = (outcome.message,) if outcome.status == "failed" else outcome.findings or ("",)
        cells = [part for text in texts for part in textwrap.wrap(text, room, subsequent_indent="  ") or [""]]
        for place, cell in enumerate(cells):
            name, status = (outcome.name, outcome.status) if place == 0 else ("", "")
            lines.append(f"{name:<{first}}  {status:<{second}}  {cell}".rstrip())
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    if failed:
        lines.append(f"{failed} of {len(outcomes)} experiments failed")
    return lines


def _checked_root(root: Path) -> Path:
    if not (root / "experiments").is_dir():
        raise ValueError(
            f"{root} has no folder experiments/: experiments are part of the repository, not of the installed package; "
            "clone it to reproduce figures"
        )
    return root


def _question(path: Path) -> str:
    try:
        docstring = ast.get_docstring(ast.parse(path.read_bytes()))
    except (SyntaxError, ValueError):
        return ""  # running it will tell what is wrong
    return " ".join((docstring or "").split("\n\n")[0].split())


def _chosen(names: tuple[str, ...], known: tuple[Experiment, ...]) -> list[Experiment]:
    by_name = {experiment.name: experiment for experiment in known}
    for name in names:
        if name not in by_name:
            close = difflib.get_close_matches(name, by_name, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(by_name) or 'none'}"
            raise ValueError(f"there is no experiment {name!r}; {hint}")
    return [by_name[name] for name in dict.fromkeys(names or by_name)]


@contextmanager
def _progress(chosen: list[Experiment]) -> Iterator[Iterable[Experiment]]:
    """The experiments, with a progress bar on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield chosen
        return
    from tqdm import tqdm

    def named(bar: Any) -> Iterator[Experiment]:
        for experiment in chosen:
            bar.set_postfix_str(experiment.name)
            yield experiment
            bar.update()

    with tqdm(total=len(chosen), desc="experiments", leave=False) as bar:
        yield named(bar)


# What goes in ---------------------------------------------------------------------------------------------------------


def _common_inputs(root: Path) -> dict[str, str]:
    """Hashes of what every experiment depends on: the whole package, the shared files and the library versions.

    To follow which experiment uses which module would save little and miss something one day.
    """
    files = [path for path in (root / "bargain").rglob("*") if path.is_file() and _is_source(path.relative_to(root))]
    files += (root / "experiments").glob("_*.py")
    inputs = {path.relative_to(root).as_posix(): _text_hash(path) for path in files}
    return inputs | {f"version of {name}": version for name, version in _versions().items()}


def _is_source(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return not hidden and path.suffix not in {".pyc", ".pyo", ".so", ".pyd"} and not path.name.endswith("~")


def _text_hash(path: Path) -> str:
    return sha256_of(path.read_bytes().replace(b"\r\n", b"\n"))  # git may check text out with either line end


def _versions() -> dict[str, str]:
    versions = {"bargain-games": bargain.__version__}
    for name in DISTRIBUTIONS:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions


def _inputs_hash(experiment: Experiment, common: dict[str, str]) -> str:
    """Hash of all inputs; SETTINGS are inside, for they follow from the experiment file and the package."""
    inputs = {**common, f"experiments/{experiment.path.name}": _text_hash(experiment.path)}
    return sha256_of(json.dumps(inputs, sort_keys=True).encode())


# What comes out -------------------------------------------------------------------------------------------------------


def _reproduce_one(experiment: Experiment, root: Path, common: dict[str, str], force: bool, workers: int) -> Outcome:
    stem = root / "figures" / experiment.name
    inputs_hash = _inputs_hash(experiment, common)
    if not force:
        record = _standing_record(stem, inputs_hash)
        if record is not None:
            paths = tuple(stem.parent / f"{stem.name}{suffix}" for suffix in SUFFIXES)
            return Outcome(experiment.name, "up to date", paths, tuple(record.get("findings", ())))
    try:
        with _imported(experiment, root) as module:
            return _run_and_write(experiment, module, stem, inputs_hash, workers)
    except Exception as error:  # whatever an experiment raises is its failure alone
        _LOG.debug("experiment %s failed", experiment.name, exc_info=True)
        return Outcome(experiment.name, "failed", message=_failure(error, experiment))


def _standing_record(stem: Path, inputs_hash: str) -> dict[str, Any] | None:
    """The run record, if it tells of these inputs and no file has been changed or removed since."""
    try:
        record = json.loads((stem.parent / f"{stem.name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("inputs_hash") != inputs_hash:
        return None
    return record if is_intact(stem, record) else None


@contextmanager
def _imported(experiment: Experiment, root: Path) -> Iterator[ModuleType]:
    """The experiment as the module ``experiments.NAME``, so that worker processes and shared files can be imported."""
    package = ModuleType("experiments")
    package.__path__ = [str(root / "experiments")]
    path, no_bytecode = list(sys.path), sys.dont_write_bytecode
    _forget_experiments()
    sys.modules["experiments"] = package
    sys.path.insert(0, str(root))  # handed on to worker processes
    sys.dont_write_bytecode = True  # bytecode is matched by time, and a quick edit could be missed
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(f"experiments.{experiment.name}")
    finally:
        sys.path[:], sys.dont_write_bytecode = path, no_bytecode
        _forget_experiments()


def _forget_experiments() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "experiments"]:
        del sys.modules[name]


def _run_and_write(experiment: Experiment, module: ModuleType, stem: Path, inputs_hash: str, workers: int) -> Outcome:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    if not experiment.question:
        raise ValueError("the file has no docstring: it must state the question")
    run, plot = _function(module, "run"), _function(module, "plot")
    takes_workers = "workers" in inspect.signature(run).parameters
    made = run(workers=workers) if takes_workers else run()
    if not isinstance(made, DataFrame):
        raise TypeError(f"run returned a {type(made).__name__}, not a pandas DataFrame")
    allowed_missing = tuple(made.attrs.get("allowed_missing", ()))
    table = rounded_table(made, allowed_missing)  # what the CSV holds is what is drawn and reported
    findings = _findings(module, table)
    with figure_style():
        figure = plot(table)
        if not isinstance(figure, Figure):
            raise TypeError(f"plot returned a {type(figure).__name__}, not a matplotlib Figure")
        record = _record(experiment, module, table, inputs_hash, findings)
        paths = write_figure(stem, figure, table, record, allowed_missing=allowed_missing)
    return Outcome(experiment.name, "written", paths, findings)


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    function = getattr(module, name, None)
    if not callable(function):
        raise TypeError(f"the file defines no function {name}")
    return function  # type: ignore[no-any-return]


def _findings(module: ModuleType, table: DataFrame) -> tuple[str, ...]:
    if not hasattr(module, "findings"):
        return ()
    findings = module.findings(table)
    if isinstance(findings, str):
        raise TypeError("findings returned a text, not a list of texts")
    findings = tuple(findings)
    for place, finding in enumerate(findings):
        if not isinstance(finding, str) or not finding.strip() or "\n" in finding:
            raise ValueError(f"findings[{place}] = {finding!r} is not one line of text")
    return findings


def _record(
    experiment: Experiment, module: ModuleType, table: DataFrame, inputs_hash: str, findings: tuple[str, ...]
) -> dict[str, Any]:
    """The run record: what was asked, from what, with which versions. Nothing in it depends on the time of day."""
    return {
        "experiment": experiment.name,
        "question": experiment.question,
        "findings": findings,
        "settings": getattr(module, "SETTINGS", {}),
        "run": table.attrs.get("record", {}),
        "parameters_hash": table.attrs.get("parameters_hash"),
        "table": {"rows": len(table), "columns": list(table.columns)},
        "inputs_hash": inputs_hash,
        "versions": _versions(),
        "python": ".".join(platform.python_version_tuple()[:2]),  # for information: not part of inputs_hash
    }


def _failure(error: Exception, experiment: Experiment) -> str:
    """One line: the kind of error, its text, and the last line of the experiment's own file that was running."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    here = str(experiment.path)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == here]
    return f"{text} (experiments/{experiment.path.name}, line {lines[-1]})" if lines else text
