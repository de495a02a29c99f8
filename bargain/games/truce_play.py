"""A truce on a Markov game: agreed moves kept in some states, a standoff for ever after; its life and its certificate.

While it lasts W_i = (1 - d) u_i(m) + d E[W_i]; on entering a state that is not active it ends and the standoff's values
v_i hold. It enforces itself when in every active state W_i >= D_i, what i gets from the best own moves against the
agreed ones for the reply lag of L rounds and from the standoff afterwards. Lives are those of an absorbing chain
(Kemeny and Snell 1960, theorem 3.2.4). Nothing here is shared with a solver: values come from sparse linear systems,
deviations from one transition matrix for each action, and the claim that no other state could be active from the value
of stopping at will, iterated from above, where every iterate is a bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from bargain.games.certificate import DEFAULT_TOLERANCE, Certificate
from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stationary import StationaryProfile, stationary_values

SAME = 1e-8
"""Recorded and recomputed values closer than this share of the payoff range are the same."""

MOST_ROUNDS = 20_000
"""Iterations of a stopping problem after which a bound counts as not proven."""


@dataclass(frozen=True, eq=False)
class TrucePlay(ArrayRecord):
    """Agreed moves with the states in which they enforce themselves.

    moves: ``(n_states, n_players)``, action indices; active: ``(n_states,)``; dropped: ``(n_states,)``, 0 in active
    states, else the step at which the state fell out of the largest set (1: it breaks even if the truce held
    everywhere else; later: because it does not), -1 where the agreed move is not available; values: ``(n_states,
    n_players)``, the standoff's in states that are not active; agreed_values, deviation_values, replies: what keeping
    to the truce is worth, what the best deviation is, and its first action (the agreed one: to give notice), all as
    tested, for a dropped state with the states of its step; standoff_values; expected_life: ``(n_states,)`` rounds
    played, infinite where the truce may last for ever, for which ``endless`` is the chance; reply_lag: rounds;
    largest: whether every self-enforcing set of states is provably inside ``active``; certificate: gain from the best
    deviation in active states, 0 in others, ``(n_states, n_players)``.
    """

    moves: IntArray
    active: BoolArray
    dropped: IntArray
    values: FloatArray
    agreed_values: FloatArray
    deviation_values: FloatArray
    replies: IntArray
    standoff_values: FloatArray
    expected_life: FloatArray
    endless: FloatArray
    reply_lag: int = 1
    largest: bool = False
    certificate: Certificate | None = None

    def __post_init__(self) -> None:
        for name in ("values", "agreed_values", "deviation_values", "standoff_values", "endless"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))
        kinds = {"moves": np.intp, "dropped": np.intp, "replies": np.intp, "active": bool, "expected_life": float}
        for name, kind in kinds.items():
            array = np.array(getattr(self, name), dtype=kind)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def slack(self) -> FloatArray:
        """What each player would lose by the best deviation, as tested: negative for whoever ends the truce."""
        return np.asarray(self.agreed_values - self.deviation_values)

    @property
    def gains(self) -> FloatArray:
        """Value of the truce less that of the standoff, ``(n_states, n_players)``."""
        return np.asarray(self.values - self.standoff_values)

    def to_dict(self) -> dict[str, Any]:
        life = [float(rounds) if np.isfinite(rounds) else None for rounds in self.expected_life]
        names = ("moves", "active", "dropped", "values", "agreed_values", "deviation_values", "replies")
        return {
            **{name: getattr(self, name).tolist() for name in (*names, "standoff_values", "endless")},
            "expected_life": life,
            "reply_lag": self.reply_lag,
            "largest": self.largest,
            "certificate": None if self.certificate is None else self.certificate.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        life = [np.inf if rounds is None else rounds for rounds in data["expected_life"]]
        certificate = None if data["certificate"] is None else Certificate.from_dict(data["certificate"])
        return cls(**{**data, "expected_life": life, "certificate": certificate})


class TruceChain:
    """The play of agreed moves, and what each player could do against them, as sparse matrices."""

    def __init__(self, game: MarkovGame, moves: IntArray, outside: FloatArray) -> None:
        self.game, self.d, self.outside = game, game.discount_factor, outside
        self.level = game.payoffs.min(axis=(0, *range(2, 2 + game.n_players)))
        self.payoffs, self.transitions = self._under(list(moves.T))
        chain = self.transitions.tocoo()
        self._entries, self._rows, self._columns = chain.data, chain.row, chain.col
        self._one_round: FloatArray | None = None
        self.available = game.available_moves[(np.arange(game.n_states), *moves.T)]
        self._options = [
            [
                self._under([*moves.T[:k], np.full(game.n_states, a), *moves.T[k + 1 :]])
                for a in range(game.n_actions[k])
            ]
            for k in range(game.n_players)
        ]

    def _under(self, actions: list[IntArray]) -> tuple[FloatArray, Any]:
        from scipy.sparse import csr_array

        n, at = self.game.n_states, (np.arange(self.game.n_states), *actions)
        chances = self.game.probabilities[at]
        begins = np.arange(n + 1) * chances.shape[1]
        matrix = csr_array((chances.ravel(), self.game.successors[at].ravel(), begins), shape=(n, n))
        payoffs = np.stack([self.game.payoffs[:, k][at] for k in range(self.game.n_players)], axis=1)
        return payoffs - self.level, matrix

    def values(self, active: BoolArray) -> FloatArray:
        """W with these active states, ``(n_states, n_players)``."""
        from scipy.sparse import csc_array
        from scipy.sparse.linalg import spsolve

        if not active.any():
            return self.outside
        stopped = np.where(active[:, None], 0.0, self.outside - self.level)
        right = (1.0 - self.d) * self.payoffs + self.d * (self.transitions @ stopped)
        # The identity and -d P among active states; entries in the same place add up.
        inside, states = active[self._rows] & active[self._columns], np.arange(len(active))
        places = np.append(states, self._rows[inside]), np.append(states, self._columns[inside])
        system = csc_array((np.append(np.ones(len(active)), -self.d * self._entries[inside]), places))
        solved = np.reshape(spsolve(system, np.where(active[:, None], right, 0.0)), right.shape)
        return np.asarray(np.where(active[:, None], solved + self.level, self.outside))

    def deviation_values(self, active: BoolArray, reply_lag: int) -> FloatArray:
        """D with these active states, ``(n_states, n_players)``; for a lag of one round they make no difference."""
        if reply_lag == 1 and self._one_round is not None:
            return self._one_round
        result = np.empty(self.outside.shape)
        for k, options in enumerate(self._options):
            stopped = self.outside[:, k] - self.level[k]
            best = stopped
            for _ in range(reply_lag):
                best = self._best(options, np.where(active, best, stopped), k)
            result[:, k] = best + self.level[k]
        if reply_lag == 1:
            self._one_round = result
        return result

    def least_deviation_values(self, active: BoolArray, reply_lag: int) -> FloatArray:
        """In each state at most D with any set that holds this state and others of ``active`` only."""
        result = np.empty(self.outside.shape)
        for k, options in enumerate(self._options):
            stopped = self.outside[:, k] - self.level[k]
            stays = np.stack([chain.diagonal() for _, chain in options])
            low, here = stopped, stopped
            for _ in range(reply_lag):
                # What follows in other states may be the standoff or not; in the state itself it is not.
                least = np.minimum(low, stopped)
                surely = stays * (np.where(active, here, stopped) - least)
                low, here = self._best(options, least, k), self._best(options, least, k, self.d * surely)
            result[:, k] = here + self.level[k]
        return result

    def _best(self, options: Any, later: FloatArray, player: int, extra: Any = 0.0) -> FloatArray:
        """Worth of the best own action now with ``later`` in the next round."""
        now = np.stack([(1.0 - self.d) * own[:, player] + self.d * (chain @ later) for own, chain in options])
        return np.asarray(np.where(self.game.available[player].T, now + extra, -np.inf).max(axis=0))

    def refuses(self, active: BoolArray, states: IntArray, values: FloatArray, limits: FloatArray) -> bool:
        """Whether in each of these states some player gets less than the limit in every set inside ``active``.

        values: W of ``active``; limits: ``(n_states, n_players)``. What going on can be worth is bounded from above.
        """
        stopped = self.outside - self.level
        keep = values - self.level
        # W and the largest gain from stopping on top of it is more than stopping at will can give.
        worth = np.where(active[:, None], keep + np.maximum(stopped - keep, 0.0).max(axis=0), stopped)
        bars = (limits - self.level)[states]
        for _ in range(MOST_ROUNDS):
            onward = (1.0 - self.d) * self.payoffs + self.d * (self.transitions @ worth)
            missing = float((onward[states] - bars).min(axis=1).max())
            if missing < 0.0:
                return True
            lower = np.where(active[:, None], np.maximum(onward, stopped), stopped)
            # The bounds to come fall by no more than a geometric series of the last step.
            if (worth - lower).max() * self.d < missing * (1.0 - self.d):
                return False
            worth = lower
        return False

    def life(self, active: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Expected rounds until the truce ends (infinite where it may last for ever), and the chance that it does."""
        from scipy.sparse import eye_array
        from scipy.sparse.csgraph import connected_components
        from scipy.sparse.linalg import spsolve

        rounds, endless = np.zeros(len(active)), np.zeros(len(active))
        chain = self.transitions.copy()
        chain.sum_duplicates()  # The search for components does not end where a successor is listed twice.
        chain.eliminate_zeros()
        _, kind = connected_components(chain, directed=True, connection="strong")
        # Classes of states that play never leaves, and in which the truce is never over.
        edges = chain.tocoo()
        open_ = np.union1d(kind[edges.row][kind[edges.row] != kind[edges.col]], kind[~active])
        closed = ~np.isin(kind, open_)
        rounds[closed], endless[closed] = np.inf, 1.0
        passing = np.flatnonzero(active & ~closed)
        if len(passing):
            right = np.stack([np.ones(len(passing)), (chain @ endless)[passing]], axis=1)
            system = (eye_array(len(passing)) - chain[passing][:, passing]).tocsc()
            rounds[passing], endless[passing] = np.reshape(spsolve(system, right), right.shape).T
            forever = closed
            for _ in range(len(active)):
                wider = closed | (active & (chain @ forever.astype(float) > 0.0))
                if np.array_equal(wider, forever):
                    break
                forever = wider
            rounds[forever], endless[~forever] = np.inf, 0.0
        return rounds, np.clip(endless, 0.0, 1.0)


class TruceCertifier:
    """Checks truces of one game against one standoff; tolerance: a share of the payoff range."""

    def __init__(self, game: MarkovGame, standoff: StationaryProfile, tolerance: float = DEFAULT_TOLERANCE) -> None:
        self.game, self.tolerance = game, tolerance
        self.outside = stationary_values(game, standoff)
        self.payoff_range = game.payoff_range
        self.margin = SAME * np.where(self.payoff_range > 0.0, self.payoff_range, 1.0)

    def certify(self, play: TrucePlay) -> TrucePlay:
        """The truce with its certificate; its claim to be largest survives only when that is proven here too.

        The certificate holds when nobody gains by ending the truce in an active state, the standoff taken as it is.
        Raises ValueError when the record is wrong: values, lives, or a dropped state in which nobody gains by leaving.
        """
        _check_record(self.game, play)
        chain = TruceChain(self.game, play.moves, self.outside)
        if not np.array_equal(play.dropped == -1, ~chain.available):
            raise ValueError("a state is dropped as if the agreed move were not available, or kept though it is not")
        self._compare("standoff values", play.standoff_values, self.outside)
        largest = self._check_steps(chain, play)
        on = play.active
        keep, leave = chain.values(on), chain.deviation_values(on, play.reply_lag)
        self._compare("values", play.values, keep)
        self._compare("agreed values", play.agreed_values[on], keep[on])
        self._compare("deviations", play.deviation_values[on], leave[on])
        rounds, endless = chain.life(on)
        if not np.allclose(play.expected_life, rounds, rtol=1e-6) or not np.allclose(play.endless, endless, atol=1e-6):
            raise ValueError("the expected life is not that of the chain of agreed moves")
        gains = np.where(on[:, None], np.maximum(leave - keep, 0.0), 0.0)
        certificate = Certificate(gains, self.payoff_range, self.tolerance, self.game.discount_factor)
        return replace(play, largest=largest, certificate=certificate)

    def _check_steps(self, chain: TruceChain, play: TrucePlay) -> bool:
        """Check why each state was dropped; whether the claim holds that none can be in a set that enforces itself."""
        refused = play.largest
        for step in range(1, int(play.dropped.max(initial=0)) + 1):
            within, states = play.active | (play.dropped >= step), np.flatnonzero(play.dropped == step)
            keep, leave = chain.values(within), chain.deviation_values(within, play.reply_lag)
            self._compare(f"values in step {step}", play.agreed_values[states], keep[states])
            self._compare(f"deviations in step {step}", play.deviation_values[states], leave[states])
            holding = states[(keep >= leave)[states].all(axis=1)]
            if len(holding):
                name = self.game.states[holding[0]]
                raise ValueError(f"state {name} is dropped, but nobody gains by ending the truce there")
            if refused:
                floor = leave if play.reply_lag == 1 else chain.least_deviation_values(within, play.reply_lag)
                refused = chain.refuses(within, states, keep, floor)
        return refused

    def _compare(self, name: str, given: FloatArray, found: FloatArray) -> None:
        worst = (np.abs(given - found) / self.margin).max(initial=0.0)
        if worst > 1.0:
            raise ValueError(f"{name} are off by {worst * SAME:.3g} of the payoff range")


def certify_truce(
    game: MarkovGame, standoff: StationaryProfile, play: TrucePlay, tolerance: float = DEFAULT_TOLERANCE
) -> TrucePlay:
    """One truce with its certificate; ValueError when the record is wrong."""
    return TruceCertifier(game, standoff, tolerance).certify(play)


def _check_record(game: MarkovGame, play: TrucePlay) -> None:
    """ValueError unless the shapes and numbers of the record belong to the game."""
    n, k = game.n_states, game.n_players
    shapes = {"moves": (n, k), "active": (n,), "dropped": (n,), "values": (n, k), "agreed_values": (n, k)}
    shapes |= {"deviation_values": (n, k), "standoff_values": (n, k), "expected_life": (n,), "endless": (n,)}
    for name, shape in shapes.items():
        if getattr(play, name).shape != shape:
            raise ValueError(f"{name} of shape {getattr(play, name).shape} is not {shape}")
    if play.moves.min() < 0 or (play.moves >= np.array(game.n_actions)).any():
        raise ValueError("moves are no actions of the game")
    if play.reply_lag < 1 or not np.array_equal(play.active, play.dropped == 0):
        raise ValueError("a state is both active and dropped, or the reply lag is no round")
