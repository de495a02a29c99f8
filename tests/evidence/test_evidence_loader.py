"""The shipped parameters and trade matrix, a user's own, and what happens when one of them is damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from damaged_data import Rows, drop_last, mutated, setting

from bargain.evidence import REGIONS, EvidenceError, read_parameters
from bargain.evidence.loader import DATA, read_trade_flows, shipped_table, shipped_trade_flows


def test_an_unchanged_copy_reads_like_the_original(tmp_path: Path) -> None:
    path = mutated("parameters.csv", tmp_path, lambda rows: None)
    assert read_parameters(path) == read_parameters(str(DATA / "parameters.csv"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (setting(28, value="0.5"), "line 30, column value: mine_share_cn_2024.value = 0.5 is below low = 0.6"),
        (setting(28, value="0.9"), "line 30, column value: mine_share_cn_2024.value = 0.9 is above high = 0.7"),
        (setting(28, value="69.2"), r"line 30, column value: .* = 69.2 is not a share in \[0, 1\]"),
        (setting(28, value=""), "line 30, column value: '' is not a number"),
        (setting(28, high="inf"), "line 30, column high: 'inf' is not finite"),
        (setting(28, unit="%"), "line 30, column unit: '%' is not one of share"),
        (setting(28, unit="shares"), "line 30, column unit: 'shares' is not one of .*did you mean share"),
        (setting(28, source=""), "line 30, column source: is empty"),
        (setting(28, confidence="sure"), "line 30, column confidence: 'sure' is not one of retrieved"),
        (setting(28, date="FY2024"), "line 30, column date: 'FY2024' is not an ISO"),
        (setting(28, kind="both"), "line 30, column kind: .*'both' is not one of independent"),
        (setting(28, id="a_mine_share_cn"), r"line 30, column id: .* occurs twice \(first on line 2\)"),
    ],
)
def test_damaged_parameters_give_one_clear_error(tmp_path: Path, change: Callable[[Rows], None], message: str) -> None:
    path = mutated("parameters.csv", tmp_path, change)
    with pytest.raises(EvidenceError, match=rf"^parameters\.csv, {message}"):
        read_parameters(path)


def test_a_users_short_file_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "id,name,value,low,high,unit,date,source,confidence,note\n"
        "gallium_dep,share of gallium from China,0.98,0.9,1,share,,my survey,assumed,guess\n",
        encoding="utf-8",
    )
    parameter = read_parameters(path)["gallium_dep"]
    assert (parameter.value, parameter.unit, parameter.date, parameter.kind) == (0.98, "share", "", "independent")
    with pytest.raises(FileNotFoundError):
        read_parameters(tmp_path / "none.csv")


def test_trade_flows_are_exporters_by_importers_in_one_order() -> None:
    flows = shipped_trade_flows()
    regions, values, low, high = flows
    assert regions == REGIONS == ("US", "CN", "EU", "JP", "KR", "IN", "TW", "ROW")
    assert flows.values[1, 0] == 438.7  # China to the United States
    assert flows.values[0, 1] == 163.6
    assert flows.low[6, 1] == 150.6  # Taiwan to China: exporter 150.6, importer 217.8
    assert flows.values[6, 1] == 217.8
    off = ~np.eye(8, dtype=bool)
    assert np.all(flows.values[off] > 0)
    assert not np.any(np.diag(flows.values))
    assert isinstance(low, np.ndarray)
    assert isinstance(high, np.ndarray)
    assert np.all((low <= values) & (values <= high))
    assert not any(array.flags.writeable for array in (flows.values, flows.low, flows.high))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_last, "line 56, column importer: no row for ROW to KR"),
        (setting(0, importer="CN"), "line 2, column importer: CN trades with itself"),
        (setting(0, importer="EU"), r"line 3, column exporter: 'CN EU' occurs twice \(first on line 2\)"),
        (setting(0, exporter="CHN"), "line 2, column exporter: 'CHN' is not one of US"),
        (setting(0, value_usd_bn="1"), "line 2, column value_usd_bn: 438.7 <= 1.0 <= 525.65 does not hold"),
        (setting(0, low_usd_bn="-1"), "line 2, column low_usd_bn: -1 is negative"),
        (setting(0, high_usd_bn="nan"), "line 2, column high_usd_bn: 'nan' is not finite"),
    ],
)
def test_damaged_trade_matrix_gives_one_clear_error(
    tmp_path: Path, change: Callable[[Rows], None], message: str
) -> None:
    path = mutated("trade_matrix.csv", tmp_path, change)
    with pytest.raises(EvidenceError, match=rf"^trade_matrix\.csv, {message}"):
        read_trade_flows(path)


def test_an_unknown_table_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"no table 'mine_prod' in the evidence; did you mean mine_production"):
        shipped_table("mine_prod")
