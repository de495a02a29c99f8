"""The Gambit adapter: what it returns is certified, it can be stopped, it says what is missing."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest
from known_games import KNOWN_GAMES, mckelvey_mclennan

from bargain.games import certify
from bargain.solvers import Gambit, Solution, Status, solve, solver_named
from bargain.solvers import gambit as adapter

needs_gambit = pytest.mark.skipif(importlib.util.find_spec("pygambit") is None, reason="the extra 'gambit' is missing")
THREE = mckelvey_mclennan().game
TWO = next(known for known in KNOWN_GAMES if known.name == "von Stengel 3x2")


@needs_gambit
def test_all_nine_equilibria_of_mckelvey_and_mclennan():
    solution = solve(THREE, Gambit())
    assert len(solution.equilibria) == 9
    assert solution.rejected == ()
    assert "pygambit" in solution.message
    for equilibrium in solution.equilibria:
        assert certify(THREE, equilibrium.profile).relative_regret.max() < 1e-11
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution


@needs_gambit
@pytest.mark.parametrize(("method", "count"), [("enummixed", 3), ("enumpure", 1), ("lcp", 3), ("simpdiv", 1)])
def test_methods_for_two_players(method, count):
    solution = solve(TWO.game, Gambit(method=method))
    assert solution.status is Status.SOLVED
    assert 1 <= len(solution.equilibria) <= count
    listed = [np.concatenate(profile) for profile in TWO.extreme]
    for equilibrium in solution.equilibria:
        row = np.concatenate(equilibrium.profile)
        assert min(np.abs(row - other).max() for other in listed) < 1e-9


@needs_gambit
def test_a_logit_path_that_ends_nowhere_is_rejected():
    """Some releases report a profile with a regret of a third of a payoff unit here; it must not pass."""
    solution = solve(THREE, Gambit(method="logit"))
    assert all(certify(THREE, equilibrium.profile).holds for equilibrium in solution.equilibria)
    assert bool(solution.equilibria) != bool(solution.rejected)


@needs_gambit
def test_a_method_that_hangs_is_ended():
    solution = solve(THREE, Gambit(method="enumpoly", time_limit=0.05))
    assert solution.status is Status.STOPPED_EARLY
    assert "time limit reached, Gambit's enumpoly was ended" in solution.message


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(adapter.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install bargain-games\[gambit\]"):
        solve(THREE, Gambit())


@pytest.mark.parametrize("method", adapter.TWO_PLAYERS)
def test_two_player_methods_refuse_three(method):
    with pytest.raises(ValueError, match=f"Gambit's {method} solves games of 2 players, this one has 3"):
        solve(THREE, Gambit(method=method))


def test_unknown_methods_get_a_hint():
    with pytest.raises(ValueError, match="did you mean 'enumpoly'"):
        Gambit(method="enumpolly")
    assert solver_named("Gambit", method="gnm") == Gambit(method="gnm")


def rough_answer(*_):
    return {"profiles": [[[0.001, 0.332, 0.667], [0.334, 0.666]]], "version": "0"}


def test_rough_profiles_are_polished_or_refused(monkeypatch):
    monkeypatch.setattr(adapter.importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(adapter, "_asked", rough_answer)
    (equilibrium,) = solve(TWO.game, Gambit(method="liap")).equilibria
    np.testing.assert_allclose(np.concatenate(equilibrium.profile), [0, 1 / 3, 2 / 3, 1 / 3, 2 / 3], atol=1e-12)
    assert solve(TWO.game, Gambit(method="liap", polish=False)).status is Status.REJECTED_ALL


def test_an_error_of_the_peer_is_told(monkeypatch):
    monkeypatch.setattr(adapter.importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(adapter, "_asked", lambda *_: {"error": "IndexError: no"})
    solution = solve(TWO.game, Gambit(method="liap"))
    assert solution.status is Status.NO_EQUILIBRIUM_FOUND
    assert "Gambit's liap failed: IndexError: no" in solution.message
