"""The command ``bargain``: what is shipped, what is in it, equilibria of one round, negotiations, the figures.

Tables for people by default, ``--json`` for machines. Exit code 0, 1 (no answer) or 2 (bad input: one clear line on
stderr).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bargain.answers import Answer
    from bargain.standoff import Scenario

NO_ANSWER, BAD_INPUT = 1, 2
CONCEPTS = ("nash", "pure", "lemke-howson", "limit-logit", "qre", "correlated", "coarse-correlated", "stackelberg")

app = typer.Typer(
    help="How the United States and China bargain with tariffs, rare-earth licences and chip controls.",
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


@app.command()
def scenarios(as_json: AsJson = False) -> None:
    """List the scenarios that are shipped."""
    from bargain.standoff import shipped_scenarios

    shipped = shipped_scenarios()
    _print(
        shipped, as_json, lambda: _columns([[name, title] for name, title in shipped.items()], ["scenario", "title"])
    )


@app.command()
def show(
    name: Name,
    evidence: Evidence = "independent",
    variant: VariantName = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Show players, inputs, instruments, variants and all parameters with source and confidence."""
    scenario = _scenario(name, evidence, variant, sets)
    _print(_scenario_data(scenario), as_json, lambda: _scenario_text(scenario))


@app.command()
def keys(name: Name, evidence: Evidence = "independent", as_json: AsJson = False) -> None:
    """List every key that --set takes, with value, range, unit and source."""
    scenario = _scenario(name, evidence, None, None)
    _print(_parameter_rows(scenario), as_json, lambda: _parameter_text(scenario))


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
    from bargain.answers import answers, solver_for

    scenario = _scenario(name, evidence, variant, sets)
    table = scenario.payoffs(players=(*scenario.players, *(player or ())))
    solver = solver_for(concept, len(table.moves.players), leader, precision)
    solution = solve_game(table.game(), solver)
    found = answers(solution)
    data = {"scenario": scenario.record(), "solution": solution.to_dict()}
    data["terms"] = [table.under(answer.weights).to_dict() for answer in found]
    _print(data, as_json, lambda: _solution_text(scenario, table, solution, found))
    if not found:
        raise typer.Exit(NO_ANSWER)


@app.command()
def negotiate(
    name: Name,
    arrangement: Annotated[str, typer.Option(help="truce, deal (side payments) or set (all payoffs; slow).")] = "truce",
    threat: Annotated[str, typer.Option(help="What holds else: path, best, worst or punishment.")] = "path",
    solution: Annotated[str, typer.Option(help="nash, kalai-smorodinsky, egalitarian or utilitarian.")] = "nash",
    reply_lag: Annotated[int, typer.Option(help="Rounds in which a breach stays without an answer.")] = 1,
    freeze: Annotated[list[str] | None, typer.Option(help="Hold an instrument: INSTRUMENT=LEVEL. Repeatable.")] = None,
    grid: Annotated[list[str] | None, typer.Option(help="Grid points: VARIABLE=NUMBER. Repeatable.")] = None,
    starts: Annotated[int, typer.Option(help="Random starts of the search for the best and worst standoff.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the random starts.")] = 0,
    sets: Sets = None,
    evidence: Evidence = "independent",
    variant: VariantName = None,
    as_json: AsJson = False,
) -> None:
    """Negotiate over rounds: what both sides agree on, its worth to each, what follows a breach, how long it lasts."""
    from bargain.standoff import ScenarioError
    from bargain.talks import negotiate as talk

    levels = _pairs("--grid", "VARIABLE=NUMBER", grid)
    for variable, number in levels.items():
        if not number.isdigit():
            raise ScenarioError(f"--grid {variable}={number}: {number!r} is not a whole number")
    agreement = talk(
        _scenario(name, evidence, variant, sets),
        arrangement=arrangement,
        threat=threat,
        solution=solution,
        reply_lag=reply_lag,
        levels={variable: int(number) for variable, number in levels.items()} or None,
        frozen=_pairs("--freeze", "INSTRUMENT=LEVEL", freeze),
        n_starts=starts,
        seed=seed,
    )
    _print(agreement.record() if as_json else None, as_json, agreement.summary)
    if agreement.payoffs is None:
        raise typer.Exit(NO_ANSWER)


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
    workers: Annotated[int, typer.Option(help="Processes for experiments that can use them.", min=1)] = 1,
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


# ---------------------------------------------------------------- output


def _print(data: Any, as_json: bool, text: Callable[[], str]) -> None:
    typer.echo(json.dumps(data, indent=2, sort_keys=False, allow_nan=False) if as_json else text())


def _columns(rows: list[list[str]], header: list[str]) -> str:
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    top = "  ".join(cell.ljust(width) for cell, width in zip(header, widths, strict=True)).rstrip()
    return "\n".join([top, "-" * len(top), *lines])


def _parameter_rows(scenario: Scenario) -> list[dict[str, Any]]:
    rows = []
    for key, p in scenario.parameters.items():
        rows.append(
            {
                "key": key,
                "value": p.value,
                "low": p.low,
                "high": p.high,
                "unit": p.unit,
                "confidence": p.confidence,
                "date": p.date,
                "source": p.source,
                "meaning": p.name,
                "note": p.note,
            }
        )
    return rows


def _parameter_text(scenario: Scenario) -> str:
    rows = [
        [r["key"], f"{r['value']:.6g}", f"{r['low']:.6g} - {r['high']:.6g}", r["unit"], r["confidence"], r["source"]]
        for r in _parameter_rows(scenario)
    ]
    table = _columns(rows, ["key", "value", "range", "unit", "confidence", "source, or the reason of an assumption"])
    choices = "\n".join(f"{key} = {value}" for key, value in scenario.choices.items())
    return f"{table}\n\nchoices (--set takes them too)\n{choices}"


def _scenario_data(scenario: Scenario) -> dict[str, Any]:
    file = scenario.file
    return {
        **scenario.record(),
        "title": file.title,
        "description": file.description,
        "players": {code: player.name for code, player in file.players.items()},
        "strategic": list(scenario.players),
        "inputs": {name: {"exporter": i.exporter, "users": list(i.users)} for name, i in file.inputs.items()},
        "instruments": {name: list(item.levels) for name, item in file.instruments.items()},
        "variants": dict(scenario.variants),
        "choices": dict(scenario.choices),
        "parameters": _parameter_rows(scenario),
    }


def _scenario_text(scenario: Scenario) -> str:
    from bargain.standoff.instruments import owners

    file = scenario.file
    roles = [[c, p.name, "strategic" if p.strategic else "bystander"] for c, p in file.players.items()]
    inputs = [[name, i.exporter, ", ".join(i.users)] for name, i in file.inputs.items()]
    levers = [[name, ", ".join(owners(i)), ", ".join(i.levels)] for name, i in file.instruments.items()]
    parts = [
        f"{file.title} ({scenario.name}; {scenario.evidence_set} evidence)\n{file.description}",
        _columns(roles, ["player", "name", "role"]),
        _columns(inputs, ["input", "exporter", "users"]),
        _columns(levers, ["instrument", "players", "levels"]),
        _columns([[name, reason] for name, reason in scenario.variants.items()], ["variant", "reason"]),
        _parameter_text(scenario),
    ]
    return "\n\n".join(parts)


def _solution_text(scenario: Scenario, table: Any, solution: Any, found: list[Answer]) -> str:
    shape = " x ".join(str(n) for n in table.moves.shape)
    changed = ", ".join(f"{key}={entry}" for key, entry in scenario.record()["changed"].items())
    reading = ", ".join(f"{key.partition('.')[2]} {value}" for key, value in scenario.choices.items())
    head = [
        f"{scenario.file.title}: one round of {scenario.file.round_months:g} months, "
        f"{' x '.join(table.moves.players)}, {shape} moves",
        f"{scenario.evidence_set} evidence; {reading}" + (f"; changed: {changed}" if changed else ""),
        f"{type(solution.solver).__name__}: {solution.status}, scope {solution.scope} ({solution.message})",
        "payoffs in percent of own GDP per year, from open trade at the tariffs before the standoff",
    ]
    blocks = [_answer_text(table, answer) for answer in found]
    return "\n\n".join(["\n".join(head), *blocks])


def _answer_text(table: Any, answer: Answer) -> str:
    from bargain.answers import plays

    players = table.moves.players
    lines = [answer.title, *(f"  {line}" for line in plays(answer, players, table.moves.actions))]
    terms = table.under(answer.weights)
    shown = terms[[*players, *(code for code in terms.columns if code not in players)]]
    rows = [[name, *map(_payoff, row)] for name, row in zip(shown.index, shown.to_numpy(), strict=True)]
    lines += [f"  {line}" for line in _columns(rows, ["term", *shown.columns]).split("\n")]
    return "\n".join([*lines, f"  certificate {answer.certificate}"])


def _payoff(value: float) -> str:
    return f"{value:+.4f}" if abs(value) >= 5e-5 else "0"


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
