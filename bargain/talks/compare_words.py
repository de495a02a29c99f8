"""A comparison in words: what changed, what it did to each side, which payoff terms drove it; both sides alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bargain.standoff.payoff_table import TERMS
from bargain.talks.payoff_terms import CONCESSIONS, SIDE_PAYMENTS
from bargain.talks.request import THREATS

if TYPE_CHECKING:
    from bargain.talks.compare import Change, Comparison
    from bargain.talks.decomposition import Decomposition

MOST_SHOWN = 12
"""Changes beyond this number are counted, not listed; all are in the plain data."""
LEAST_SHOWN = 5e-5
"""Smaller terms, in percent of GDP, are left out of texts."""


def comparison_text(comparison: Comparison) -> str:
    """What changed, the headline before and after, moves, life, and what drove the change of each side's payoff."""
    parts = [_changed_text(comparison), _headline_text(comparison), _moves_text(comparison), _life_text(comparison)]
    for name, found in (("payoff", comparison.payoff), ("threat", comparison.threat)):
        if found is not None:
            parts.append(_terms_text(comparison, name, found))
    parts.append(comparison.note)
    return "\n\n".join(filter(None, parts))


def _changed_text(comparison: Comparison) -> str:
    lines = ["what changed:"]
    lines += [f"  {_change_text(entry)}" for entry in comparison.changed[:MOST_SHOWN]]
    left = len(comparison.changed) - MOST_SHOWN
    if left > 0:
        lines.append(f"  and {left} more")
    return "\n".join(lines) if comparison.changed else "what changed: nothing"


def _change_text(change: Change) -> str:
    if change.kind != "parameter":
        return f"{change.key}: {_plain(change.before)} -> {_plain(change.after)}"
    old, new = ("none" if value is None else f"{value:.6g}" for value in (change.before, change.after))
    text = f"{change.key}: {old} -> {new} {change.unit} ({change.meaning})"
    return f"{text}\n    before: {change.source_before or 'none'}\n    after:  {change.source_after or 'none'}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {entry}" for name, entry in value.items()) or "none"
    return "none" if value is None else str(value)


def _headline_text(comparison: Comparison) -> str:
    """Threat, payoff and gain of each side before and after, in percent of own GDP and in USD."""
    ends = (comparison.before, comparison.after)
    lines = ["status: " + " -> ".join(end["status"] for end in ends)]
    known = [end["threat_scope"] if end["standoff"] else "none found" for end in ends]
    known = [THREATS["punishment"] if end["threat"] == "punishment" else k for end, k in zip(ends, known, strict=True)]
    threats = [f"{end['threat']} ({scope})" for end, scope in zip(ends, known, strict=True)]
    lines.append("threat: " + (threats[0] if threats[0] == threats[1] else " -> ".join(threats)))
    lines += [f"{name}: {end['message']}" for name, end in zip(("before", "after"), ends, strict=True)]
    lines.append(f"{'':16}{'before':>10}{'after':>10}{'change':>10}{'change, bn USD a year':>24}")
    for player in comparison.players:
        for name in ("threat", "payoff", "gain"):
            cells = [*(end["players"][player][name] for end in ends), comparison.change(name)[player]]
            dollars = comparison.change(f"{name}_usd_bn")[player]
            row = "".join(f"{'unknown':>10}" if value is None else f"{value:>+10.4f}" for value in cells)
            lines.append(f"{player + ' ' + name:16}{row}" + (f"{dollars:>+24.2f}" if dollars is not None else ""))
    return "\n".join([*lines, "percent of own GDP a year, from open trade at the tariffs before the standoff"])


def _moves_text(comparison: Comparison) -> str:
    """What each side does in the first round, before and after."""
    lines = []
    for name in ("standoff", "agreement"):
        ends = [comparison.moves[end][name] for end in ("before", "after")]
        if ends == [None, None]:
            continue
        lines.append(f"moves of the {name} in the first round:")
        for player in comparison.players:
            old, new = (None if end is None else _levels(end[player]) for end in ends)
            lines.append(f"  {player}: {old or 'none'}" + (", as before" if old == new else f" -> {new or 'none'}"))
    return "\n".join(lines)


def _levels(instruments: Mapping[str, Mapping[str, float]]) -> str:
    return ", ".join(
        f"{name} "
        + " or ".join(level if chance > 0.9995 else f"{level} ({chance:.3g})" for level, chance in own.items())
        for name, own in instruments.items()
    )


def _life_text(comparison: Comparison) -> str:
    told = []
    for end in (comparison.before, comparison.after):
        life = end["life"]
        months = life["ending_months"]
        if months is None:
            told.append("for ever")
        elif life["endless"] > 0.0:
            told.append(f"for ever with chance {life['endless']:.2g}, else {months:.3g} months")
        else:
            told.append(f"{months:.3g} months")
    return f"expected life of the agreement: {' -> '.join(told)}"


def _terms_text(comparison: Comparison, name: str, found: Decomposition) -> str:
    """One block a side: the change, what drove it, and the table of terms."""
    what = "the payoff" if name == "payoff" else "the threat point, the value of the standoff"
    lines = [f"what moved {what}, percent of own GDP a year:"]
    for k in range(len(found.players)):
        lines.append(f"  {_sentence(comparison, name, found, k)}")
        lines.append(f"    {'term':18}{'before':>10}{'after':>10}{'change':>10}" + _split_head(found))
        rows = [*range(len(found.terms))]
        for i in sorted(rows, key=lambda i: -abs(found.change[i, k])):
            own = [found.before[i, k], found.after[i, k], found.change[i, k], *_split(found, i, k)]
            if max(map(abs, own)) >= LEAST_SHOWN:
                lines.append(f"    {found.terms[i]:18}" + "".join(map(_figure, own)))
        total = [found.before[:, k].sum(), found.after[:, k].sum(), found.change[:, k].sum(), *_split(found, None, k)]
        lines.append(f"    {'total':18}" + "".join(map(_figure, total)))
    if found.by_numbers is not None:
        lines.append(
            "  numbers: at the same moves; moves: at the same numbers; averaged over both orders (Shapley 1953)"
        )
    return "\n".join(lines)


def _split_head(found: Decomposition) -> str:
    return "" if found.by_numbers is None else f"{'numbers':>10}{'moves':>10}"


def _split(found: Decomposition, i: int | None, k: int) -> list[float]:
    if found.by_numbers is None or found.by_moves is None:
        return []
    return [float(part[:, k].sum() if i is None else part[i, k]) for part in (found.by_numbers, found.by_moves)]


def _sentence(comparison: Comparison, name: str, found: Decomposition, k: int) -> str:
    """Who gains or loses how much, which terms for it and which against, and whether numbers or moves."""
    player, change = found.players[k], found.change[:, k]
    total, dollars = float(change.sum()), comparison.change(f"{name}_usd_bn")[found.players[k]]
    if abs(total) < LEAST_SHOWN:
        text = f"{player}: no change"
    else:
        paid = "" if dollars is None else f" ({dollars:+.2f} bn USD)"
        text = f"{player} {'gains' if total > 0.0 else 'loses'} {abs(total):.4f}{paid}"
    drivers, offsets = _leading(found, change, total), _leading(found, change, -total)
    if drivers:
        text += f", driven by {drivers}"
    if offsets:
        text += f"{', against' if drivers else ':'} {offsets}"
    split = _split(found, None, k)
    if split and abs(total) >= LEAST_SHOWN:
        text += f"; the numbers did {split[0]:+.4f}, the moves {split[1]:+.4f}"
    return text


def _leading(found: Decomposition, change: Any, sign: float) -> str:
    """The two largest terms of that sign, with what they measure."""
    order = [int(i) for i in np.argsort(-np.abs(change), kind="stable")]
    chosen = [i for i in order if change[i] * np.sign(sign or 1.0) >= LEAST_SHOWN][:2]
    return " and ".join(f"{found.terms[i]} {change[i]:+.4f} ({_meaning(found.terms[i])})" for i in chosen)


def _meaning(term: str) -> str:
    if term == SIDE_PAYMENTS:
        return "side payments received less those made"
    if term == CONCESSIONS:
        return "demands conceded that cannot be divided"
    return TERMS.get(term, "payoff of a round").partition(":")[0]


def _figure(value: float) -> str:
    return f"{value:>+10.4f}" if abs(value) >= LEAST_SHOWN else f"{'0':>10}"
