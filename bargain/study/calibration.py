"""Free weights against observed regimes: in which role, and at which weights, does the model make the moves on record?

Roles of a regime, a set of moves M, in one draw of the weights and one mood at the start:

    one round          some m in M is a Nash equilibrium of the first round
    standoff           a pure Markov perfect equilibrium that was found plays some m in M at the start: the one on the
                       path from the status quo, the best, the worst by joint value in USD, or any
    not excluded       no change of moves that leads to the same future pays in some m in M: necessary for a standoff
    truce              some m in M, kept up for ever, enforces itself at the start against the path, best or worst
                       standoff found (for escalated moves it reads: kept up by the fear of something worse)
    deal, punishment   the deal with side payments plays some m in M at the start, or a punishment of a side begins so

Standoffs are looked for from the status quo, from every move of every regime, and from the game in which these moves
are forced at the start and given up if they are not best replies. What is found is certified. A role that is filled
says little when many moves fill it: ``base_rate`` counts them all. A start between points of the grid is a lottery over
states, and a role is then filled with a chance; a regime is reproduced when that is one. Regional sensitivity analysis
(Hornberger and Spear 1981) asks which weights tell the draws with a regime from those without: the distance of their
distributions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bargain.games.certificate import DEFAULT_TOLERANCE
from bargain.games.markov import BoolArray, IntArray, MarkovGame
from bargain.games.record import ArrayRecord, FloatArray, finite_array
from bargain.games.stationary import MarkovEquilibrium, StationaryProfile, certify_stationary
from bargain.solvers.base import TIE
from bargain.solvers.enforceable import EnforceableDeals
from bargain.solvers.enforceable_many import enforceable_many
from bargain.solvers.markov_rounds import Rounds
from bargain.solvers.markov_search import replies_in_turn, stage_iteration
from bargain.solvers.watch import Progress, Watch
from bargain.study.free_weights import WeightedGame, deviations, future, same_chances
from bargain.study.regimes import Regime
from bargain.talks.truces import truce_options

ONE_ROUND, NOT_EXCLUDED, DEAL, PUNISHMENT = "one round", "standoff not excluded", "deal", "punishment in a deal"
STANDOFFS = ("standoff on the path", "best standoff found", "worst standoff found", "any standoff found")
TRUCES = ("truce, fear of the path standoff", "truce, fear of the best standoff", "truce, fear of the worst standoff")
ROLES = (ONE_ROUND, *STANDOFFS, NOT_EXCLUDED, PUNISHMENT, *TRUCES, DEAL)
"""What a regime can be in the model; all but "not excluded", a necessary condition, reproduce it."""

NO_PAYMENTS = (ONE_ROUND, *STANDOFFS, *TRUCES)
"""Roles without side payments."""

WITH_PAYMENTS = (*NO_PAYMENTS, PUNISHMENT, DEAL)
"""All roles that reproduce a regime."""


KINDS = (ONE_ROUND, "truce", "standoff", PUNISHMENT, DEAL)
"""Kinds of roles; a truce is named after the standoff that it is kept up by."""

SURE = 1.0 - 1e-9
"""A chance above this is one."""


def kind_of(role: str) -> str:
    """Which of ``KINDS`` a role is of."""
    return next(kind for kind in KINDS if role.startswith(kind) or (kind == "standoff" and kind in role))


@dataclass(frozen=True, eq=False)
class Calibration(ArrayRecord):
    """Which moves fill which role, draw by draw.

    keys, weights ``(n_draws, n_keys)``; fills ``(n_draws, n_moods, n_starts, n_roles, n_moves)``; chances of the states
    of the start ``(n_moods, n_starts)``; n_standoffs ``(n_draws,)``: different standoffs found; regimes: which joint
    moves belong to each ``(n_regimes, n_moves)``; usual: the mood assumed in each, by number; refused: candidates that
    failed a certificate.
    """

    regime_names: tuple[str, ...]
    moods: tuple[str, ...]
    move_names: tuple[str, ...]
    usual: tuple[int, ...]
    keys: tuple[str, ...]
    weights: FloatArray
    regimes: BoolArray
    fills: BoolArray
    chances: FloatArray
    n_standoffs: IntArray
    refused: int

    def __post_init__(self) -> None:
        for name in ("weights", "chances"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name))
        for name, kind in (("regimes", bool), ("fills", bool), ("n_standoffs", np.intp)):
            array = np.array(getattr(self, name), dtype=kind)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def hits(self) -> FloatArray:
        """Chance with which a regime fills a role, ``(n_draws, n_regimes, n_moods, n_roles)``."""
        each = [np.einsum("dmsr,ms->dmr", self.fills[..., own].any(axis=-1), self.chances) for own in self.regimes]
        return np.stack(each, axis=1)

    @property
    def base_rate(self) -> FloatArray:
        """Share of all joint moves that fill each role, mean over draws, ``(n_moods, n_roles)``."""
        return np.asarray(np.einsum("msr,ms->mr", self.fills.mean(axis=(0, 4)), self.chances))

    def reproduced(self, roles: Sequence[str] = WITH_PAYMENTS, mood: str | None = None) -> BoolArray:
        """Whether a regime fills one of ``roles`` surely, ``(n_draws, n_regimes)``; mood: None for the one assumed in
        each."""
        places = [ROLES.index(role) for role in roles]
        any_role = self.hits[..., places].max(axis=-1) > SURE
        chosen = self.usual if mood is None else (self.moods.index(mood),) * len(self.usual)
        return np.stack([any_role[:, r, m] for r, m in enumerate(chosen)], axis=1)


def calibrate(
    found: WeightedGame,
    regimes: Sequence[Regime],
    weights: Mapping[str, FloatArray],
    *,
    reply_lag: int = 1,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Roles of the regimes at ``weights`` (key -> ``(n_draws,)``; those left out keep their value).

    Where the time limit strikes, the draws reached are reported. reply_lag: rounds until a breach of a truce is
    answered.
    """
    points = found.at(weights)
    own = found.rounds.table.moves
    cells = np.array([regime.cells(own).reshape(-1) for regime in regimes])
    moods = tuple(found.starts)
    chances = np.array([start[start > 0.0] for start in found.starts.values()])
    fills = np.zeros((len(points), *chances.shape, len(ROLES), cells.shape[1]), dtype=bool)
    counts, refused, done = np.zeros(len(points), dtype=np.intp), 0, 0
    payoffs = found.payoffs(points)
    for m, mood in enumerate(moods):
        for role, same_future in ((ONE_ROUND, False), (NOT_EXCLUDED, True)):
            fills[:, m, :, ROLES.index(role)] = first_rounds(found, points, mood, same_future)
    watch = Watch(time_limit, progress)
    for number, point in enumerate(points):
        if number and watch.expired():
            break
        watch.report(number / len(points), f"draw {number + 1} of {len(points)}")
        one = _Draw(found, found.game(point), np.flatnonzero(cells.any(axis=0)), reply_lag)
        counts[number] = one.fill(fills[number])
        refused += one.refused
        done = number + 1
    _deals(found, payoffs[:done], fills[:done])
    names = tuple(" against ".join(own.actions[k][a] for k, a in enumerate(place)) for place in np.ndindex(*own.shape))
    usual = tuple(moods.index(regime.mood) for regime in regimes)
    table = np.array([np.broadcast_to(weights[key], len(points)) for key in weights]).reshape(len(weights), -1).T
    keys, titles = tuple(weights), tuple(regime.name for regime in regimes)
    return Calibration(
        titles, moods, names, usual, keys, table[:done], cells, fills[:done], chances, counts[:done], refused
    )


def first_rounds(found: WeightedGame, points: FloatArray, mood: str, same_future: bool = False) -> BoolArray:
    """Joint moves from which no deviation pays in one round, in each state of the start, ``(n_draws, n_starts,
    n_moves)``.

    points: coordinates ``(n_draws, n_coordinates)``; same_future: count only deviations after which the chances of all
    states are the same, so that the moves are those that a standoff may begin with.
    """
    shape, states = found.rounds.table.moves.shape, found.states(mood)
    n_moves = int(np.prod(shape))
    holds = np.ones((len(points), len(states), n_moves), dtype=bool)
    for place, s in enumerate(states):
        table = (found.base[s] + np.tensordot(points, found.slopes[:, s], axes=1)).reshape(len(points), -1, n_moves)
        ties = TIE * np.ptp(table, axis=2)
        ahead = future(found, s) if same_future else None
        for cell in range(n_moves):
            for k, others in deviations(shape, cell):
                if ahead is not None:
                    others = others[same_chances(ahead, cell, others)]
                if len(others):
                    holds[:, place, cell] &= table[:, k, cell] >= table[:, k, others].max(axis=1) - ties[:, k]
    return holds


def _deals(found: WeightedGame, payoffs: FloatArray, fills: BoolArray) -> None:
    """First moves of the deal with side payments and of its punishments."""
    shape = found.rounds.table.moves.shape
    many = enforceable_many(
        payoffs,
        found.rounds.successors[0],
        found.rounds.probabilities[0],
        float(found.rounds.discount_factor[0]),
        EnforceableDeals(transfer_weights=tuple(found.usd.tolist())),
    )
    numbers = np.ravel_multi_index(tuple(np.moveaxis(many.moves, -1, 0)), shape)
    for m, mood in enumerate(found.starts):
        for place, s in enumerate(found.states(mood)):
            known = np.flatnonzero(many.exists[:, s])
            for plan, role in enumerate((DEAL, *(PUNISHMENT,) * len(shape))):
                fills[known, m, place, ROLES.index(role), numbers[known, plan, s]] = True


class _Draw:
    """Standoffs and truces of one draw."""

    def __init__(self, found: WeightedGame, game: MarkovGame, cells: IntArray, reply_lag: int) -> None:
        self.found, self.game, self.cells, self.lag = found, game, cells, reply_lag
        self.watch = Watch()  # A draw that has begun is finished.
        self.rounds = Rounds.of(game)
        self.known: dict[bytes, MarkovEquilibrium] = {}
        self.refused = 0

    def fill(self, fills: BoolArray) -> int:
        """Write standoffs and truces into ``fills`` ``(n_moods, n_starts, n_roles, n_moves)``; the number of standoffs
        found."""
        path = self._path()
        self._search(np.asarray(fills[:, :, ROLES.index(NOT_EXCLUDED)].all(axis=1)))
        equilibria = list(self.known.values())
        if not equilibria:
            return 0
        truces: dict[int, list[BoolArray]] = {}
        for m, (mood, start) in enumerate(self.found.starts.items()):
            worth = [float(start @ (each.values @ self.found.usd)) for each in equilibria]
            ends = (0 if path is not None else None, int(np.argmax(worth)), int(np.argmin(worth)))
            for standoff, truce, place in zip(STANDOFFS, TRUCES, ends, strict=False):
                if place is None:
                    continue
                self._played(fills[m, :, ROLES.index(standoff)], equilibria[place], mood)
                if place not in truces:
                    truces[place] = self._truces(equilibria[place])
                fills[m, :, ROLES.index(truce)] = truces[place][m]
            for each in equilibria:
                self._played(fills[m, :, ROLES.index(STANDOFFS[-1])], each, mood)
        return len(equilibria)

    def _path(self) -> MarkovEquilibrium | None:
        """The pure standoff that play from the status quo leads to: best replies in turn, else stage equilibria."""
        quo = np.ravel_multi_index(self.found.rounds.table.moves.reference, self.game.n_actions)
        run = replies_in_turn(self.rounds, np.full(self.game.n_states, quo), np.arange(self.game.n_players), self.watch)
        if not run.rests:
            run = stage_iteration(self.rounds, run.moves, self.watch)
        return self._add(run.moves) if run.rests else None

    def _search(self, not_excluded: BoolArray) -> None:
        """From every move of every regime played everywhere, and with it forced at the start."""
        order = np.arange(self.game.n_players)
        for cell in self.cells:
            everywhere = np.full(self.game.n_states, cell)
            games = [self.rounds]
            for mood, possible in zip(self.found.starts, not_excluded, strict=True):
                games += [self._forced(cell, self.found.states(mood))] if possible[cell] else []
            for rounds in games:
                run = stage_iteration(rounds, everywhere, self.watch)
                if not run.rests:
                    run = replies_in_turn(rounds, everywhere, order, self.watch)
                if run.rests:
                    self._add(run.moves)

    def _forced(self, cell: int, states: list[int]) -> Rounds:
        """The game in which only one move is left in some states."""
        available = self.rounds.available.copy()
        available[states] = False
        available[states, cell] = True
        own = []
        for mask, action in zip(self.rounds.own, self.rounds.choices[cell], strict=True):
            left = np.array(mask)
            left[states] = False
            left[states, action] = True
            own.append(left)
        return replace(self.rounds, available=available, own=tuple(own))

    def _add(self, moves: IntArray) -> MarkovEquilibrium | None:
        """Keep a profile that is an equilibrium, once, with its certificate."""
        known = self.known.get(moves.tobytes())
        if known is not None or not self.rounds.holds(moves):
            return known
        each = certify_stationary(self.game, StationaryProfile(self.rounds.strategies(moves)))
        if each.certificate.holds:
            self.known[moves.tobytes()] = each
            return each
        self.refused += 1
        return None

    def _played(self, rows: BoolArray, each: MarkovEquilibrium, mood: str) -> None:
        """Note the moves that are played in the states of the start, ``(n_starts, n_moves)``."""
        states = self.found.states(mood)
        actions = [strategy[states].argmax(axis=1) for strategy in each.profile.strategies]
        rows[np.arange(len(states)), np.ravel_multi_index(tuple(actions), self.game.n_actions)] = True

    def _truces(self, standoff: MarkovEquilibrium) -> list[BoolArray]:
        """For each mood which constant moves enforce themselves in each state of its start, ``(n_starts, n_moves)``.

        Those of the regimes are certified; a truce that fails is none.
        """
        starts = [self.found.states(mood) for mood in self.found.starts]
        both = sorted({s for states in starts for s in states})
        options = truce_options(self.game, standoff.profile, self.lag, both)
        moves = options.found.moves[:, 0]
        good = np.ones(len(moves), dtype=bool)
        for place in np.flatnonzero(np.isin(moves, self.cells)):
            good[place] = bool(options.certified([int(place)], DEFAULT_TOLERANCE)[0])
        self.refused += int((~good).sum())
        result = []
        for states in starts:
            rows = np.zeros((len(states), self.rounds.n_moves), dtype=bool)
            rows[:, moves[good]] = options.found.active[good][:, states].T
            result.append(rows)
        return result


# How flat the fit is --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Separation:
    """How well one weight tells draws with a regime from those without.

    distance: largest difference of the two distributions (Kolmogorov-Smirnov), NaN where one is empty; p_value: of a
    distance so large by chance; low, high: 5 and 95 percent points among draws with the regime.
    """

    regime: str
    key: str
    distance: float
    p_value: float
    low: float
    high: float


def separations(
    regimes: Sequence[str], weights: Mapping[str, FloatArray], reproduced: BoolArray
) -> tuple[Separation, ...]:
    """Regional sensitivity of each regime, ``reproduced`` ``(n_draws, n_regimes)``, to each weight ``(n_draws,)``."""
    from scipy.stats import ks_2samp

    found = []
    for regime, inside in zip(regimes, reproduced.T, strict=True):
        for key, values in weights.items():
            own, other = values[inside], values[~inside]
            distance = p_value = low = high = float("nan")
            if len(own):
                low, high = (float(x) for x in np.quantile(own, (0.05, 0.95)))
            if len(own) and len(other):
                test = ks_2samp(own, other, method="asymp")
                distance, p_value = float(test.statistic), float(test.pvalue)
            found.append(Separation(regime, key, distance, p_value, low, high))
    return tuple(found)
