"""Which observed regimes does the model make, in which role, at which free weights, and how flat is the fit?

Four regimes of the record, coded row by row as levels of the four instruments, against what the model makes of them at
the assumed weights, at weights drawn uniformly from their ranges, and at the weights most favourable to each. Nothing
is fitted: the weights of the scenario stay as they are. Where no weights can do it, that is a bound from a linear
program and not a matter of sampling. The mood in which each regime began is an assumption, so that both are given.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bargain as bg
from bargain.plot import DOUBLE_COLUMN, figure_style, letter_panels, new_figure
from bargain.study.calibration import DEAL, NOT_EXCLUDED, ONE_ROUND, PUNISHMENT, ROLES, kind_of
from bargain.study.calibration_page import POSSIBLE, WORDS, percent, titles, with_tables
from bargain.study.calibration_table import COLUMNS, CalibrationPlan, calibration_table

SETTINGS = {
    "scenario": "us-china-2025",
    "evidence": "independent",
    "levels": {"rebuilt": 2, "substitution": 2},
    "n_draws": 150,
    "n_first_rounds": 20_000,
    "n_fine": 4,
    "n_rare": 12,
    "significance": 0.01,
    "fewest": 5,
    "seed": 5,
}
SHORT = {"january": "Jan 2025", "escalation": "Apr-May", "geneva": "Geneva", "busan": "Busan"}


def run() -> pd.DataFrame:
    scenario = bg.load_scenario(SETTINGS["scenario"], evidence=SETTINGS["evidence"])
    sizes = {name: SETTINGS[name] for name in ("n_draws", "n_first_rounds", "n_fine", "n_rare", "significance", "seed")}
    table = calibration_table(scenario, CalibrationPlan(levels=tuple(SETTINGS["levels"].items()), **sizes))
    table.attrs["parameters_hash"] = scenario.hash
    table.attrs["record"] = {**scenario.record(), "solver": "best replies, truce_options, enforceable_many, least_gain"}
    table.attrs["allowed_missing"] = COLUMNS[1:]
    return table


# Figure ---------------------------------------------------------------------------------------------------------------

MARKERS = dict(zip(SHORT, ("o", "s", "^", "D"), strict=True))


def plot(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure, axes = new_figure(DOUBLE_COLUMN, 5.6, rows=2, columns=2, width_ratios=(1.55, 1.0))
        _role_panel(axes[0, 0], table[table["part"] == "role"])
        _count_panel(axes[0, 1], table[(table["part"] == "fit") & table["regime"].isna()])
        _profile_panel(axes[1, 0], table[table["part"] == "profile"], _spread(table))
        _distance_panel(axes[1, 1], table[table["part"] == "identified"])
        letter_panels(axes.ravel())
    return figure


def _role_panel(ax: Axes, rows: pd.DataFrame) -> None:
    """Shares of draws by role, regime and mood; a dot where the assumed weights do it on the shipped grid."""
    columns = [(regime, mood) for regime in SHORT for mood in ("hawk", "split")]
    roles = [role for role in ROLES if role != NOT_EXCLUDED]
    shares = rows.set_index(["role", "regime", "mood"])["share"]
    image = np.array([[shares[role, regime, mood] for regime, mood in columns] for role in roles])
    ax.imshow(image, cmap="Greys", vmin=0.0, vmax=1.0, interpolation="none", aspect="auto")
    own = rows.set_index(["role", "regime", "mood"])
    for y, role in enumerate(roles):
        for x, (regime, mood) in enumerate(columns):
            cell = own.loc[(role, regime, mood)]
            colour = "white" if cell["share"] > 0.55 else "black"
            text = _percent(float(cell["share"])) if cell["share"] else "*" if cell["favourable"] >= 1.0 else "\u2013"
            ax.text(
                x - 0.12 * (cell["default_fine"] > 0.0), y, text, ha="center", va="center", color=colour, fontsize=6.5
            )
            if cell["default_fine"] > 0.0:
                full = cell["default_fine"] >= 1.0
                ax.plot(x + 0.34, y, "o", markersize=3.2, color=colour, fillstyle="full" if full else "none")
    ax.set_yticks(range(len(roles)), roles)
    ax.set_xticks(range(len(columns)), [mood for _, mood in columns])
    for k, name in enumerate(SHORT.values()):
        ax.text(2 * k + 0.5, -0.62, name, ha="center", va="bottom", fontsize=7.0)
        if k:
            ax.axvline(2 * k - 0.5, color="black", linewidth=0.5)
    ax.tick_params(length=0)
    ax.set_xlabel(
        "\u2013 never found   * at the weights that suit it best   dot: at the assumed weights (open: in part)",
        fontsize=6.0,
        loc="right",
    )
    ax.set_title("draws that fill the role (%)", pad=14.0)


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f}" if share >= 0.01 else f"{100.0 * share:.2g}"


def _count_panel(ax: Axes, rows: pd.DataFrame) -> None:
    kinds = {
        "no agreement": "one round or standoff",
        "without side payments": "or truce",
        "any role": "or deal, punishment",
    }
    own = rows[rows["mood"] == "assumed"]
    for k, (kind, label) in enumerate(kinds.items()):
        shares = own[own["role"] == kind].sort_values("key")["share"]
        x = np.arange(len(shares)) + 0.27 * (k - 1)
        ax.bar(x, 100.0 * shares, width=0.25, color=str(0.75 - 0.3 * k), edgecolor="black", linewidth=0.4, label=label)
    ax.set_xticks(range(5))
    ax.set_xlabel("regimes reproduced, of four")
    ax.set_ylabel("share of draws (%)")
    ax.set_ylim(0.0, 85.0)
    ax.legend(loc="upper right")


def _spread(table: pd.DataFrame) -> float:
    """Standard deviation over draws of the number of regimes reproduced."""
    own = table[(table["part"] == "fit") & (table["mood"] == "assumed") & table["regime"].isna()]
    own = own[own["role"] == "without side payments"]
    number, share = own["key"].astype(float), own["share"]
    return float(np.sqrt((share * (number - (share * number).sum()) ** 2).sum()))


def _profile_panel(ax: Axes, rows: pd.DataFrame, spread: float) -> None:
    """Mean number of regimes along each weight, from the low to the high end of its range."""
    error = spread / np.sqrt(rows["count"].mean())
    keys = list(WORDS)
    image = np.array([rows[rows["key"] == key].sort_values("low")["share"].to_numpy() for key in keys])
    reach = 2.0 * np.nanmax(np.abs(image - np.nanmean(image)))  # pale enough for the numbers
    ax.imshow(image - np.nanmean(image), cmap="PuOr_r", vmin=-reach, vmax=reach, interpolation="none", aspect="auto")
    for (y, x), value in np.ndenumerate(image):
        ax.text(x, y, f"{value:.1f}", ha="center", va="center", fontsize=6.5)
    ax.set_yticks(range(len(keys)), [WORDS[key] for key in keys])
    ax.set_xticks(
        [-0.5, image.shape[1] / 2 - 0.5, image.shape[1] - 0.5], ["low end", "range of the weight", "high end"]
    )
    ax.tick_params(length=0)
    ax.set_title(f"mean number of regimes reproduced (s.e. {error:.1f})")


def _distance_panel(ax: Axes, rows: pd.DataFrame) -> None:
    """Distances of the distributions of draws with and without each regime; filled where they are no chance."""
    keys = list(WORDS)
    for k, (regime, name) in enumerate(SHORT.items()):
        own = rows[rows["regime"] == regime]
        enough = own[own["count"] >= SETTINGS["fewest"]]
        own = enough[enough["role"] == enough["role"].iloc[0]].set_index("key").loc[keys]
        y = np.arange(len(keys)) + 0.18 * (k - 1.5)
        style = {"linestyle": "none", "marker": MARKERS[regime], "color": "black", "markersize": 3.4}
        for sure, face in (("yes", "black"), ("no", "white")):
            chosen = (own["text"] == sure).to_numpy()
            ax.plot(own["distance"][chosen], y[chosen], markerfacecolor=face, markeredgewidth=0.6, **style)
        label = f"{name}{' (one round)' if own['role'].iloc[0] == ONE_ROUND else ''}"
        ax.plot([], [], markerfacecolor="black", label=label, **style)
    ax.set_yticks(range(len(keys)), [])
    ax.set_ylim(len(keys) - 0.5, -0.5)
    ax.set_xlim(0.0, 1.0)
    for y in range(1, len(keys)):
        ax.axhline(y - 0.5, color="#DDDDDD", linewidth=0.4)
    ax.tick_params(axis="y", length=0)
    ax.set_title("how well a weight tells (distance)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=2, columnspacing=1.0)


# Findings and page ----------------------------------------------------------------------------------------------------


def findings(table: pd.DataFrame) -> list[str]:
    lines = [_regime_line(table, regime, title) for regime, title in titles(table).items()]
    return [
        *lines,
        _exact_line(table),
        _pairs_line(table),
        _common_line(table),
        *_rare_lines(table),
        _fit_line(table),
        _weights_line(table),
        _grid_line(table),
    ]


def _regime_line(table: pd.DataFrame, regime: str, title: str) -> str:
    rows = table[(table["part"] == "role") & (table["regime"] == regime) & (table["role"] != NOT_EXCLUDED)]
    parts = []
    for (key, mood), own in rows.groupby(["key", "mood"], sort=True):
        now = _most(own, "default_fine")
        drawn, best = _most(own, "share"), _most(own, "favourable")
        assumed = ", ".join(f"{kind}{_partly(value)}" for kind, value in now.items() if value > 0.0)
        shares = ", ".join(f"{kind} {percent(value)}" for kind, value in drawn.items())
        alone = [f"{kind}{_partly(best[kind])}" for kind in drawn if drawn[kind] == 0.0 and best[kind] > 0.0]
        never = [kind for kind in drawn if drawn[kind] == 0.0 and best[kind] == 0.0]
        text = f"{key} {mood}: at the assumed weights {assumed or 'in no role'}; share of draws: {shares}"
        text += f"; only at the weights that suit it best: {', '.join(alone)}" if alone else ""
        parts.append(text + (f"; never found: {', '.join(never)}" if never else ""))
    return f"{title}. " + ". ".join(parts)


def _most(rows: pd.DataFrame, column: str) -> dict[str, float]:
    """The largest number of each kind of role: one for all standoffs, one for all truces."""
    kinds: dict[str, float] = {}
    for row in rows.to_dict("records"):
        kind = kind_of(row["role"])
        kinds[kind] = max(kinds.get(kind, 0.0), float(row[column]))
    return kinds


def _partly(value: float) -> str:
    return "" if value > 1.0 - 1e-9 else f" (chance {value:.2f})"


def _exact_line(table: pd.DataFrame) -> str:
    rows = table[table["part"] == "move"]
    out = rows[rows["least_gain"] > POSSIBLE].groupby("key", sort=False)["least_gain"].min()
    words = ", ".join(f"{key} ({gain:.4f} % of GDP)" for key, gain in out.items())
    return f"no weights make these moves an equilibrium of one round, as some gain is at least: {words or 'none'}"


def _pairs_line(table: pd.DataFrame) -> str:
    out = table[(table["part"] == "pair") & (table["least_gain"] > POSSIBLE)]
    words = ", ".join(
        f"{SHORT[r.regime]} and {SHORT[r.key]} as {r.role} ({r.least_gain:.4f} % of GDP)" for r in out.itertuples()
    )
    return f"no weights make both of these regimes at once, as some gain is at least: {words or 'none'}"


def _common_line(table: pd.DataFrame) -> str:
    parts = []
    for role in (DEAL, PUNISHMENT):
        rows = table[(table["part"] == "common") & (table["role"] == role)]
        for mood, own in rows.groupby("mood", sort=False):
            moves = ", ".join(f"{row.key} {percent(row.share)}" for row in own.itertuples())
            parts.append(f"{role}, {mood}: {moves}")
    return "what deals with side payments and their punishments begin with instead, share of draws: " + "; ".join(parts)


def _rare_lines(table: pd.DataFrame) -> list[str]:
    lines = []
    for regime, rows in table[table["part"] == "rare"].groupby("regime", sort=False):
        filled = _most(rows[rows["role"] != NOT_EXCLUDED], "share")
        filled = ", ".join(f"{kind} {percent(value)}" for kind, value in filled.items())
        first = rows.iloc[0]
        lines.append(
            f"{titles(table)[regime]}: {percent(first['base_rate'])} of draws do not exclude it as the beginning of a "
            f"standoff (mood {first['mood']}); of {first['count']:.0f} of these: {filled}"
        )
    return lines


def _fit_line(table: pd.DataFrame) -> str:
    own = table[(table["part"] == "fit") & (table["mood"] == "assumed") & table["regime"].isna()]
    parts = []
    for role, rows in own.groupby("role", sort=False):
        shares = ", ".join(percent(share) for share in rows.sort_values("key")["share"])
        parts.append(f"{role}: {shares}")
    return "share of draws that reproduce 0, 1, 2, 3 and 4 regimes in the assumed moods, " + "; ".join(parts)


def _weights_line(table: pd.DataFrame) -> str:
    own = table[(table["part"] == "identified") & (table["count"] >= SETTINGS["fewest"])]
    parts = []
    for role, rows in own.groupby("role", sort=False):
        told = rows[rows["text"] == "yes"]
        named = [
            f"{WORDS[key]} ({', '.join(f'{SHORT[r.regime]} {r.distance:.2f}' for r in part.itertuples())})"
            for key, part in told.groupby("key", sort=False)
        ]
        idle = [words for key, words in WORDS.items() if key not in set(told["key"])]
        parts.append(f"{role}: {'; '.join(named) or 'none'}; no trace of {', '.join(idle) or 'none'}")
    return "weights that tell draws with a regime from those without (distance of distributions), " + ". ".join(parts)


def _grid_line(table: pd.DataFrame) -> str:
    rows = table[table["part"] == "grid"]
    shares = ", ".join(f"{row.role} {percent(row.share)}" for row in rows.itertuples())
    return f"coarse and shipped grid give the same answer, of {rows['count'].iloc[0]:.0f} each: {shares}"


def main() -> None:
    """Make the tables of the page anew from the committed table."""
    root = Path(__file__).parents[1]
    page = root / "docs" / "calibration.md"
    table = pd.read_csv(root / "figures" / "calibration.csv", keep_default_na=False, na_values=[""])
    page.write_text(page_of(page.read_text(encoding="utf-8"), table), encoding="utf-8")


def page_of(page: str, table: pd.DataFrame) -> str:
    """The page with the numbers of a table."""
    return with_tables(page, table, findings(table))


if __name__ == "__main__":
    main()
