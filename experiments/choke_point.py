"""Who has power on the chain from mine to user, and what does a mine without a refinery do to it?

Power is the Shapley value of the game of flows: what a supplier adds on average to what the others can deliver. On an
even chain of single suppliers by closed form; on the world's chain at the shares of the evidence by stage and country,
where suppliers act alone and where each country acts as one. Then one more tenth of the world's output in the United
States, at one stage or at several at once, under several readings of the spare capacity of mines, refineries and magnet
makers (ranges). Unsourced spare capacity and the split of what is made outside China: ``[mechanisms.coalitions]``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.mechanisms.supply_chain import SupplyChain, by_country, chain_power, symmetric_power
from bargain.plot import DOUBLE_COLUMN, OKABE_ITO, figure_style, letter_panels, new_figure
from bargain.plot.style import PLAYER_COLOURS, SERIES_COLOURS, TEXT_SIZE
from bargain.standoff.mechanism_coalitions import single_suppliers, supply_chain

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "most": 6,
    "added": 0.1,
    "investor": "US",
    "products": ["light", "heavy"],
    "spare": [1.0, 1.5],
    "mine_spare": [1.1, 1.2],
    "today": {
        "light": {"mine": "mine_share_cn_2024", "refine": "refine_share_cn", "magnet": "magnet_share_cn"},
        "heavy": {"mine": "mine_share_cn_2024", "refine": "hree_refine_share_cn_2024", "magnet": "magnet_share_cn"},
    },
    "projected": {
        "light": {"mine": "mine_share_cn_2030", "refine": "refine_share_cn_2030", "magnet": "magnet_share_cn_2027"},
        "heavy": {
            "mine": "mine_share_cn_2030",
            "refine": "hree_refine_share_cn_2030",
            "magnet": "magnet_share_cn_2027",
        },
    },
}
STAGES = {"mine": "mines", "refine": "refining", "magnet": "magnets"}
ADDED = {
    "mine only": ("mine",),
    "refinery only": ("refine",),
    "magnet plant only": ("magnet",),
    "mine and refinery": ("mine", "refine"),
    "whole chain": ("mine", "refine", "magnet"),
}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    rows = _even_chain()
    for product in SETTINGS["products"]:
        chain = supply_chain(scenario, product=product)
        rows += _power(chain, product) + _added(chain, product, "default")
        for spare in SETTINGS["spare"]:
            slack = supply_chain(scenario, product=product, refine_spare=spare, magnet_spare=spare)
            rows += _added(slack, product, f"spare {spare:g}")
        for spare in SETTINGS["mine_spare"]:
            slack = supply_chain(scenario, product=product, mine_spare=spare)
            rows += _added(slack, product, f"spare of mines {spare:g}")
        staked = supply_chain(scenario, product=product, stakes=True)
        rows += _countries(staked, product, "by stakes") + _other_shares(scenario, product)
    columns = ["kind", "product", "case", "stage", "player", "number", "capacity", "power", "change"]
    table = pd.DataFrame(rows).reindex(columns=columns)
    table[["number", "capacity", "power", "change"]] = table[["number", "capacity", "power", "change"]].astype(float)
    table[["number", "capacity", "power", "change"]] = table[["number", "capacity", "power", "change"]].fillna(0.0)
    table = table.fillna("")
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "Shapley value over all coalitions"}
    return table


def _even_chain() -> list[dict[str, object]]:
    """Power of a stage on a chain of single suppliers as one stage gets more of them, each able to carry the chain."""
    rows: list[dict[str, object]] = []
    for more, place in (("mine", 0), ("refine", 1)):
        for n in range(1, SETTINGS["most"] + 1):
            counts = [1, 1, 1]
            counts[place] = n
            power = symmetric_power(counts) * np.array(counts)
            rows += [
                {"kind": "even", "case": more, "stage": stage, "number": n, "power": float(power[k])}
                for k, stage in enumerate(STAGES)
            ]
    return rows


def _power(chain: SupplyChain, product: str) -> list[dict[str, object]]:
    """Power of single suppliers by stage and country, and of countries that act as one."""
    power = chain_power(chain, single_suppliers(chain))
    rows: list[dict[str, object]] = [
        {
            "kind": "suppliers",
            "product": product,
            "stage": one.stage,
            "player": one.country,
            "capacity": one.capacity / chain.capacity(one.stage),
            "power": power.share(one.name),
        }
        for one in chain.suppliers
        if one.name in power.values
    ]
    rows.append({"kind": "suppliers", "product": product, "stage": "user", "player": "", "power": power.share("users")})
    return rows + _countries(chain, product, "by volume")


def _countries(chain: SupplyChain, product: str, case: str) -> list[dict[str, object]]:
    power = chain_power(chain, by_country(chain))
    return [
        {"kind": "countries", "product": product, "case": case, "player": code, "power": power.share(code)}
        for code in power.values
    ]


def _other_shares(scenario: bg.Scenario, product: str) -> list[dict[str, object]]:
    """Countries as one at the ends of the ranges of China's shares, all at once, and at those projected."""
    rows: list[dict[str, object]] = []
    for case, source, field in (
        ("low", "today", "low"),
        ("high", "today", "high"),
        ("projected", "projected", "value"),
    ):
        names = SETTINGS[source][product]
        china = {stage: float(getattr(scenario.evidence.parameter(row), field)) for stage, row in names.items()}
        rows += _countries(supply_chain(scenario, product=product, china=china), product, case)
    return rows


def _added(chain: SupplyChain, product: str, case: str) -> list[dict[str, object]]:
    """Change of power, in parts of today's worth, when capacity is added at some stages in one country."""
    investor, added = SETTINGS["investor"], SETTINGS["added"]
    rows: list[dict[str, object]] = []
    for name, stages in ADDED.items():
        more = chain
        for stage in stages:
            own = f"{stage} {investor}"
            if own in more.names:
                more = more.with_capacity(own, more.supplier(own).capacity + added)
            else:  # the country has nothing at this stage yet
                first = more.at(stage)[0]
                new = type(first)(own, stage, investor, added)
                more = more.with_supplier(new)
        for kind, owners in (("added", single_suppliers), ("added countries", by_country)):
            before, after = chain_power(chain, owners(chain)), chain_power(more, owners(more))
            values = {player: (value, before.values.get(player, 0.0)) for player, value in after.values.items()}
            if kind == "added":
                own = [pair for player, pair in values.items() if player.endswith(f" {investor}")]
                first, second = zip(*own, strict=True)
                values[f"{investor} all"] = (sum(first), sum(second))
            for player, (value, old) in values.items():
                rows.append(
                    {
                        "kind": kind,
                        "product": product,
                        "case": case,
                        "stage": name,
                        "player": player,
                        "power": value,
                        "change": (value - old) / before.total,
                    }
                )
    return rows


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 4.7, rows=2, columns=2)
        _even_panel(axes[0, 0], table)
        _stage_panel(axes[0, 1], table)
        alone = {"US all": "all US suppliers", "refine CN": "refineries in China", "mine CN": "mines in China"}
        _added_panel(axes[1, 0], table, "added", alone)
        _added_panel(axes[1, 1], table, "added countries", {"US": "United States", "CN": "China"})
        axes[1, 0].set_title("light, added in the US: suppliers alone")
        axes[1, 1].set_title("light, added in the US: countries as one")
        letter_panels(axes.ravel())
    return figure


def _even_panel(ax: Axes, table: pd.DataFrame) -> None:
    """Power by number of mines with one refiner and one magnet maker."""
    rows = table[(table["kind"] == "even") & (table["case"] == "mine")]
    power = rows.pivot(index="number", columns="stage", values="power")
    lines = (
        (power["refine"], "refiner; as much the magnet maker", SERIES_COLOURS[0], "-", (2.6, 0.385)),
        (power["mine"], "all mines together", SERIES_COLOURS[1], "-", (2.6, 0.16)),
        (power["mine"] / power.index, "one mine", SERIES_COLOURS[1], (0, (2.5, 1.2)), (1.05, 0.02)),
    )
    for series, text, colour, dash, place in lines:
        ax.plot(series.index, series, color=colour, linestyle=dash, linewidth=1.2, marker="o", markersize=2.5)
        ax.text(*place, text, color=colour, fontsize=TEXT_SIZE, va="center")
    ax.set_xlim(0.9, SETTINGS["most"] + 0.1)
    ax.set_ylim(0.0, 0.55)
    ax.set_xlabel("number of mines")
    ax.set_ylabel("power (share of worth)")
    ax.set_title("one refiner, one magnet maker")


def _stage_panel(ax: Axes, table: pd.DataFrame) -> None:
    """Power of each country's suppliers by stage, both products, beside shares of capacity."""
    rows = table[table["kind"] == "suppliers"]
    ticks, labels = [], []
    for place, stage in enumerate(STAGES):
        for k, product in enumerate(SETTINGS["products"]):
            own = rows[(rows["product"] == product) & (rows["stage"] == stage)].set_index("player")
            y, left = 2.6 * place + k, 0.0
            rest = own.drop(index=[code for code in ("CN", "US") if code in own.index])["power"].sum()
            parts = [(code, own["power"].get(code, 0.0)) for code in ("CN", "US")] + [("", rest)]
            for code, width in parts:
                ax.barh(y, width, 0.8, left=left, color=PLAYER_COLOURS.get(code, "#BBBBBB"))
                if not ticks:
                    name = {"CN": "China", "US": "US"}.get(code, "others")
                    ax.text(left + width / 2, y - 0.95, name, ha="center", va="center", fontsize=TEXT_SIZE)
                left += width
            shares = [own["capacity"].get(code, 0.0) for code in ("CN", "US")]
            ax.text(left + 0.006, y, f"{shares[0]:.0%}, {shares[1]:.0%}", va="center", fontsize=TEXT_SIZE)
            ticks.append(y)
            labels.append(f"{STAGES[stage]}, {product}")
    ax.text(0.262, -0.95, "CN, US: capacity", fontsize=TEXT_SIZE, va="center", ha="left")
    ax.set_yticks(ticks, labels)
    ax.set_ylim(max(ticks) + 0.6, -1.5)
    ax.set_xlim(0.0, 0.38)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("power (share of worth)")
    ax.set_title("suppliers of China, the US, others")


def _added_panel(ax: Axes, table: pd.DataFrame, kind: str, players: dict[str, str]) -> None:
    """Change of power by where capacity is added: bars at the default, lines over the readings of spare capacity."""
    rows = table[(table["kind"] == kind) & (table["product"] == SETTINGS["products"][0])]
    colours = {"refine CN": PLAYER_COLOURS["CN"], "mine CN": OKABE_ITO["orange"], "US all": PLAYER_COLOURS["US"]}
    height = 0.72 / len(players)
    ax.plot([0.0, 0.0], [-0.5, len(ADDED) - 0.5], color="#888888", linewidth=0.6)
    for place, name in enumerate(ADDED):
        for k, player in enumerate(players):
            own = 100 * rows[(rows["stage"] == name) & (rows["player"] == player)].set_index("case")["change"]
            y = place + (k - (len(players) - 1) / 2) * height
            colour = colours.get(player, PLAYER_COLOURS.get(player))
            ax.barh(y, own["default"], 0.88 * height, color=colour, label=players[player] if place == 0 else None)
            text = "over spare capacity" if place == k == 0 else None
            ax.plot([own.min(), own.max()], [y, y], color="black", linewidth=0.7, label=text)
    ax.set_yticks(range(len(ADDED)), list(ADDED))
    ax.set_ylim(len(ADDED) - 0.5, -1.9)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("change of power (% of worth)")
    ax.legend(loc="upper center", frameon=False, ncols=2, columnspacing=1.0, handlelength=1.0)


def findings(table: pd.DataFrame) -> list[str]:
    even = table[table["kind"] == "even"].set_index(["case", "stage", "number"])["power"]
    before, after = (float(even["mine", "refine", n]) for n in (1, 2))
    lines = [
        f"one supplier at each stage: a second mine without a refinery raises the refiner's power from {before:.3f} to "
        f"{after:.3f} and leaves both mines {float(even['mine', 'mine', 2]):.3f} together; a second refinery instead "
        f"leaves both refiners {float(even['refine', 'refine', 2]):.3f} and raises the mine to "
        f"{float(even['refine', 'mine', 2]):.3f}"
    ]
    lines += [_without_refinery(table)]
    lines += [_shares(table, product) for product in SETTINGS["products"]]
    lines += [_effects(table, product) for product in SETTINGS["products"]]
    return lines


def _without_refinery(table: pd.DataFrame) -> str:
    """What capacity without the later stages does to the power of both countries, over all readings."""
    rows = table[table["kind"] == "added countries"]
    parts = []
    for name in ADDED:
        words = []
        for code, label in (("US", "the US"), ("CN", "China")):
            change = rows[(rows["stage"] == name) & (rows["player"] == code)]["change"].to_numpy()
            up, down = int((change > 1e-9).sum()), int((change < -1e-9).sum())
            words.append(f"{label} gains in {up} and loses in {down} of {len(change)}")
        parts.append(f"{name}: {', '.join(words)}")
    return f"countries as one, {SETTINGS['added']:.0%} of world output added in the US, readings: {'; '.join(parts)}"


def _shares(table: pd.DataFrame, product: str) -> str:
    own = table[(table["kind"] == "suppliers") & (table["product"] == product)]
    china = own[own["player"] == "CN"].set_index("stage")["power"]
    whole = own.groupby("stage")["power"].sum()
    parts = ", ".join(f"{STAGES[stage]} {china[stage]:.3f} of {whole[stage]:.3f}" for stage in STAGES)
    rows = table[(table["kind"] == "countries") & (table["product"] == product)].set_index(["case", "player"])["power"]
    both = "; ".join(
        f"{case} China {rows[case, 'CN']:.3f}, the US {rows[case, 'US']:.3f}" for case in ("by volume", "by stakes")
    )
    low, high, later = (
        f"China {rows[case, 'CN']:.3f}, the US {rows[case, 'US']:.3f}" for case in ("low", "high", "projected")
    )
    return (
        f"{product}, power of China's suppliers: {parts}; countries as one, {both}; by volume at the low ends "
        f"of all of China's shares {low}, at the high ends {high}, at those projected for 2027 to 2030 {later}"
    )


def _effects(table: pd.DataFrame, product: str) -> str:
    rows = table[table["product"] == product]
    alone = rows[rows["kind"] == "added"].set_index(["stage", "player", "case"])["change"].sort_index()
    states = rows[rows["kind"] == "added countries"].set_index(["stage", "player", "case"])["change"].sort_index()

    def span(series: pd.Series, name: str, player: str) -> str:
        cases = series[name, player]
        return f"{100 * cases['default']:+.2f} ({100 * cases.min():+.2f} to {100 * cases.max():+.2f})"

    parts = "; ".join(
        f"{name}: China's refiners {span(alone, name, 'refine CN')}, US suppliers {span(alone, name, 'US all')}, "
        f"China as one {span(states, name, 'CN')}, "
        f"the US as one {span(states, name, 'US')}"
        for name in ADDED
    )
    return (
        f"{product}, {SETTINGS['added']:.0%} of world output added in the US, change of power in % of the chain's "
        f"worth (range over spare capacity): {parts}"
    )
