"""The commands ``bargain compare`` and ``bargain schema`` as a user types them, and the progress bar."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bargain import cli

Run = Callable[..., tuple[int, str, str]]
SMALL = ("--grid", "military=2", "--grid", "rebuilt=2", "--grid", "substitution=2")
CHANGE = ("--set", "US.audience_cost=0.3")
SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bargain", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return call


def test_the_text_says_what_changed_and_which_terms_drove_it_for_both_sides(run: Run) -> None:
    code, out, err = run("compare", "us-china-2025", *SMALL, *CHANGE)
    assert (code, err) == (0, "")
    for words in (
        "US.audience_cost: 0.1 -> 0.3",
        "US gain",
        "CN gain",
        "what moved the payoff",
        "driven by",
        "Shapley",
    ):
        assert words in out


def test_json_is_stable_and_names_versions(run: Run) -> None:
    first, second = (run("compare", "us-china-2025", *SMALL, *CHANGE, "--json")[1] for _ in range(2))
    assert first == second
    data = json.loads(first)
    assert data["schema_version"] == data["before"]["schema_version"] == "1"
    for player in ("US", "CN"):
        change = sum(term[player]["change"] for term in data["payoff_terms"].values())
        assert abs(change - data["change"][player]["payoff"]) < 1e-9


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("--against", "us-china-2025-gallium"), {"scenario"}),
        (("--against-evidence", "article"), {"evidence", "state.substitution"}),
    ],
)
def test_another_scenario_or_evidence_can_be_named_for_after(
    run: Run, options: tuple[str, ...], keys: set[str]
) -> None:
    code, out, _ = run("compare", "us-china-2025", *SMALL, *options, "--json")
    assert code == 0
    assert keys <= {entry["key"] for entry in json.loads(out)["changed"]}


def test_start_and_demands_arrive(run: Run) -> None:
    options = ("--start", "military=1", "--start", "mood=split", "--demands", "insisted", "--json")
    data = json.loads(run("negotiate", "us-china-2025", *SMALL, *options)[1])
    assert data["run"]["start"] == {"military": 1.0, "mood": "split"}
    assert data["run"]["settings"]["demands"] == "insisted"


def test_no_standoff_is_exit_code_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from bargain.talks import negotiation
    from bargain.talks.standoffs import Standoff

    monkeypatch.setattr(negotiation, "find_standoff", lambda setting, request: Standoff("path", None, "lost", 0))
    code, out, _ = run("compare", "us-china-2025", *SMALL, *CHANGE)
    assert code == 1
    assert "status: no standoff found -> no standoff found" in out
    assert "unknown" in next(line for line in out.splitlines() if line.startswith("CN payoff"))
    code, out, _ = run("compare", "us-china-2025", *SMALL, *CHANGE, "--json")
    assert code == 1
    assert json.loads(out)["payoff_terms"] is None


@pytest.mark.parametrize("command", ["negotiate", "compare"])
def test_schema_prints_the_committed_file(run: Run, command: str) -> None:
    code, out, _ = run("schema", command)
    assert code == 0
    assert out == (SCHEMAS / f"{command}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "us-china-2025"], "before and after are the same"),
        (["compare", "us-china-2025", "--set", "US.audience_csot=1"], "did you mean 'US.audience_cost'?"),
        (["compare", "us-china-2025", "--against", "us-china-2052"], "us-china-2025"),
        (["compare", "us-china-2025", *CHANGE, "--threat", "pth"], "did you mean 'path'?"),
        (["negotiate", "us-china-2025", *SMALL, "--start", "militry=2"], "did you mean 'military'?"),
        (["negotiate", "us-china-2025", *SMALL, "--start", "mood=hwk"], "did you mean 'hawk'?"),
        (["negotiate", "us-china-2025", *SMALL, "--start", "military=few"], "'few' is not a number"),
        (["schema", "compre"], "did you mean 'compare'?"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(run: Run, arguments: list[str], words: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("bargain: ")
    assert err.count("\n") == 1
    assert words in err


def test_a_bar_is_drawn_on_a_terminal_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _, piped, nothing = run("negotiate", "us-china-2025", *SMALL)
    assert nothing == ""
    monkeypatch.setattr(cli, "_on_terminal", lambda: True)
    _, shown, bar = run("negotiate", "us-china-2025", *SMALL)
    assert shown == piped
    assert "100%" in bar
    assert "standoff" in bar
