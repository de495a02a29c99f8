"""Coalitional games, with and without externalities."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from bargain.games.coalition import CoalitionGame, PartitionGame, coalition_sums, excesses, partitions

GLOVES = CoalitionGame.from_function(("L", "R1", "R2"), lambda who: float("L" in who and len(who) > 1))


def test_coalitions_by_name_and_number() -> None:
    assert GLOVES("L", "R2") == 1.0
    assert GLOVES("R1", "R2") == GLOVES() == 0.0
    assert GLOVES.coalition(["L", "R2"]) == 5
    with pytest.raises(ValueError, match="no player 'R3'"):
        GLOVES("R3")
    assert CoalitionGame.from_dict(json.loads(json.dumps(GLOVES.to_dict()))) == GLOVES
    assert pickle.loads(pickle.dumps(GLOVES)) == GLOVES


def test_sums_and_excesses() -> None:
    assert coalition_sums(np.array([1.0, 2.0, 4.0])).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert excesses(GLOVES, [1.0, 0.0, 0.0]).tolist() == [0, -1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("worth", "message"),
    [
        ([0.0, 1.0, 2.0], r"is not \(2 \*\* n_players"),
        ([1.0, 1.0], "nobody has nothing"),
        ([0.0, np.inf], "not finite"),
    ],
)
def test_bad_worths(worth: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CoalitionGame(worth)


def test_bell_numbers() -> None:
    assert [sum(1 for _ in partitions(n)) for n in range(1, 7)] == [1, 2, 5, 15, 52, 203]


def test_partition_games_by_what_outsiders_do() -> None:
    # A coalition has its size, less the size of the largest other bloc.
    def worth(group: frozenset[str], groups: tuple[frozenset[str], ...]) -> float:
        return len(group) - max((len(other) for other in groups if other != group), default=0)

    game = PartitionGame.from_function(("a", "b", "c"), worth)
    assert game.against_singletons().worth.tolist() == [0, 0, 0, 1, 0, 1, 1, 3]
    assert game.against_one_bloc().worth.tolist() == [0, -1, -1, 1, -1, 1, 1, 3]
    # Two outsiders are together or apart with even chances.
    assert game.average().worth.tolist() == [0, -0.5, -0.5, 1, -0.5, 1, 1, 3]
    with pytest.raises(ValueError, match="4 of the 5 partitions"):
        PartitionGame({p: w for p, w in game.worths.items() if len(p) > 1}, game.players)
