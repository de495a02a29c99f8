"""Tables of docs/calibration.md from the table of the calibration, so that no number there is typed in.

The page holds pairs of marks, ``<!-- calibration: NAME -->`` and ``<!-- end -->``; what stands between them is replaced
by the table of that name (see ``TABLES``), or by the findings as a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bargain.study.calibration import NOT_EXCLUDED, ONE_ROUND, ROLES

if TYPE_CHECKING:
    import pandas as pd

WORDS = {
    "US.protection_weight": "US: protection",
    "US.hawk.protection_factor": "US: factor of the hawks",
    "US.split.protection_factor": "US: factor when split",
    "US.revenue_weight": "US: tariff revenue",
    "US.audience_cost": "US: audience",
    "CN.protection_weight": "China: protection",
    "CN.revenue_weight": "China: tariff revenue",
    "CN.audience_cost": "China: audience",
    "heavy_rare_earths.security_value": "China: denial of rare earths",
    "ai_chips.security_value": "US: denial of chips",
    "licences.bottleneck_rent": "China: bottleneck rent",
}
"""Free weight -> whose it is and on what."""

POSSIBLE = 1e-9
"""A least gain above this is one."""

MARKS = re.compile(r"(<!-- calibration: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(page: str, table: pd.DataFrame, findings: Sequence[str] = ()) -> str:
    """The page with every table and the findings made anew; ValueError for a mark that names no table."""

    def block(found: re.Match[str]) -> str:
        name = found[2]
        if name == "findings":
            return f"{found[1]}\n{chr(10).join(f'- {line}' for line in findings)}\n\n{found[3]}"
        if name not in TABLES:
            raise ValueError(f"docs: '{name}' names no table; the rule is one of findings, {', '.join(TABLES)}")
        return f"{found[1]}\n{TABLES[name](table)}\n\n{found[3]}"

    return MARKS.sub(block, page)


def titles(table: pd.DataFrame) -> dict[str, str]:
    """Name of each regime -> its title."""
    return {row["regime"]: row["role"] for row in _part(table, "target")}


def chance(value: float) -> str:
    """A chance in words."""
    return "yes" if value > 1.0 - 1e-9 else "no" if value < 1e-9 else f"in part ({value:.2f})"


def percent(share: float) -> str:
    """A share in percent; two digits where it is small."""
    return f"{100.0 * share:.0f} %" if share >= 0.01 or share == 0.0 else f"{100.0 * share:.2g} %"


def _part(table: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """Rows of one part as plain dictionaries, texts that are missing as ""."""
    rows = [{str(key): value for key, value in row.items()} for row in table[table["part"] == name].to_dict("records")]
    for row in rows:
        for column in ("regime", "mood", "role", "key", "text"):
            row[column] = row[column] if isinstance(row[column], str) else ""
    return rows


def _markdown(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def _targets(table: pd.DataFrame) -> str:
    rows = []
    for row in _part(table, "target"):
        levels, _, source = row["text"].partition(": ")
        rows.append([row["role"], row["mood"], row["key"], levels, source])
    return _markdown(["regime", "assumed US mood", "instrument", "read as", "rows of the evidence (value)"], rows)


def _roles(table: pd.DataFrame) -> str:
    own = {(row["regime"], row["role"], row["mood"]): row for row in _part(table, "role")}
    moods = list(dict.fromkeys(mood for _, _, mood in own))
    assumed = {row["regime"]: row["mood"] for row in _part(table, "target")}
    header = ["role", *(f"{what}, {mood}" for what in ("assumed weights", "draws", "best weights") for mood in moods)]
    parts = []
    for regime, title in titles(table).items():
        rows = []
        for role in ROLES:
            cells = [own[regime, role, mood] for mood in moods]
            now = [chance(cell["default_fine"]) for cell in cells]
            drawn, best = ([percent(cell["share"]) for cell in cells], [chance(cell["favourable"]) for cell in cells])
            rows.append([role, *now, *drawn, *best])
        parts.append(f"**{title}** (assumed mood: {assumed[regime]})\n\n{_markdown(header, rows)}")
    return "\n\n".join(parts)


def _moves(table: pd.DataFrame) -> str:
    rows = []
    for row in _part(table, "move"):
        gain = row["least_gain"]
        verdict = f"impossible: some gain is at least {gain:.4f}" if gain > POSSIBLE else "possible"
        where = [titles(table)[row["regime"]], row["mood"], row["key"], row["text"] or "none"]
        rows.append([*where, percent(row["share"]), percent(row["low"]), verdict])
    header = ["regime", "mood", "moves", "roles at the assumed weights (chance)", "draws, some role"]
    return _markdown([*header, "draws, no agreement", "equilibrium of one round at some weights"], rows)


def _pairs(table: pd.DataFrame) -> str:
    rows = []
    for row in _part(table, "pair"):
        gain = row["least_gain"]
        verdict = f"no: some gain is at least {gain:.4f}" if gain > POSSIBLE else "yes"
        rows.append([titles(table)[row["regime"]], titles(table)[row["key"]], row["role"], verdict])
    return _markdown(["regime", "and regime", "both as", "at the same weights, in the assumed moods"], rows)


def _common(table: pd.DataFrame) -> str:
    rows = [[row["role"], row["mood"], row["key"], percent(row["share"])] for row in _part(table, "common")]
    return _markdown(["role", "mood", "moves", "draws"], rows)


def _rare(table: pd.DataFrame) -> str:
    rows = []
    for row in _part(table, "rare"):
        if row["share"] > 0.0 and row["role"] != NOT_EXCLUDED:
            where = f"{titles(table)[row['regime']]}, {row['mood']}"
            filled = f"{percent(row['share'])} of {row['count']:.0f}"
            rows.append([where, percent(row["base_rate"]), row["role"], filled, row["text"]])
    return _markdown(["regime and mood", "draws that do not exclude it", "role", "filled in", "by (share)"], rows)


def _fit(table: pd.DataFrame) -> str:
    own, names = _part(table, "fit"), titles(table)
    numbers = [f"{n}" for n in range(len(names) + 1)]
    shares: dict[tuple[str, str], dict[str, float]] = {}
    for row in own:
        # A number that was read from a file may have become a float.
        column = row["regime"] or f"{float(row['key']):.0f}"
        shares.setdefault((row["role"], row["mood"]), {})[column] = row["share"]
    rows = [[role, mood, *(percent(part[c]) for c in (*numbers, *names))] for (role, mood), part in shares.items()]
    return _markdown(["roles that count", "mood at the start", *numbers, *map(_short, names.values())], rows)


def _weights(table: pd.DataFrame) -> str:
    own, names, parts = _part(table, "identified"), titles(table), []
    for role in dict.fromkeys(row["role"] for row in own):
        found = {(row["regime"], row["key"]): row for row in own if row["role"] == role}
        rows = [[words, *(_separation(found[regime, key]) for regime in names)] for key, words in WORDS.items()]
        counts = {regime: found[regime, next(iter(WORDS))]["count"] for regime in names}
        header = ["weight", *(f"{_short(title)} ({counts[regime]:.0f} draws)" for regime, title in names.items())]
        kind = "an equilibrium of one round" if role == ONE_ROUND else "some role without side payments"
        parts.append(f"Reproduced as {kind}:\n\n{_markdown(header, rows)}")
    return "\n\n".join(parts)


def _separation(row: Mapping[str, Any]) -> str:
    """Distance, bold where it is no chance, and the middle nine tenths of the draws with the regime."""
    if row["low"] != row["low"]:
        return "none"
    number = "all" if row["distance"] != row["distance"] else f"{row['distance']:.2f}"
    number = f"**{number}**" if row["text"] == "yes" else number
    return f"{number} ({row['low']:.3g} to {row['high']:.3g})"


def _short(title: str) -> str:
    return title.partition(":")[2].strip() or title


def _grids(table: pd.DataFrame) -> str:
    rows = [[row["role"], percent(row["share"]), f"{row['count']:.0f}"] for row in _part(table, "grid")]
    return _markdown(["role", "same answer", "of"], rows)


TABLES: dict[str, Callable[[pd.DataFrame], str]] = {
    "targets": _targets,
    "roles": _roles,
    "moves": _moves,
    "pairs": _pairs,
    "common": _common,
    "rare": _rare,
    "fit": _fit,
    "weights": _weights,
    "grids": _grids,
}
"""Name of a table in the page -> what makes it."""
