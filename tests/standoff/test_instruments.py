import numpy as np
import pytest

from bargain.standoff import ScenarioError, load_scenario
from bargain.standoff.instruments import instruments_of, moves, owners

FILE = load_scenario("us-china-2025").file


def test_one_axis_per_player_one_action_per_combination():
    round_moves = moves(FILE, ("US", "CN", "EU"))
    assert round_moves.shape == (9, 12, 3)
    assert len(set(round_moves.actions[1])) == 12
    assert [own[k] for own, k in zip(round_moves.actions, round_moves.reference, strict=True)] == [
        "pre_2025/restricted",
        "pre_2025/open",
        "neutral",
    ]


def test_levels_lie_along_their_owners_axis_and_match_the_labels():
    round_moves = moves(FILE, ("US", "CN", "EU"))
    for (name, owner), level in round_moves.level.items():
        names = list(FILE.instruments[name].levels)
        if owner not in round_moves.players:
            assert level.shape == (1, 1, 1)
            assert names[level.item()] == FILE.instruments[name].reference
            continue
        axis = round_moves.players.index(owner)
        assert level.shape[axis] == round_moves.shape[axis] == level.size
        position = list(instruments_of(FILE, owner)).index(name)
        labels = [label.split("/")[position] for label in round_moves.actions[axis]]
        assert [names[k] for k in np.ravel(level)] == labels


def test_owners():
    assert owners(FILE.instruments["us_tariff"]) == ("US",)
    assert owners(FILE.instruments["alignment"]) == ("EU", "JP", "KR", "IN", "TW")
    assert list(instruments_of(FILE, "US")) == ["us_tariff", "chip_control"]
    assert list(instruments_of(FILE, "EU")) == ["alignment"]
    assert not instruments_of(FILE, "nobody")


@pytest.mark.parametrize(
    ("players", "message"),
    [
        (("US", "CH"), r"'CH' is not a player; did you mean 'CN'\? \(known: US, CN"),
        (("US", "CN", "US"), "the player 'US' is named twice"),
    ],
)
def test_bad_players_give_one_line(players, message):
    with pytest.raises(ScenarioError, match=message):
        moves(FILE, players)


def test_a_player_without_instruments_cannot_be_strategic():
    file = FILE.model_copy(update={"instruments": {k: v for k, v in FILE.instruments.items() if k != "alignment"}})
    with pytest.raises(ScenarioError, match="the player 'EU' owns no instrument"):
        moves(file, ("US", "EU"))
