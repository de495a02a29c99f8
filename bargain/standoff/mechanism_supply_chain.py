"""The chain from mine to user in a scenario: suppliers and users by country, in shares of world output of magnets.

Shares of mines, refining and magnets are rows of the evidence, plants outside China those of its table of projects that
run; users' parts follow from their purchases and dependence in the scenario. Spare capacity is assumed, in
``[mechanisms.coalitions]``. The model is ``bargain.mechanisms.supply_chain``.
"""

from __future__ import annotations

from collections.abc import Mapping

from bargain.mechanisms.supply_chain import Supplier, SupplyChain
from bargain.standoff.mechanism_numbers import number
from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError, nearest

PLACE = "mechanisms.coalitions."
STAGES = ("mine", "refine", "magnet", "user")
OTHERS = "other"
CODES = {
    "China": "CN",
    "United States": "US",
    "Burma (Myanmar)": "MM",
    "Australia": "AU",
    "Malaysia": "MY",
    "France": "EU",
    "Estonia": "EU",
}
"""Country of the evidence -> code."""

MINERS = ("CN", "US", "MM", "AU")
"""Countries whose mines are suppliers of their own, the largest of 2024 and 2025; all others are one."""

PRODUCTS = {"light": ("refine_share_cn", "NdPr"), "heavy": ("hree_refine_share_cn_2024", "Dy")}
"""Product -> (China's share of refining, word in the products of plants that refine it)."""

MAGNETS = "magnet_share_cn"
"""China's share of magnets."""

RUNNING = ("producing", "first")
"""How the status of a plant that runs begins."""


def supply_chain(
    scenario: Scenario,
    *,
    product: str = "light",
    stakes: bool = False,
    magnets: str = "light_magnets",
    mine_spare: float | None = None,
    refine_spare: float | None = None,
    magnet_spare: float | None = None,
    japan_rest: float | None = None,
    china: Mapping[str, float] | None = None,
) -> SupplyChain:
    """The chain mine -> refine -> magnet -> user of the world, in shares of world output of magnets.

    product: "light" or "heavy", which decides on the share of China in refining and on whose plants refine the rest
    (mine output by element is not in the evidence: it is that of all rare earths); stakes: weigh a unit by what a user
    loses without it (China and the rest of the world at the mean of the others), else all users alike; magnets: input
    whose purchases and dependence give the use abroad. Capacities are shares of output times the spare ratios; the rest
    of magnets not made in China or in plants that run is Japan's by ``japan_rest``, else of others. china: stage ->
    share of China in place of the evidence's, such as one projected, the others in proportion.
    """
    if product not in PRODUCTS:
        raise ScenarioError(
            f"product = '{product}' is not one of {', '.join(PRODUCTS)}{nearest(product, list(PRODUCTS))}"
        )
    row, word = PRODUCTS[product]
    own = {stage: scenario.evidence.parameter(name).value for stage, name in (("refine", row), ("magnet", MAGNETS))}
    parts = {
        "mine": _mines(scenario),
        "refine": {"CN": own["refine"]} | _spread(_plants(scenario, word), 1.0 - own["refine"]),
        "magnet": {"CN": own["magnet"]} | _magnets_abroad(scenario, 1.0 - own["magnet"], japan_rest),
    }
    for stage, share in (china or {}).items():
        if stage not in parts or not 0.0 <= share <= 1.0:
            raise ScenarioError(f"china[{stage!r}] = {share}; the rule is a share in [0, 1] for {', '.join(parts)}")
        others = {code: part for code, part in parts[stage].items() if code != "CN"}
        parts[stage] = {"CN": float(share)} | _spread(others, 1.0 - share)
    spare = {
        stage: number(scenario, f"{PLACE}{stage}_spare", given)
        for stage, given in (("mine", mine_spare), ("refine", refine_spare), ("magnet", magnet_spare))
    }
    makers = [
        Supplier(f"{stage} {code}", stage, code, share * spare[stage])
        for stage, own in parts.items()
        for code, share in own.items()
    ]
    use = magnet_use(scenario, magnets)
    value = _unit_values(scenario, use) if stakes else dict.fromkeys(use, 1.0)
    return SupplyChain(STAGES, (*makers, *(Supplier(f"user {c}", "user", c, use[c], value[c]) for c in use)))


def single_suppliers(chain: SupplyChain) -> dict[str, tuple[str, ...]]:
    """Owners when suppliers stand alone and users act as one, which keeps the number of players small."""
    last = chain.stages[-1]
    alone = {one.name: (one.name,) for one in chain.suppliers if one.stage != last}
    return alone | {"users": tuple(one.name for one in chain.at(last))}


def magnet_use(scenario: Scenario, magnets: str = "light_magnets") -> dict[str, float]:
    """Country -> share of the world's use of magnets: China what it does not export, the scenario's users their
    purchases over their dependence, the rest of the world what is left."""
    evidence = scenario.evidence
    exports = evidence.parameter("magnet_export_ratio_cn").value * evidence.parameter(MAGNETS).value
    home = evidence.parameter(MAGNETS).value - exports
    per_usd = exports / evidence.parameter("cn_magnet_exports_2024_usd").value
    use = {"CN": home} | {code: per_usd * bought for code, bought in all_purchases(scenario, magnets).items()}
    return use | {OTHERS: max(0.0, 1.0 - sum(use.values()))}


def all_purchases(scenario: Scenario, magnets: str) -> dict[str, float]:
    """User -> what it buys from anybody, USD bn a year: purchases from the exporter over dependence."""
    if magnets not in scenario.file.inputs:
        raise ScenarioError(f"'{magnets}' is not an input{nearest(magnets, list(scenario.file.inputs))}")
    found = {}
    for code in scenario.file.inputs[magnets].users:
        dependence = number(scenario, f"{magnets}.{code}.dependence")
        bought = number(scenario, f"{magnets}.{code}.purchases_usd_bn")
        found[code] = bought / dependence if dependence > 0.0 else 0.0
    return found


def _mines(scenario: Scenario) -> dict[str, float]:
    """Code -> share of world mine output in the year of ``mine_share_cn_2024``."""
    year = scenario.evidence.parameter("mine_share_cn_2024").date
    rows = [row for row in scenario.evidence.dataset("mine_production") if row["year"] == year]
    total = sum(row["value_t"] for row in rows if row["country"] != "World")
    shares: dict[str, float] = {}
    for row in rows:
        if row["country"] != "World":
            code = CODES.get(row["country"], OTHERS)
            code = code if code in MINERS else OTHERS
            shares[code] = shares.get(code, 0.0) + row["value_t"] / total
    return shares


def _plants(scenario: Scenario, word: str) -> dict[str, float]:
    """Code -> capacity, t a year, of plants outside China that run and whose product names ``word``."""
    found: dict[str, float] = {}
    for row in scenario.evidence.dataset("capacity_pipeline"):
        code = CODES.get(row["country"], row["country"])
        runs = row["status"].startswith(RUNNING) and word in row["product"].split("later")[0]
        if runs and code != "CN" and row["capacity_t_per_year"] is not None:
            found[code] = found.get(code, 0.0) + row["capacity_t_per_year"]
    return found


def _spread(weights: dict[str, float], total: float) -> dict[str, float]:
    """A total in proportion to weights; to others where there are none."""
    whole = sum(weights.values())
    return {code: total * weight / whole for code, weight in weights.items()} if whole > 0.0 else {OTHERS: total}


def _magnets_abroad(scenario: Scenario, total: float, japan_rest: float | None) -> dict[str, float]:
    """Code -> share of world magnets made outside China: plants that run, the rest in Japan and elsewhere."""
    world = scenario.evidence.parameter("magnet_world_t_2024").value
    plants = {code: tonnes / world for code, tonnes in _plants(scenario, "NdFeB").items()}
    rest = total - sum(plants.values())
    if rest <= 0.0:
        return _spread(plants, total)
    japan = number(scenario, f"{PLACE}japan_rest", japan_rest)
    return plants | {"JP": rest * japan, OTHERS: rest * (1.0 - japan)}


def _unit_values(scenario: Scenario, use: dict[str, float]) -> dict[str, float]:
    """User -> what a unit is worth to it, by its loss without supplies, the mean of those with a published loss 1."""
    loss = yearly_losses(scenario)
    known = [code for code in use if code in loss and use[code] > 0.0]
    mean = sum(loss[code] for code in known) / sum(use[code] for code in known)
    return {code: loss[code] / use[code] / mean if code in known else 1.0 for code in use}


def yearly_losses(scenario: Scenario) -> dict[str, float]:
    """User -> loss of a year of an 80 % cut of the inputs, USD bn, all sectors that have users together."""
    found: dict[str, float] = {}
    for sector, entry in scenario.file.sectors.items():
        for code in entry.users:
            percent = number(scenario, f"{sector}.{code}.loss_of_80_cut")
            found[code] = found.get(code, 0.0) + percent / 100.0 * number(scenario, f"{code}.gdp_usd_bn")
    if not found:
        raise ScenarioError(f"scenario '{scenario.name}' has no sector with users")
    return found
