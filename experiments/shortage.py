"""What does a cut-off of critical inputs cost each user, by its depth, its length and the stocks at hand?

Loss against the depth of the cut with published estimates, and against the months a ban lasts, by user and by US stock.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bargain as bg
from bargain.economy import inputs
from bargain.plot import DOUBLE_COLUMN, figure_style, label_lines, letter_panels, line_style, new_figure
from bargain.standoff.instruments import moves
from bargain.standoff.model import parameter_arrays
from bargain.standoff.payoffs import Round

SETTINGS = {"scenario": "us-china-2025", "evidence": "independent", "months": 24, "us_stocks": [0.0, 2.5, 6.0, 18.0]}
PUBLISHED = {  # name: (parameter, depth of the cut that it is for)
    "IMF": ("loss_us_80", 0.8),  # the cut of the study
    "ECB spring 2025": ("loss_us_18m", "cut_depth_may25"),  # calibrated to that fall
    "ECB near-total": ("loss_us_extreme", 0.95),  # assumed: the study says near-total, no number (0.9 to 1)
}
READINGS = {"default": None, "IMF variant": "imf_loss"}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    table = pd.concat([_by_depth(scenario), _published(scenario), _by_month(scenario)], ignore_index=True)
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = scenario.record()
    table.attrs["allowed_missing"] = ["low", "high"]
    return table


def _table(
    panel: str, series: str, x: object, loss: object, low: object = np.nan, high: object = np.nan
) -> pd.DataFrame:
    frame = pd.DataFrame({"x": np.atleast_1d(x), "loss_percent_gdp": np.atleast_1d(loss), "low": low, "high": high})
    frame.insert(0, "series", series)
    frame.insert(0, "panel", panel)
    return frame


def _by_depth(scenario: bg.Scenario) -> pd.DataFrame:
    """US loss while an uncovered cut of both inputs lasts, for cuts of 0 to 100 %."""
    cut = np.linspace(0.0, 1.0, 101)
    parts = []
    for name, variant in READINGS.items():
        read = scenario.variant(variant) if variant else scenario
        exposure, share, elasticity = _sector(read, "US")
        parts.append(_table("depth", name, cut, inputs.shortage_loss(1 - cut, exposure, share, elasticity)))
    exposure, share, elasticity = _sector(scenario, "US")
    bound = inputs.shortage_loss(1 - cut, exposure, share, elasticity, leontief=True)
    return pd.concat([*parts, _table("depth", "Leontief bound", cut, bound)])


def _sector(scenario: bg.Scenario, user: str) -> tuple[float, float, float]:
    """(exposure, cost share, elasticity) of the magnet users of one player."""
    p = scenario.parameters
    exposure, share = p[f"magnet_users.{user}.exposure"].value, p["magnet_users.cost_share"].value
    return (
        exposure,
        share,
        float(inputs.elasticity_from_loss(p[f"magnet_users.{user}.loss_of_80_cut"].value, exposure, share)),
    )


def _published(scenario: bg.Scenario) -> pd.DataFrame:
    parts = []
    for name, (key, cut) in PUBLISHED.items():
        p = scenario.evidence.parameter(key)
        depth = scenario.evidence.parameter(cut).value if isinstance(cut, str) else cut
        parts.append(_table("published", name, depth, p.value, p.low, p.high))
    return pd.concat(parts)


def _by_month(scenario: bg.Scenario) -> pd.DataFrame:
    """Mean loss since the start of a ban on the rival that lasts x months: all users as the scenario has them, then
    the US by stock."""
    months = np.arange(0.5, SETTINGS["months"] + 0.25, 0.5)
    users = ("US", "CN", "EU", "JP", "KR", "IN", "TW")
    parts = [_table("months", user, months, _mean_loss(scenario, user, months)) for user in users]
    for stock in SETTINGS["us_stocks"]:
        held = {f"{name}.US.civil_stock_months": stock for name in ("light_magnets", "heavy_rare_earths")}
        parts.append(
            _table("stocks", f"{stock:g} months", months, _mean_loss(scenario.with_values(held), "US", months))
        )
    return pd.concat(parts)


def _mean_loss(scenario: bg.Scenario, user: str, months: np.ndarray) -> np.ndarray:
    """Mean loss rate over the first x months under both bans: a round that is x months long, with detours and stances
    as they are.

    Rare earths cost output; AI chips cost China the compute that its own chips do not replace.
    """
    moves_of_round = moves(scenario.file, scenario.players)
    cell = tuple(moves_of_round.actions[k].index(label) for k, label in enumerate(("pre_2025/ban", "pre_2025/ban")))
    losses = []
    for length in months:
        file = scenario.file.model_copy(update={"round_months": float(length)})
        game = Round(file, scenario.choices, parameter_arrays(scenario), moves_of_round)
        payoff = game.shortage(user) + (game.security_loss(user) if user == "CN" else 0.0)
        losses.append(-float(np.broadcast_to(payoff, game.full_shape)[(0, *cell)]))
    return np.array(losses)


def plot(table: pd.DataFrame) -> Figure:
    panels = dict(iter(table.groupby("panel", sort=False)))
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 2.9, columns=3)
        depth, users, stocks = axes[0]
        _depth_panel(depth, panels["depth"], panels["published"])
        for name, rows in panels["months"].groupby("series", sort=False):
            label = {"CN": "CN (AI chips)"}.get(name, name)
            users.plot(rows["x"], rows["loss_percent_gdp"], label=label, **_plain(line_style(name)))
        for place, (name, rows) in enumerate(panels["stocks"].groupby("series", sort=False)):
            stocks.plot(rows["x"], rows["loss_percent_gdp"], label=name, **_plain(line_style(place)))
        for ax in (users, stocks):
            ax.set_xlim(0, SETTINGS["months"])
            ax.set_xticks([0, 6, 12, 18, 24])
            ax.set_xlabel("months of a ban")
        depth.set_title("US loss by depth, no stock")
        users.set_title("mean loss, a ban on the rival")
        stocks.set_title("the US, by civil stock")
        for ax in axes[0]:
            ax.set_ylim(0, 2.6)
        depth.set_ylabel("loss (% of GDP per year)")
        letter_panels(axes[0])
        for ax in (users, stocks):
            label_lines(ax)
    return figure


def _depth_panel(ax, lines: pd.DataFrame, points: pd.DataFrame) -> None:
    for place, (name, rows) in enumerate(lines.groupby("series", sort=False)):
        ax.plot(100 * rows["x"], rows["loss_percent_gdp"], label=name, **_plain(line_style(place)))
    for marker, r in zip("sDo", points.itertuples(), strict=True):
        spread = [[r.loss_percent_gdp - r.low], [r.high - r.loss_percent_gdp]]
        style = {"color": "black", "markersize": 4, "linewidth": 0.8}
        ax.errorbar(100 * r.x, r.loss_percent_gdp, yerr=spread, fmt=marker, label=r.series, **style)
    ax.set_xlim(0, 102)
    ax.set_xlabel("cut of supply (%)")
    ax.legend(loc="upper left", fontsize=6.5, handlelength=1.8, borderaxespad=0.0)


def _plain(style: dict[str, object]) -> dict[str, object]:
    return {**style, "marker": None}


def findings(table: pd.DataFrame) -> list[str]:
    depth = table[(table["panel"] == "depth") & (table["series"] == "default")]
    lines = []
    for r in table[table["panel"] == "published"].itertuples():
        model = float(np.interp(r.x, depth["x"], depth["loss_percent_gdp"]))
        verdict = "hit" if r.low <= model <= r.high else "missed"
        published = f"published {r.loss_percent_gdp:g} ({r.low:g} to {r.high:g})"
        lines.append(f"{r.series} ({r.x:.0%} cut): {published}, model {model:.2f} % of GDP: {verdict}")
    year = table[(table["panel"] == "months") & (table["x"] == 12)].set_index("series")["loss_percent_gdp"]
    lines.append("a year's ban, % of GDP: " + ", ".join(f"{name} {loss:.2f}" for name, loss in year.items()))
    return lines
