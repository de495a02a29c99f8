"""The command ``bargain negotiate`` as a user types it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from bargain import cli

Run = Callable[..., tuple[int, str, str]]
SMALL = ("--grid", "military=2", "--grid", "rebuilt=2", "--grid", "substitution=2")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bargain", "negotiate", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return call


def test_the_default_names_threat_payoffs_terms_and_certificates(run: Run) -> None:
    code, out, err = run("us-china-2025", *SMALL)
    assert (code, err) == (0, "")
    for words in (
        "truce without side payments",
        "threat path",
        "others may exist",
        "gain, bn USD a year",
        "after a breach",
    ):
        assert words in out
    assert "standoff holds" in out.splitlines()[-1]


@pytest.mark.parametrize("options", [("--arrangement", "deal", "--threat", "punishment"), ("--threat", "worst")])
def test_json_is_plain_and_stable(run: Run, options: tuple[str, ...]) -> None:
    first, second = (run("us-china-2025", *SMALL, "--starts", "2", "--json", *options)[1] for _ in range(2))
    assert first == second
    data = json.loads(first)
    assert data["status"] == "agreement"
    assert data["certified"]
    assert set(data["players"]) == {"US", "CN"}
    assert data["run"]["parameters_hash"]


def test_evidence_values_and_frozen_instruments_arrive(run: Run) -> None:
    options = ("--evidence", "article", "--set", "trade.elasticity=2", "--freeze", "licences=open", "--reply-lag", "2")
    data = json.loads(run("us-china-2025", *SMALL, *options, "--json")[1])
    assert data["run"]["evidence"] == "article"
    assert data["run"]["changed"] == {"trade.elasticity": 2.0}
    assert data["run"]["settings"]["frozen"] == {"licences": "open"}
    assert data["run"]["settings"]["reply_lag"] == 2


def test_repeated_negotiation_validates_against_the_published_record(run: Run) -> None:
    options = ("--arrangement", "deal", "--threat", "punishment", "--solution", "repeated-negotiation")
    data = json.loads(run("us-china-2025", *SMALL, *options, "--renegotiation", "0.25", "--json")[1])
    assert data["status"] == "agreement"
    assert data["certified"]


def test_several_levels_and_the_order_of_offers_arrive(run: Run) -> None:
    options = (
        "--freeze",
        "licences=open,dual_track",
        "--solution",
        "rubinstein",
        "--first",
        "CN",
        "--breakdown",
        "0.1",
    )
    settings = json.loads(run("us-china-2025", *SMALL, *options, "--json")[1])["run"]["settings"]
    assert settings["frozen"] == {"licences": ["open", "dual_track"]}
    assert (settings["first"], settings["breakdown_probability"]) == ("CN", 0.1)


def test_no_standoff_is_exit_code_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from bargain.talks import negotiation
    from bargain.talks.standoffs import Standoff

    monkeypatch.setattr(negotiation, "find_standoff", lambda setting, request: Standoff("path", None, "lost", 0))
    code, out, _ = run("us-china-2025", *SMALL)
    assert code == 1
    assert "no standoff found" in out
    code, out, _ = run("us-china-2025", *SMALL, "--json")
    assert code == 1
    assert json.loads(out)["players"]["US"]["payoff"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--threat", "pth"], "did you mean 'path'?"),
        (["--arrangement", "deel"], "did you mean 'deal'?"),
        (["--solution", "kalai"], "kalai-smorodinsky"),
        (["--threat", "punishment"], "needs arrangement = 'deal' or 'set'"),
        (["--freeze", "chip_contol=open"], "did you mean 'chip_control'?"),
        (["--freeze", "chip_control"], "the rule is INSTRUMENT=LEVEL"),
        (["--grid", "militry=3"], "did you mean 'military'?"),
        (["--grid", "military=few"], "'few' is not a whole number"),
        (["--set", "US.audience_cost=nan"], "not a finite number"),
        (["--reply-lag", "0"], "reply_lag = 0"),
        (["--freeze", "licences=open,bann"], "did you mean 'ban'?"),
        (["--solution", "rubinstein", "--first", "USA"], "did you mean 'US'?"),
        (["--renegotiation", "0.5"], "goes with solution = 'repeated-negotiation' only"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(run: Run, arguments: list[str], words: str) -> None:
    code, out, err = run("us-china-2025", *SMALL, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("bargain: ")
    assert err.count("\n") == 1
    assert words in err
