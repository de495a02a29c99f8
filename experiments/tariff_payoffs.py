"""What do tariffs between the United States and China do to real income, theirs and the bystanders'?

Change of real income over all pairs of tariffs, with free trade, January 2025, the truce, the peak and the Nash
tariffs marked.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bargain as bg
from bargain.economy.tariffs import nash_tariffs
from bargain.economy.trade import TradeModel
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels
from bargain.plot.field_map import field_map, mark_points
from bargain.standoff.tariffs import trade_model

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "highest_tariff": 1.6,
    "n_grid": 65,
    "long_run_elasticity": 4.0,
}
NAMES = {
    "US": "United States",
    "CN": "China",
    "EU": "EU",
    "JP": "Japan",
    "KR": "Korea",
    "IN": "India",
    "TW": "Taiwan",
    "ROW": "rest of world",
}
LABELLED = {"US": (-0.4, -0.2), "CN": (-0.6, -0.2)}  # contours with room for their number
OFFSETS = {
    "free trade": (6.0, 4.0),
    "January 2025": (6.0, -8.0),
    "truce": (-6.0, 2.0),
    "peak": (-6.0, 3.0),
    "Nash": (6.0, 4.0),
}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    model = trade_model(scenario)
    rates = np.linspace(0.0, SETTINGS["highest_tariff"], SETTINGS["n_grid"])
    us, cn = (grid.ravel() for grid in np.meshgrid(rates, rates, indexing="ij"))
    tables = [_points(model, us, cn, ["grid"] * len(us), scenario.parameters["trade.elasticity"].value)]
    for elasticity in (scenario.parameters["trade.elasticity"].value, SETTINGS["long_run_elasticity"]):
        named = {
            "free trade": (0.0, 0.0),
            "January 2025": _levels(scenario, "pre_2025"),
            "truce": _levels(scenario, "truce"),
            "peak": _levels(scenario, "peak"),
        }
        at = trade_model(scenario, elasticity=elasticity)
        named["Nash"] = tuple(float(rate) for rate in nash_tariffs(at, players=("US", "CN")).rates)
        us, cn = np.array(list(named.values())).T
        tables.append(_points(at, us, cn, list(named), elasticity))
    table = pd.concat(tables, ignore_index=True)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "trade_tolerance": 1e-12}
    return table


def _levels(scenario: bg.Scenario, level: str) -> tuple[float, float]:
    return tuple(scenario.parameters[f"{name}.{level}.rate"].value for name in ("us_tariff", "cn_tariff"))


def _points(model: TradeModel, us: np.ndarray, cn: np.ndarray, names: list[str], elasticity: float) -> pd.DataFrame:
    """Change of real income, percent, of every region at pairs of tariffs (US on China, China on the US)."""
    outcome = model.solve(model.tariff_matrix({("US", "CN"): us, ("CN", "US"): cn}))
    assert outcome.converged.all(), "the trade model did not converge"
    table = pd.DataFrame({"point": names, "elasticity": elasticity, "us_tariff": us, "cn_tariff": cn})
    for n, region in enumerate(model.regions):
        table[f"{region}_percent"] = 100 * (outcome.real_income[:, n] - 1)
    return table


def plot(table: pd.DataFrame) -> Figure:
    from matplotlib.figure import Figure as Canvas

    grid, named = table[table["point"] == "grid"], table[table["point"] != "grid"]
    quarter = named[named["elasticity"] == grid["elasticity"].iloc[0]]
    points = {row.point: (row.cn_tariff, row.us_tariff) for row in quarter.itertuples()}
    rates = np.sort(grid["us_tariff"].unique())
    with figure_style():
        figure = Canvas(figsize=(DOUBLE_COLUMN, 5.4), layout="constrained")
        others = ["EU", "JP", "KR", "IN", "TW", "ROW"]
        axes = figure.subplot_mosaic(
            [["US"] * 3 + ["CN"] * 3, others], height_ratios=[2.4, 1.0], gridspec_kw={"hspace": 0.04}
        )
        for region, ax in axes.items():
            big = region in ("US", "CN")
            values = grid.pivot(index="us_tariff", columns="cn_tariff", values=f"{region}_percent").to_numpy()
            levels = [k / 10 for k in range(-10, 11)] if big else [0.0]
            labelled = LABELLED.get(region, ())
            image = field_map(ax, rates, rates, values, levels, 0.75 if big else 0.3, labelled=labelled)
            mark_points(ax, points, OFFSETS if big else None)
            _axes(ax, region, big)
            if region in ("CN", "ROW"):
                group = [axes[name] for name in (("US", "CN") if big else others)]
                bar = figure.colorbar(
                    image, ax=group, shrink=0.9, aspect=22 if big else 10, pad=0.01, extend="neither" if big else "both"
                )
                bar.set_label("real income (%)")
                bar.outline.set_visible(False)
        letter_panels(list(axes.values()))
    return figure


def _axes(ax, region: str, big: bool) -> None:
    ticks = [0, 0.5, 1.0, 1.5]
    ax.set_title(NAMES[region])
    ax.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks] if big else ["0", "50", "100", "150"])
    ax.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks] if region in ("US", "EU") else [])
    if region in ("US", "EU"):
        ax.set_ylabel("US tariff on China")
    if big:
        ax.set_xlabel("Chinese tariff on the US")
    elif region == "KR":  # one label under the middle of the row
        ax.set_xlabel("Chinese tariff on the US (%)", x=1.15)


def findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for elasticity, rows in table[table["point"] != "grid"].groupby("elasticity"):
        at = rows.set_index("point")
        nash = at.loc["Nash"]
        lines.append(
            f"elasticity {elasticity:g}: Nash tariffs US {nash.us_tariff:.1%}, China {nash.cn_tariff:.1%}; real income "
            f"at the truce US {at.loc['truce', 'US_percent']:+.2f} %, China {at.loc['truce', 'CN_percent']:+.2f} %; "
            f"at the peak US {at.loc['peak', 'US_percent']:+.2f} %, China {at.loc['peak', 'CN_percent']:+.2f} %"
        )
    return lines
