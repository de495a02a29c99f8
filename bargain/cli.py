"""The command ``bargain``: what is shipped, equilibria of one round, negotiations and their comparison, figures.

Tables for people by default, ``--json`` for machines. Exit code 0, 1 (no answer) or 2 (bad input: one clear line on
stderr).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bargain.standoff import Scenario

NO_ANSWER, BAD_INPUT = 1, 2
CONCEPTS = ("nash", "pure", "lemke-howson", "limit-logit", "qre", "correlated", "coarse-correlated", "stackelberg")

app = typer.Typer(
    help="How two sides bargain with tariffs and control of inputs: the United States and China, and past episodes.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(help="A shipped scenario, or the path of a .toml file.", metavar="SCENARIO")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="Change a parameter: KEY=VALUE. Repeatable.")]
Evidence = Annotated[str, typer.Option(help="Evidence set: independent or article.")]
VariantName = Annotated[str | None, typer.Option("--variant", help="A named variant of the scenario.")]
AsJson = Annotated[bool, typer.Option("--json", help="Plain data for machines.")]
Arrangement = Annotated[str, typer.Option(help="truce, deal (side payments) or set (all payoffs; slow).")]
Threat = Annotated[str, typer.Option(help="What holds else: path, best, worst or punishment.")]
Division = Annotated[
    str,
    typer.Option(help="nash, kalai-smorodinsky, egalitarian, utilitarian, rubinstein or repeated-negotiation."),
]
First = Annotated[str | None, typer.Option(help="For rubinstein: who offers first.", show_default="first player")]
Breakdown = Annotated[float, typer.Option(help="For rubinstein: chance that a rejection ends the talks.")]
Renegotiation = Annotated[float, typer.Option(help="For repeated-negotiation: chance a round that talks begin anew.")]
ReplyLag = Annotated[int, typer.Option(help="Rounds in which a breach stays without an answer.")]
Freeze = Annotated[list[str] | None, typer.Option(help="Hold an instrument: INSTRUMENT=LEVEL[,LEVEL...]. Repeatable.")]
Grid = Annotated[list[str] | None, typer.Option(help="Grid points: VARIABLE=NUMBER. Repeatable.")]
Start = Annotated[
    list[str] | None, typer.Option(help="Start at another value than today's: VARIABLE=VALUE. Repeatable.")
]
Demands = Annotated[str, typer.Option(help="Demands that cannot be divided: off, negotiable or insisted.")]
Starts = Annotated[int, typer.Option(help="Random starts of the search for the best and worst standoff.")]
Seed = Annotated[int, typer.Option(help="Of the random starts.")]


@app.command()
def scenarios(as_json: AsJson = False) -> None:
    """List the scenarios that are shipped."""
    from bargain.answers import columns
    from bargain.standoff import shipped_scenarios

    shipped = shipped_scenarios()
    _print(shipped, as_json, lambda: columns([[name, title] for name, title in shipped.items()], ["scenario", "title"]))


@app.command()
def show(
    name: Name,
    evidence: Evidence = "independent",
    variant: VariantName = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Show players, inputs, instruments, variants and all parameters with source and confidence."""
    from bargain.answers import scenario_data, scenario_text

    scenario = _scenario(name, evidence, variant, sets)
    _print(scenario_data(scenario), as_json, lambda: scenario_text(scenario))


@app.command()
def keys(name: Name, evidence: Evidence = "independent", as_json: AsJson = False) -> None:
    """List every key that --set takes, with value, range, unit and source."""
    from bargain.answers import parameter_rows, parameter_text

    scenario = _scenario(name, evidence, None, None)
    _print(parameter_rows(scenario), as_json, lambda: parameter_text(scenario))


@app.command()
def solve(
    name: Name,
    concept: Annotated[str, typer.Option(help=f"One of {', '.join(CONCEPTS)}.")] = "nash",
    leader: Annotated[str, typer.Option(help="Who moves first, for stackelberg.")] = "US",
    precision: Annotated[
        float | None, typer.Option(help="For qre: precision of choices, in one over percent of GDP.")
    ] = None,
    sets: Sets = None,
    evidence: Evidence = "independent",
    variant: VariantName = None,
    player: Annotated[
        list[str] | None, typer.Option("--player", help="Make a bystander strategic as well. Repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Solve one round: equilibria by move names, payoffs term by term, certificates."""
    from bargain import solve as solve_game
    from bargain.answers import answers, solution_text, solver_for

    scenario = _scenario(name, evidence, variant, sets)
    table = scenario.payoffs(players=(*scenario.players, *(player or ())))
    solver = solver_for(concept, len(table.moves.players), leader, precision)
    solution = solve_game(table.game(), solver)
    found = answers(solution)
    data = {"scenario": scenario.record(), "solution": solution.to_dict()}
    data["terms"] = [table.under(answer.weights).to_dict() for answer in found]
    _print(data, as_json, lambda: solution_text(scenario, table, solution, found))
    if not found:
        raise typer.Exit(NO_ANSWER)


@app.command()
def negotiate(
    name: Name,
    arrangement: Arrangement = "truce",
    threat: Threat = "path",
    solution: Division = "nash",
    reply_lag: ReplyLag = 1,
    freeze: Freeze = None,
    grid: Grid = None,
    start: Start = None,
    demands: Demands = "off",
    first: First = None,
    breakdown: Breakdown = 0.0,
    renegotiation: Renegotiation = 0.0,
    starts: Starts = 8,
    seed: Seed = 0,
    sets: Sets = None,
    evidence: Evidence = "independent",
    variant: VariantName = None,
    as_json: AsJson = False,
) -> None:
    """Negotiate over rounds: what both sides agree on, its worth to each, what follows a breach, how long it lasts."""
    from bargain.talks import negotiate as talk
    from bargain.talks.published import agreement_record

    asked = _asked(freeze, grid, start) | {
        "arrangement": arrangement,
        "threat": threat,
        "solution": solution,
        "reply_lag": reply_lag,
        "demands": demands,
        "first": first,
        "breakdown_probability": breakdown,
        "renegotiation_probability": renegotiation,
        "n_starts": starts,
        "seed": seed,
    }
    with _bar() as progress:
        agreement = talk(_scenario(name, evidence, variant, sets), progress=progress, **asked)
    _print(agreement_record(agreement) if as_json else None, as_json, agreement.summary)
    if agreement.payoffs is None:
        raise typer.Exit(NO_ANSWER)


@app.command()
def compare(
    name: Name,
    against: Annotated[
        str | None, typer.Option(help="Another scenario after.", metavar="SCENARIO", show_default="the same")
    ] = None,
    against_variant: Annotated[str | None, typer.Option(help="Another variant after.")] = None,
    against_evidence: Annotated[str | None, typer.Option(help="Another evidence set after.")] = None,
    arrangement: Arrangement = "truce",
    threat: Threat = "path",
    solution: Division = "nash",
    reply_lag: ReplyLag = 1,
    freeze: Freeze = None,
    grid: Grid = None,
    start: Start = None,
    demands: Demands = "off",
    first: First = None,
    breakdown: Breakdown = 0.0,
    renegotiation: Renegotiation = 0.0,
    starts: Starts = 8,
    seed: Seed = 0,
    sets: Sets = None,
    evidence: Evidence = "independent",
    variant: VariantName = None,
    as_json: AsJson = False,
) -> None:
    """Negotiate before and after a change (--set, --against...): what it does to both sides, and which terms drive it.

    --evidence and --variant are those of both, unless others are named for after.
    """
    from bargain.talks.compare import compare_scenarios
    from bargain.talks.published import comparison_record

    before = _scenario(name, evidence, variant, None)
    kept = variant if against is None else None
    after = _scenario(against or name, against_evidence or evidence, against_variant or kept, sets)
    asked = _asked(freeze, grid, start) | {
        "arrangement": arrangement,
        "threat": threat,
        "solution": solution,
        "reply_lag": reply_lag,
        "demands": demands,
        "first": first,
        "breakdown_probability": breakdown,
        "renegotiation_probability": renegotiation,
        "n_starts": starts,
        "seed": seed,
    }
    with _bar() as progress:
        comparison = compare_scenarios(before, after, progress=progress, **asked)
    _print(comparison_record(comparison) if as_json else None, as_json, comparison.summary)
    if not comparison.known:
        raise typer.Exit(NO_ANSWER)


@app.command()
def schema(
    command: Annotated[str, typer.Argument(help="negotiate or compare.", metavar="COMMAND")],
) -> None:
    """Print the JSON Schema of what a command prints with --json."""
    from bargain.talks.published import json_schema

    _print(json_schema(command), True, str)


@app.command()
def check(path: Annotated[Path, typer.Argument(help="A scenario file.", metavar="FILE.toml")]) -> None:
    """Check a scenario file: one line that says it is fine, or what is wrong with it."""
    from bargain.standoff import ScenarioError, load_scenario

    if path.suffix != ".toml":
        raise ScenarioError(f"{path}: not a .toml file")
    scenario = load_scenario(path)
    game = scenario.stage_game()
    moves = " x ".join(str(n) for n in game.n_actions)
    typer.echo(f"{path}: fine ({len(scenario.parameters)} parameters, {', '.join(game.players)}, {moves} moves)")


@app.command("new-scenario")
def new_scenario(
    path: Annotated[Path, typer.Argument(help="Where to write the new file.", metavar="FILE.toml")],
    base: Annotated[str, typer.Option(help="The shipped scenario it extends.")] = "us-china-2025",
) -> None:
    """Write a small scenario file that extends a shipped one, ready to edit; never overwrites."""
    from bargain.standoff import ScenarioError, load_scenario
    from bargain.standoff.template import write_template

    if path.suffix != ".toml":
        raise ScenarioError(f"{path}: not a .toml file")
    write_template(path, load_scenario(base))
    typer.echo(f"wrote {path}; edit it, then: bargain check {path}")


@app.command()
def reproduce(
    names: Annotated[
        list[str] | None, typer.Argument(help="Experiments; all without a name.", metavar="[NAME]...")
    ] = None,
    force: Annotated[bool, typer.Option(help="Run them even when up to date.")] = False,
    workers: Annotated[int, typer.Option(help="Processes that run experiments side by side.", min=1)] = 1,
) -> None:
    """Run the experiments of this checkout and write figures/; skips what is up to date."""
    from bargain.reproduce import reproduce as run

    outcomes = run(names or (), force=force, workers=workers, echo=typer.echo)
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(NO_ANSWER)


# ---------------------------------------------------------------- input


def _scenario(name: str, evidence: str, variant: str | None, sets: list[str] | None) -> Scenario:
    from bargain.standoff import load_scenario

    values: dict[str, float | int | str] = dict(_pairs("--set", "KEY=VALUE", sets))
    return load_scenario(name, evidence=evidence, variant=variant, values=values)


def _pairs(option: str, rule: str, entries: list[str] | None) -> dict[str, str]:
    from bargain.standoff import ScenarioError

    pairs = {}
    for entry in entries or ():
        key, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or not key or not value:
            raise ScenarioError(f"{option} {entry!r}: the rule is {rule}")
        pairs[key] = value
    return pairs


def _asked(freeze: list[str] | None, grid: list[str] | None, start: list[str] | None) -> dict[str, Any]:
    """The settings of ``negotiate`` from repeatable options; ScenarioError for an entry that breaks its rule."""
    from bargain.standoff import ScenarioError

    levels = _pairs("--grid", "VARIABLE=NUMBER", grid)
    for variable, number in levels.items():
        if not number.isdigit():
            raise ScenarioError(f"--grid {variable}={number}: {number!r} is not a whole number")
    at: dict[str, float | str] = {}
    for variable, value in _pairs("--start", "VARIABLE=VALUE", start).items():
        try:
            at[variable] = value if variable == "mood" else float(value)
        except ValueError:
            raise ScenarioError(f"--start {variable}={value}: {value!r} is not a number") from None
    frozen: dict[str, str | tuple[str, ...]] = {}
    for name, held in _pairs("--freeze", "INSTRUMENT=LEVEL", freeze).items():
        several = tuple(part.strip() for part in held.split(","))
        frozen[name] = several if len(several) > 1 else held
    return {
        "levels": {variable: int(number) for variable, number in levels.items()} or None,
        "frozen": frozen,
        "start": at or None,
    }


# ---------------------------------------------------------------- output


def _on_terminal() -> bool:
    return sys.stderr.isatty()


@contextmanager
def _bar() -> Iterator[Callable[[float, str], None] | None]:
    """Draws how far a run is on a terminal; nothing where stderr is piped."""
    if not _on_terminal():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=100, leave=False, bar_format="{percentage:3.0f}%|{bar:30}| {desc}") as bar:

        def show(share: float, stage: str) -> None:
            bar.n = round(100.0 * share)
            bar.set_description_str(stage)

        yield show


def _print(data: Any, as_json: bool, text: Callable[[], str]) -> None:
    typer.echo(json.dumps(data, indent=2, sort_keys=False, allow_nan=False) if as_json else text())


def main() -> None:
    """Run the command; bad input ends in one line on stderr and exit code 2, never in a traceback."""
    from bargain.evidence import UnknownParameterError

    try:
        code = app(standalone_mode=False)
    except (ValueError, UnknownParameterError, OSError) as error:
        code = _complaint(str(error))
    except Exception as error:  # typer's usage errors have no public base class; anything else is ours and stays loud
        if not hasattr(error, "format_message"):
            raise
        code = _complaint(str(error.format_message()))
    sys.exit(code if isinstance(code, int) else 0)


def _complaint(message: str) -> int:
    """Say what is wrong on stderr in one line, or the help text as it is; returns the exit code of bad input."""
    text = message if message.startswith("Usage:") else "bargain: " + " ".join(message.split())
    typer.echo(text, err=True)
    return BAD_INPUT


if __name__ == "__main__":
    main()
