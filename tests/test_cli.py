"""The command line as a user types it: tables, JSON, exit codes, and one clear line for bad input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bargain
from bargain import cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bargain", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return call


def test_scenarios_lists_what_is_shipped(run: Run) -> None:
    code, out, err = run("scenarios")
    assert (code, err) == (0, "")
    assert "us-china-2025 " in out
    assert "us-china-2025-gallium" in out
    assert set(json.loads(run("scenarios", "--json")[1])) == set(bargain.shipped_scenarios())


def test_show_prints_players_instruments_and_parameters_with_source_and_confidence(run: Run) -> None:
    code, out, _ = run("show", "us-china-2025")
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("light_magnets.US.dependence"))
    assert "0.8" in line
    assert "retrieved" in line
    assert "[us_magnet_dep_cn]" in line
    assumed = next(line for line in out.splitlines() if line.startswith("CN.audience_cost"))
    assert "assumed" in assumed
    assert "0 - 0.5" in assumed
    data = json.loads(run("show", "us-china-2025", "--json")[1])
    assert data["strategic"] == ["US", "CN"]
    assert {row["key"] for row in data["parameters"]} == set(bargain.load_scenario("us-china-2025").parameters)


def test_keys_are_what_set_takes(run: Run) -> None:
    rows = json.loads(run("keys", "us-china-2025", "--json")[1])
    assert all(row["low"] <= row["value"] <= row["high"] and row["unit"] and row["source"] for row in rows)
    code, _, _ = run("solve", "us-china-2025", "--set", f"{rows[0]['key']}={rows[0]['value']}")
    assert code == 0


def test_solve_prints_move_names_terms_and_certificate(run: Run) -> None:
    code, out, err = run("solve", "us-china-2025")
    assert (code, err) == (0, "")
    for word in (
        "equilibrium 1 of",
        "tariffs",
        "shortage",
        "security_gain",
        "licence_rent",
        "total",
        "certificate holds",
    ):
        assert word in out
    data = json.loads(run("solve", "us-china-2025", "--json")[1])
    assert data["solution"]["scope"] == "all"
    for terms, equilibrium in zip(data["terms"], data["solution"]["equilibria"], strict=True):
        for player, payoff in zip(("US", "CN"), equilibrium["payoffs"], strict=True):
            own = {name: value for name, value in terms[player].items() if name != "total"}
            assert sum(own.values()) == pytest.approx(terms[player]["total"], abs=1e-12)
            assert terms[player]["total"] == pytest.approx(payoff, abs=1e-12)


def test_an_empty_military_stock_costs_the_us_under_every_denial_and_costs_china_nothing() -> None:
    full = bargain.load_scenario("us-china-2025").payoffs()
    empty = bargain.load_scenario("us-china-2025", values={"heavy_rare_earths.US.military_stock_months": 0}).payoffs()
    us, cn = (full.players.index(code) for code in ("US", "CN"))
    for column, action in enumerate(full.moves.actions[1]):
        loss = full.total[0, us, :, column] - empty.total[0, us, :, column]
        gain = empty.total[0, cn, :, column] - full.total[0, cn, :, column]
        if action.endswith("/open"):
            assert loss == pytest.approx(0, abs=1e-12)
        else:
            assert (loss > 0.1).all()
            assert (gain >= 0).all()


@pytest.mark.parametrize("concept", ["nash", "pure", "lemke-howson"])
def test_every_concept_finds_the_same_pure_equilibrium(run: Run, concept: str) -> None:
    code, out, _ = run("solve", "us-china-2025", "--concept", concept)
    assert code == 0
    assert "CN  truce/ban" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--concept", "limit-logit"], "LogitPath: solved"),
        (["--concept", "qre", "--precision", "50"], "distance from its own logit response"),
        (["--concept", "correlated"], "gain from disobeying"),
        (["--concept", "coarse-correlated"], "gain from disobeying"),
        (["--concept", "stackelberg", "--leader", "CN"], "CN moves first"),
    ],
)
def test_every_other_concept_prints_certified_answers_whose_terms_add_up(
    run: Run, arguments: list[str], words: str
) -> None:
    code, out, err = run("solve", "us-china-2025", *arguments)
    assert (code, err) == (0, "")
    assert words in out
    assert "certificate holds" in out
    data = json.loads(run("solve", "us-china-2025", *arguments, "--json")[1])
    assert data["terms"]
    for terms in data["terms"]:
        for player in ("US", "CN"):
            own = [value for name, value in terms[player].items() if name != "total"]
            assert sum(own) == pytest.approx(terms[player]["total"], abs=1e-9)


def test_a_mediator_recommends_pairs_of_moves(run: Run) -> None:
    stocks = ["--set", "heavy_rare_earths.US.civil_stock_months=0", "--set", "light_magnets.US.civil_stock_months=0"]
    _, out, _ = run("solve", "us-china-2025", *stocks, "--concept", "correlated")
    assert " against truce/" in out


def test_a_bystander_can_be_made_strategic(run: Run) -> None:
    code, out, _ = run("solve", "us-china-2025", "--player", "EU")
    assert code == 0
    assert "9 x 12 x 3 moves" in out
    assert "there may be mixed ones" in out


def test_no_answer_is_exit_code_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    pennies = bargain.StageGame(np.array([[[1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0]]]))
    monkeypatch.setattr("bargain.standoff.payoff_table.PayoffTable.game", lambda self, draw=0: pennies)
    code, out, _ = run("solve", "us-china-2025", "--concept", "pure")
    assert code == 1
    assert "no_equilibrium_found" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sove"], "Did you mean 'solve'"),
        (["solve", "us-china-2025", "--concpt", "nash"], "--concept"),
        (["solve", "us-china-2025", "--concept", "nsh"], "did you mean 'nash'?"),
        (["solve", "us-china-2025", "--concept", "qre"], "needs --precision"),
        (["solve", "us-china-2025", "--concept", "qre", "--precision", "-1"], "precision"),
        (["solve", "us-china-2025", "--concept", "stackelberg", "--leader", "CNN"], "did you mean 'CN'?"),
        (["solve", "us-chin-2025"], "did you mean 'us-china-2025'?"),
        (["solve", "us-china-2025", "--set", "heavy_rare_earths.US.military_stok_months=0"], "military_stock_months"),
        (["solve", "us-china-2025", "--set", "US.audience_cost"], "the rule is KEY=VALUE"),
        (["solve", "us-china-2025", "--set", "US.audience_cost=much"], "'much' is not a number"),
        (["solve", "us-china-2025", "--set", "US.audience_cost=nan"], "US.audience_cost = nan is not a finite number"),
        (["solve", "us-china-2025", "--set", "light_magnets.US.dependence=1.4"], "is not a share in [0, 1]"),
        (["solve", "us-china-2025", "--set", "state.mood=hawkish"], "did you mean 'hawk'?"),
        (["solve", "us-china-2025", "--evidence", "artcle"], "did you mean 'article'?"),
        (["solve", "us-china-2025", "--variant", "imf"], "imf_loss"),
        (["solve", "us-china-2025", "--player", "BR"], "'BR' is not a player"),
        (["solve", "us-china-2025", "--player", "US"], "the player 'US' is named twice"),
        (["solve", "us-china-2025", "--player", "EU", "--concept", "lemke-howson"], "2 players"),
        (["check", "nowhere.toml"], "no such file"),
        (["check", "scenario.json"], "not a .toml file"),
        (["new-scenario", "no/such/folder/my.toml"], "there is no folder"),
        (["new-scenario", "my.json"], "not a .toml file"),
        (["new-scenario", "my.toml", "--base", "us-china-2052"], "did you mean 'us-china-2025'?"),
        (["reproduce", "stage_gam"], "stage_game"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    run: Run, arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("bargain: ")
    assert err.count("\n") == 1
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_a_new_scenario_is_fine_as_written_and_never_overwrites(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    assert run("new-scenario", str(path))[0] == 0
    code, out, _ = run("check", str(path))
    assert code == 0
    n_parameters = len(bargain.load_scenario(path).parameters)
    assert f"fine ({n_parameters} parameters, US, CN, 9 x 12 moves)" in out
    written = path.read_bytes()
    code, _, err = run("new-scenario", str(path))
    assert code == 2
    assert "exists already" in err
    assert path.read_bytes() == written
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.toml"]


def test_reproduce_reports_failure_as_exit_code_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from bargain.reproduce import Outcome

    outcomes = [Outcome("one", "written"), Outcome("two", "failed", message="ValueError: broken")]
    monkeypatch.setattr("bargain.reproduce.reproduce", lambda names, **settings: outcomes)
    assert run("reproduce")[0] == 1
    outcomes.pop()
    assert run("reproduce")[0] == 0


def test_our_own_mistakes_stay_loud(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> dict[str, str]:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("bargain.standoff.shipped_scenarios", broken)
    monkeypatch.setattr(sys, "argv", ["bargain", "scenarios"])
    with pytest.raises(ZeroDivisionError, match="ours"):
        cli.main()
