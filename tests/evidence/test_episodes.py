"""Past episodes: trade and GDP of their own regions and base year, and parameters beside the general ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bargain.evidence import EPISODES, EvidenceError, load_episode, load_evidence
from bargain.evidence.schema import DATA, episode_names


def test_the_episodes_are_those_with_a_table_of_parameters() -> None:
    assert EPISODES == ("china-japan-2010", "opec-1973", "russia-eu-gas-2022", "us-china-2018")
    assert episode_names(DATA / "nowhere") == ()


@pytest.mark.parametrize("name", EPISODES)
def test_trade_and_gdp_share_their_regions_and_no_region_sells_more_than_it_makes(name: str) -> None:
    evidence = load_evidence("independent", name)
    flows, gdp = evidence.trade_flows(), evidence.gdp()
    assert flows.regions == load_episode(name).regions
    assert flows.regions[-1] == "ROW"
    off = ~np.eye(len(gdp), dtype=bool)
    assert (flows.values[off] > 0).all()
    assert not np.diag(flows.values).any()
    assert (gdp > flows.values.sum(axis=1)).all()
    for array in (flows.values, gdp):
        assert not array.flags.writeable
    for code, value in zip(flows.regions, gdp, strict=True):
        assert evidence.parameter(f"gdp_{code.lower()}").value == value


def test_memo_rows_of_other_years_and_goods_stay_out() -> None:
    flows = load_episode("us-china-2018").trade_flows()
    us, cn = (flows.regions.index(code) for code in ("US", "CN"))
    assert flows.values[cn, us] == 505.6  # 2017; the rows of 2018 and 2019 and the soybeans are memo rows
    assert flows.values[us, cn] == 130.4
    assert load_episode("us-china-2018").year == "2017"
    flows = load_episode("opec-1973").trade_flows()
    assert flows.regions == ("US", "EU", "JP", "ARB", "ROW")
    assert flows.values[flows.regions.index("ARB"), flows.regions.index("EU")] == 13.0


def test_gdp_of_another_year_is_not_within_reach() -> None:
    past, today = load_evidence("independent", "china-japan-2010"), load_evidence()
    assert past.parameter("gdp_jp").value == 5759.1
    assert today.parameter("gdp_jp").value == 4030.0
    assert "gdp_in" in today.parameters
    assert "gdp_in" not in past.parameters
    assert past.parameter("import_elasticity") == today.parameter("import_elasticity")
    assert past.parameter("cj10_jp_stock_months").value == 5.5
    assert "cj10_jp_stock_months" not in today.parameters
    assert past.moves.name == "moves_china-japan-2010.csv"
    assert load_evidence("article", "china-japan-2010").parameter("cj10_jp_stock_months").value == 5.5


def test_a_pair_without_a_row_is_named() -> None:
    episode = load_episode("opec-1973")
    short = replace(episode.trade, cells=episode.trade.cells[1:], lines=episode.trade.lines[1:])
    with pytest.raises(EvidenceError, match=r"trade_opec-1973\.csv, .*no goods of 1973 from US to EU"):
        replace(episode, trade=short).trade_flows()


def test_an_unknown_episode_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean opec-1973"):
        load_evidence("independent", "opec-1974")
