"""Many games at once: the answers of one by one, for every route that a game can take."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from known_games import KNOWN_GAMES
from known_markov_games import two_state_prisoners

import bargain
from bargain.games import StageGame
from bargain.solvers import (
    EnforceableDeals,
    EquilibriumSolution,
    LemkeHowson,
    LogitPath,
    Proposal,
    PureNash,
    Scope,
    Solver,
    Status,
    SupportEnumeration,
    batch_proposal,
    solve,
    solve_many,
)
from bargain.solvers.batch_proposal import propose_batch
from bargain.solvers.canonical_order import NameOrder
from bargain.solvers.many_solution import ManySolution
from bargain.solvers.watch import Watch

RNG = np.random.default_rng
COMPILED_FROM = 24


@pytest.fixture(autouse=True)
def compiled_early(monkeypatch):
    """Batches of a quarter of the size take the compiled route, which does not depend on how many they are."""
    monkeypatch.setattr(batch_proposal, "COMPILED_FROM", COMPILED_FROM)


def assert_same(many: ManySolution, payoffs_batch, solver) -> None:
    """Everything that ``solve()`` says about each game, in the same order."""
    assert len(many) == len(payoffs_batch)
    for i, payoffs in enumerate(payoffs_batch):
        one, own = solve(StageGame(payoffs), solver), many.solution(i)
        for name in ("status", "scope", "message", "components", "degenerate", "rejected", "game", "solver"):
            assert getattr(own, name) == getattr(one, name), (i, name)
        assert len(own.equilibria) == many.n_equilibria[i]
        for left, right in zip(own.equilibria, one.equilibria, strict=True):
            spread = np.where(own.game.payoff_range > 0, own.game.payoff_range, 1.0)
            for mine, theirs in zip(left.profile, right.profile, strict=True):
                np.testing.assert_allclose(mine, theirs, atol=1e-9)
            np.testing.assert_allclose(left.payoffs / spread, right.payoffs / spread, atol=1e-9, rtol=1e-12)
            np.testing.assert_allclose(left.certificate.regret / spread, 0.0, atol=1e-9)


def proposed(batch, solver):
    """The games of a batch that need not be solved one by one."""
    template = StageGame(batch[0])
    return propose_batch(batch, solver, NameOrder.of(template.players, template.actions), 1e-8, 1, Watch())


def random_batch(kind: str, shape: tuple[int, ...], seed: int = 1):
    rng = RNG(seed)
    if kind == "integers":
        return rng.integers(0, 4, size=shape).astype(float)
    scales = 10.0 ** rng.uniform(-6, 6, size=(*shape[:2], 1, 1)) if kind == "scaled" else 1.0
    return scales * (rng.normal(size=shape) + (1.0 if kind == "scaled" else 0.0))


@pytest.mark.parametrize("kind", ["normal", "integers", "scaled"])
@pytest.mark.parametrize("size", [(2, 2), (3, 3), (3, 5), (5, 4), (1, 3)])
def test_all_equilibria_as_one_by_one(kind, size):
    batch = random_batch(kind, (COMPILED_FROM, 2, *size))
    many = solve_many(batch, SupportEnumeration())
    assert_same(many, batch, SupportEnumeration())
    quick = proposed(batch, SupportEnumeration())
    if kind != "integers" and min(size) > 1:
        assert quick.decided.all()  # the point of the compiled route: random games do not need the other
    if kind == "integers":
        assert not quick.decided.all()


def test_larger_games_as_one_by_one():
    batch = RNG(2).normal(size=(COMPILED_FROM, 2, 6, 6))
    assert_same(solve_many(batch, SupportEnumeration()), batch, SupportEnumeration())
    batch = np.concatenate([RNG(3).normal(size=(4, 2, 10, 9)), np.zeros((COMPILED_FROM, 2, 10, 9))])
    quick = proposed(batch, SupportEnumeration())
    assert quick.decided.tolist() == [True] * 4 + [False] * COMPILED_FROM
    assert_same(solve_many(batch[:4], SupportEnumeration()), batch[:4], SupportEnumeration())
    for i in range(4):
        rows = quick.game_of == i
        one = solve(StageGame(batch[i]), SupportEnumeration())
        np.testing.assert_allclose(quick.strategies[0][rows], [eq.profile[0] for eq in one.equilibria], atol=1e-9)


@pytest.mark.parametrize("gap", [0.0, 1e-14, 1e-10, 1e-9, 5e-9, 1e-7, 1e-5])
def test_near_ties_are_left_to_the_careful_solver(gap):
    """A duplicated action that is better by a gap: below the margin the compiled route must not decide."""
    batch = RNG(4).normal(size=(COMPILED_FROM, 2, 3, 3))
    batch[:, 0, 2] = batch[:, 0, 1] + gap
    batch[:, 1, 2] = batch[:, 1, 1]
    quick = proposed(batch, SupportEnumeration())
    if gap <= 1e-9:
        assert quick.decided.mean() < 0.5  # the rest never come near the tie
    assert_same(solve_many(batch, SupportEnumeration()), batch, SupportEnumeration())


@pytest.mark.parametrize("shape", [(4,), (3, 2), (2, 3, 2), (2, 2, 2, 2)])
@pytest.mark.parametrize("kind", [2, 5])
def test_pure_equilibria_for_any_number_of_players(shape, kind):
    batch = RNG(5).integers(0, kind, size=(60, len(shape), *shape)).astype(float) * 1e3
    many = solve_many(batch, PureNash())
    assert_same(many, batch, PureNash())
    assert proposed(batch, PureNash()).decided.all()


def test_a_failing_certificate_is_left_to_solve(monkeypatch):
    """A tie of 1e-11 is an equilibrium to the solver; at tolerance zero its certificate fails, here as there."""
    batch = np.array([[[[1.0, 0.0], [1.0 + 1e-11, 0.0]], [[1.0, 0.0], [1.0, 0.0]]]])
    many = solve_many(batch, PureNash(), tolerance=0.0)
    one = solve(StageGame(batch[0]), PureNash(), tolerance=0.0)
    assert len(one.rejected) == 1
    assert many.solution(0).rejected == one.rejected
    assert many.scope == (Scope.SOME,)


@pytest.mark.parametrize("solver", [LemkeHowson(), SupportEnumeration("exact"), SupportEnumeration(time_limit=60.0)])
def test_other_solvers_and_settings_take_the_games_one_by_one(solver):
    batch = random_batch("integers", (20, 2, 3, 3))
    assert not proposed(batch, solver).decided.any()
    assert_same(solve_many(batch, solver), batch, solver)


def test_known_games_in_a_batch():
    for known in KNOWN_GAMES:
        if known.game.n_players == 2:
            batch = np.repeat(known.game.payoffs[None], COMPILED_FROM, axis=0)
            many = solve_many(batch, SupportEnumeration(), players=known.game.players, actions=known.game.actions)
            one = solve(known.game, SupportEnumeration())
            assert (many.status[-1], many.components[-1]) == (one.status, one.components)
            for left, right in zip(many.equilibria(-1), one.equilibria, strict=True):
                for mine, theirs in zip(left.profile, right.profile, strict=True):
                    np.testing.assert_allclose(mine, theirs, atol=1e-12)


def test_workers_and_blocks_change_nothing(monkeypatch):
    batch = np.concatenate([random_batch("normal", (150, 2, 3, 3)), random_batch("integers", (50, 2, 3, 3))])
    plain = solve_many(batch, SupportEnumeration())
    monkeypatch.setattr(batch_proposal, "BLOCK", 64)
    two = solve_many(batch, SupportEnumeration(), workers=2)
    monkeypatch.undo()
    assert two == plain
    assert json.dumps(two.to_dict()) == json.dumps(plain.to_dict())
    assert solve_many(batch[::-1], SupportEnumeration()).message == plain.message[::-1]


@dataclass(frozen=True)
class Moody(Solver[StageGame, EquilibriumSolution]):
    """Fails on games whose first payoff is negative, and finds nothing where it is above one."""

    concept: ClassVar[str] = "Nash equilibrium"
    solution_type: ClassVar[type[EquilibriumSolution]] = EquilibriumSolution

    def propose(self, game: StageGame) -> Proposal:
        first = game.payoffs.flat[0]
        if first < 0.0:
            raise ArithmeticError("negative")
        return Proposal(candidates=() if first > 1.0 else ((0, 0), (1, 1)), message="looked")


def test_failures_are_rows():
    batch = np.zeros((3, 2, 2, 2))
    batch[1], batch[2] = -1.0, 2.0
    many = solve_many(batch, Moody())
    assert many.status == (Status.SOLVED, Status.NO_EQUILIBRIUM_FOUND, Status.NO_EQUILIBRIUM_FOUND)
    assert many.success.tolist() == [True, False, False]
    assert many.message[1:] == ("Moody failed on this game: ArithmeticError: negative", "looked")
    frame = many.to_frame()
    assert list(frame.columns[:3]) == ["game", "status", "message"]
    assert frame.groupby("game").size().tolist() == [8, 1, 1]
    assert frame[frame["game"] > 0]["probability"].isna().all()
    pure = solve_many([[[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]], PureNash())
    assert (pure.status, pure.scope, len(pure.to_frame())) == ((Status.NO_EQUILIBRIUM_FOUND,), (Scope.ALL,), 1)


def test_table_agrees_with_the_tables_of_single_games():
    batch = random_batch("integers", (COMPILED_FROM, 2, 2, 3))
    many = solve_many(batch, SupportEnumeration(), players=("US", "CN"), actions=(("a", "b"), ("x", "y", "z")))
    frame = many.to_frame()
    for i in (0, 7, COMPILED_FROM - 1):
        own = frame[frame["game"] == i].reset_index(drop=True)
        single = many.solution(i).to_frame()
        for name in single.columns:
            assert own[name].tolist() == single[name].tolist()


def test_round_trips():
    batch = random_batch("integers", (30, 2, 2, 2))
    for many in (
        solve_many(batch, SupportEnumeration()),
        solve_many(batch[:0], PureNash()),
        solve_many(batch, Moody()),
    ):
        twin = ManySolution.from_dict(json.loads(json.dumps(many.to_dict())))
        assert twin == many
        assert hash(twin) == hash(many)
        assert pickle.loads(pickle.dumps(many)) == many
        assert json.dumps(twin.to_dict()) == json.dumps(many.to_dict())
        assert "run_time" in many.to_dict(run_time=True)
    with pytest.raises(ValueError, match="result of many games: entry 'status' is missing"):
        ManySolution.from_dict({key: value for key, value in many.to_dict().items() if key != "status"})
    with pytest.raises(ValueError, match="read-only"):
        twin.payoffs_batch[0] = 1.0


def test_time_limit_and_progress():
    batch = random_batch("integers", (COMPILED_FROM, 2, 3, 3))
    late = solve_many(batch, SupportEnumeration(), time_limit=0.0)
    assert set(late.status) == {Status.STOPPED_EARLY}
    assert set(late.message) == {"time limit of the batch reached before this game"}
    assert len(late.to_frame()) == COMPILED_FROM
    told: list[float] = []
    full = solve_many(batch, SupportEnumeration(), time_limit=100.0, progress=lambda share, stage: told.append(share))
    assert full.success.all()
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 3


@pytest.mark.parametrize(
    ("payoffs", "solver", "kwargs", "error", "message"),
    [
        (
            np.zeros((3, 2, 2)),
            PureNash(),
            {},
            ValueError,
            r"payoffs_batch of shape \(3, 2, 2\) is not",
        ),
        (np.zeros((3, 3, 2, 2)), PureNash(), {}, ValueError, "with one action axis for each player"),
        (np.full((1, 2, 2, 2), np.nan), PureNash(), {}, ValueError, r"payoffs_batch\[0, 0, 0, 0\] = nan is not finite"),
        (np.full((1, 2, 2, 2), 1e200), PureNash(), {}, ValueError, "payoffs_batch reaches 1e.200 in size"),
        (np.zeros((1, 3, 2, 2, 2)), LemkeHowson(), {}, ValueError, "LemkeHowson solves games of 2 players"),
        (np.zeros((1, 2, 2, 2)), PureNash, {}, TypeError, "is not a solver such as PureNash"),
        (np.zeros((1, 2, 2, 2)), PureNash(), {"workers": 0}, ValueError, "workers = 0 is not a positive number"),
        (np.zeros((1, 2, 2, 2)), PureNash(), {"tolerance": 2.0}, ValueError, "tolerance = 2.0 is not a share"),
        (np.zeros((1, 2, 2, 2)), PureNash(), {"time_limit": -1.0}, ValueError, "time_limit = -1.0"),
        (np.zeros((1, 2, 2, 2)), PureNash(), {"players": ["a", "a"]}, ValueError, "label 'a' is used twice"),
    ],
)
def test_bad_input(payoffs, solver, kwargs, error, message):
    with pytest.raises(error, match=message):
        solve_many(payoffs, solver, **kwargs)


def test_games_outside_the_batch_and_names_at_the_top():
    many = bargain.solve_many(np.zeros((2, 2, 1, 1)), bargain.PureNash())
    assert isinstance(many, bargain.ManySolution)
    assert many.game(1) == StageGame(np.zeros((2, 1, 1)))
    with pytest.raises(IndexError, match="game 2 is not one of the 2 games"):
        many.equilibria(2)


def test_quantal_responses_are_refused_rather_than_dropped():
    with pytest.raises(TypeError, match="finds quantal responses, which are no equilibria"):
        solve_many(np.zeros((2, 2, 2, 2)), LogitPath(precision=1.0))


def test_draws_of_a_game_with_states_go_to_enforceable_many():
    game = two_state_prisoners(0.7)
    draws = game.payoffs * np.array([1.0, 2.0, 0.5]).reshape(-1, 1, 1, 1, 1)
    found = solve_many(draws, EnforceableDeals(), game=game)
    for i, factor in enumerate((1.0, 2.0, 0.5)):
        np.testing.assert_allclose(found.joint_value[i], factor * np.array([5.51351351, 6.48648649]), rtol=1e-8)
    with pytest.raises(TypeError, match="EnforceableDeals needs game="):
        solve_many(draws, EnforceableDeals())
    with pytest.raises(ValueError, match=r"payoffs_batch of shape \(3, 2, 2, 2\) is not \(n_draws, 2, 2, 2, 2\)"):
        solve_many(draws[:, 0], EnforceableDeals(), game=game)
    with pytest.raises(TypeError, match="goes with EnforceableDeals; PureNash takes the payoffs alone"):
        solve_many(np.zeros((1, 2, 2, 2)), PureNash(), game=game)
