"""The payoff terms of one cell of us-china-2025 in plain scalar Python, written from the equations in the docs.

Nothing of ``bargain.economy`` or ``bargain.standoff`` is used: only parameter values and the trade data come in.
"""

from __future__ import annotations

import itertools
import math
from functools import cached_property

import numpy as np
from scipy.optimize import brentq, root

BYSTANDERS = ("EU", "JP", "KR", "IN", "TW")
PLAYERS = ("US", "CN", *BYSTANDERS)
REGIONS = (*PLAYERS, "ROW")
MAGNET_INPUTS = ("light_magnets", "heavy_rare_earths")
TARIFFS = ("pre_2025", "truce", "peak")
ROUND_MONTHS = 3


class RoundByHand:
    """One round at parameter values ``v``; a move is a dict of levels: us_tariff, chip_control, cn_tariff, licences and
    a stance for each bystander."""

    def __init__(self, v, mood, stocks, flows, gdp):
        self.v, self.mood, self.stocks = v, mood, stocks
        self.flows, self.gdp = flows, gdp
        self.trade_at = {}

    # ------------------------------------------------------------ tariffs

    def tariffs(self, us, cn):
        t = np.full((8, 8), self.v["trade.other_tariff"])
        np.fill_diagonal(t, 0.0)
        t[REGIONS.index("CN"), REGIONS.index("US")] = self.v[f"us_tariff.{us}.rate"]
        t[REGIONS.index("US"), REGIONS.index("CN")] = self.v[f"cn_tariff.{cn}.rate"]
        return t

    def equilibrium(self, spending, old, new):
        """Shares, spending, prices and wages at tariffs ``new`` with balanced trade, from spending at ``old``."""
        eps, n = self.v["trade.elasticity"], len(spending)
        spent = [sum(spending[i][m] for i in range(n)) for m in range(n)]
        output = [sum(spending[i][m] / (1 + old[i][m]) for m in range(n)) for i in range(n)]

        def solve(log_wages):
            wages = [math.exp(x) for x in log_wages]
            shares, budgets, prices = np.zeros((n, n)), [], []
            for m in range(n):
                pull = [
                    spending[i][m] / spent[m] * (wages[i] * (1 + new[i][m]) / (1 + old[i][m])) ** -eps for i in range(n)
                ]
                shares[:, m] = [entry / sum(pull) for entry in pull]
                prices.append(sum(pull) ** (-1 / eps))
                duty = sum(shares[i][m] * new[i][m] / (1 + new[i][m]) for i in range(n))
                budgets.append(wages[m] * output[m] / (1 - duty))
            return wages, shares, budgets, prices

        def excess(log_wages):
            wages, shares, budgets, _ = solve(log_wages)
            gaps = [
                sum(shares[i][m] * budgets[m] / (1 + new[i][m]) for m in range(n)) / (wages[i] * output[i]) - 1
                for i in range(n)
            ]
            return [*gaps[:-1], sum(w * y for w, y in zip(wages, output, strict=True)) / sum(output) - 1]

        found = root(excess, np.zeros(n), tol=1e-13)
        wages, shares, budgets, prices = solve(found.x)
        income = [budgets[m] / spent[m] / prices[m] for m in range(n)]
        return shares, budgets, income, [w * y for w, y in zip(wages, output, strict=True)]

    @cached_property
    def base(self):
        """Spending and output once deficits are purged at the tariffs of the start."""
        start = self.tariffs("pre_2025", "pre_2025")
        spending = self.flows * (1 + start)
        for i in range(8):
            spending[i, i] = self.gdp[i] - sum(self.flows[i][m] for m in range(8) if m != i)
        shares, budgets, _, output = self.equilibrium(spending, start, start)
        return start, shares * np.array(budgets), output

    def trade(self, us, cn):
        if (us, cn) not in self.trade_at:
            start, spending, _ = self.base
            self.trade_at[us, cn] = self.equilibrium(spending, start, self.tariffs(us, cn))
        return self.trade_at[us, cn]

    def tariff_terms(self, code, us, cn):
        start, spending, output = self.base
        new, m = self.tariffs(us, cn), REGIONS.index(code)
        shares, _budgets, income, _ = self.trade(us, cn)
        spent = sum(spending[i][m] for i in range(8))
        real_income = 100 * (income[m] - 1) * self.v["trade.short_run_scale"]

        def revenue(share, rates):
            return sum(share[i][m] * rates[i][m] / (1 + rates[i][m]) for i in range(8))

        old_shares = spending / spending.sum(axis=0)
        gained = 100 * (revenue(shares, new) - revenue(old_shares, start)) * spent / output[m]
        displaced = 0.0
        if code in ("US", "CN"):
            i = REGIONS.index("CN" if code == "US" else "US")
            fall = old_shares[i][m] / (1 + start[i][m]) - shares[i][m] / (1 + new[i][m])
            displaced = 100 * fall * spent / output[m]
        weight = self.v.get(f"{code}.protection_weight", 0.0)
        if code == "US":
            weight *= self.v[f"US.{self.mood}.protection_factor"]
        return real_income, weight * displaced, self.v.get(f"{code}.revenue_weight", 0.0) * gained

    # ------------------------------------------------------------ inputs

    def delivered(self, name, user, track, move):
        """Share of normal purchases that still arrives without detours."""
        if name == "ai_chips":
            return self.v[f"chip_control.{move['chip_control']}.{track}"]
        share = self.v[f"licences.{move['licences']}.{track}"]
        if user == "US":
            return share
        stance = move[user]
        kept = 1.0
        if self.restricted("licences", move):
            moved = min(self.v["diversion.cap"], self.detour_capacity * self.v[f"alignment.{stance}.willingness"])
            kept = 1 - self.v["diversion.tracing"] * moved / self.v["diversion.cap"]
        return (1 - self.v[f"alignment.{stance}.reach"] * (1 - share)) * kept

    def restricted(self, control, move):
        return self.v[f"{control}.{move[control]}.civil"] < 1 or self.v[f"{control}.{move[control]}.military"] < 1

    @property
    def detour_capacity(self):
        t = self.v["diversion.tracing"]
        profit = (1 - t) * self.v["diversion.margin"] - t * self.v["diversion.penalty"]
        return min(max(profit / self.v["diversion.concealment_cost"], 0.0), self.v["diversion.cap"])

    def detour_part(self, code, move):
        routes = sum(self.v[f"{other}.reexport_weight"] for other in BYSTANDERS)
        return self.v[f"{code}.reexport_weight"] / routes * self.v[f"alignment.{move[code]}.willingness"]

    def gap(self, name, user, track, move):
        replaced = self.v["state.substitution" if name == "ai_chips" else "state.rebuilt"]
        diverted = 0.0
        if name != "ai_chips" and user == "US" and self.restricted("licences", move):
            diverted = self.detour_capacity * sum(self.detour_part(code, move) for code in BYSTANDERS)
        missing = max(0.0, 1 - self.delivered(name, user, track, move) - diverted)
        return self.v[f"{name}.{user}.dependence"] * (1 - replaced) * missing

    def covered(self, name, user, track, move):
        """Share of the round that the stock lasts."""
        stock = self.v.get(f"{name}.{user}.{track}_stock_months", 0.0)
        gap = self.gap(name, user, track, move)
        part = self.v.get(f"{name}.{user}.military_share", 0.0)
        if self.stocks == "pooled" and (part > 0 or track == "civil"):
            stock = (1 - part) * self.v.get(f"{name}.{user}.civil_stock_months", 0.0)
            stock += part * self.v.get(f"{name}.{user}.military_stock_months", 0.0)
            gap = (1 - part) * self.gap(name, user, "civil", move) + part * self.gap(name, user, "military", move)
        return 1.0 if stock >= gap * ROUND_MONTHS else stock / (gap * ROUND_MONTHS)

    def outer(self, supply, user, elasticity):
        share, power = self.v["magnet_users.cost_share"], (elasticity - 1) / elasticity
        output = (share * supply**power + 1 - share) ** (1 / power)
        return self.v[f"magnet_users.{user}.exposure"] * (1 - output)

    def shortage(self, user, move):
        target = self.v[f"magnet_users.{user}.loss_of_80_cut"]
        elasticity = brentq(lambda s: self.outer(0.2, user, s) - target, 0.02, 0.99, xtol=1e-15)
        weights = [self.v[f"{name}.sector_share"] for name in MAGNET_INPUTS]
        gaps = [self.gap(name, user, "civil", move) for name in MAGNET_INPUTS]
        ends = [self.covered(name, user, "civil", move) for name in MAGNET_INPUTS]
        power = 1 - 1 / self.v["magnet_users.input_elasticity"]
        loss = 0.0
        for begin, end in itertools.pairwise([0.0, *sorted(ends), 1.0]):
            supplies = [1 - gap if (begin + end) / 2 > stop else 1.0 for gap, stop in zip(gaps, ends, strict=True)]
            parts = [w / sum(weights) * supply**power for w, supply in zip(weights, supplies, strict=True)]
            loss += (end - begin) * self.outer(sum(parts) ** (1 / power), user, elasticity)
        return loss

    def net_price(self, name, user, move):
        if name == "ai_chips" or user != "US":
            return 1.0
        return (1 + self.v["us_tariff.pre_2025.rate"]) / (1 + self.v[f"us_tariff.{move['us_tariff']}.rate"])

    def rent(self, exporter, move):
        total = 0.0
        for name in MAGNET_INPUTS if exporter == "CN" else ("ai_chips",):
            for user in ("US", *BYSTANDERS) if exporter == "CN" else ("CN",):
                part = self.v.get(f"{name}.{user}.military_share", 0.0)
                civil, military = (1 - self.delivered(name, user, track, move) for track in ("civil", "military"))
                bought = 100 * self.v[f"{name}.{user}.purchases_usd_bn"] / self.v[f"{exporter}.gdp_usd_bn"]
                withheld = (1 - part) * civil + part * military
                cost = 1 - self.v[f"{name}.rent_share"]
                total += withheld * bought * max(0.0, self.net_price(name, user, move) - cost)
        return total

    # ------------------------------------------------------------ all terms

    def material_terms(self, code, move):
        real_income, protection, revenue = self.tariff_terms(code, move["us_tariff"], move["cn_tariff"])
        name = {"US": "heavy_rare_earths", "CN": "ai_chips"}.get(code)
        denied = 0.0
        if name:
            bare = 1 - self.covered(name, code, "military", move)
            denied = self.v[f"{name}.{code}.military_loss"] * self.gap(name, code, "military", move) * bare
        return {
            "tariffs": real_income,
            "protection": protection,
            "tariff_revenue": revenue,
            "shortage": -self.shortage(code, move) if code != "CN" else 0.0,
            "security_loss": -denied,
        }

    def terms(self, code, move):
        terms = self.material_terms(code, move)
        if code in ("US", "CN"):
            name, other = ("ai_chips", "CN") if code == "US" else ("heavy_rare_earths", "US")
            covered = self.covered(name, other, "military", move)
            kept = self.v.get(f"{name}.covered_denial_share", 0.0)
            gap = self.gap(name, other, "military", move)
            terms["security_gain"] = self.v[f"{name}.security_value"] * gap * ((1 - covered) + kept * covered)
            terms["licence_rent"] = -self.rent(code, move)
            unanswered = max(0.0, self.harm(code, move) - self.harm(other, move))
            terms["audience"] = -self.v[f"{code}.audience_cost"] * unanswered / self.v["audience.yardstick"]
        if code == "CN":
            if self.restricted("licences", move):
                terms["reliability"] = -self.v["licences.reliability_cost"]
            withheld = 1 - self.v[f"licences.{move['licences']}.civil"]
            terms["bottleneck_rent"] = self.v["licences.bottleneck_rent"] * withheld
        if code in BYSTANDERS:
            terms["alliance"] = self.v[f"alignment.{move[code]}.alliance_value"]
            terms["detours"] = self.detour_profit(code, move)
        return terms

    def detour_profit(self, code, move):
        if not self.restricted("licences", move):
            return 0.0
        x, t = self.detour_capacity, self.v["diversion.tracing"]
        per_unit = (1 - t) * self.v["diversion.margin"] - t * self.v["diversion.penalty"]
        profit = x * per_unit - self.v["diversion.concealment_cost"] * x**2 / 2
        bought = sum(self.v[f"{name}.US.purchases_usd_bn"] for name in MAGNET_INPUTS)
        return 100 * bought / self.v[f"{code}.gdp_usd_bn"] * profit * self.detour_part(code, move)

    def harm(self, code, move):
        """What the rival does to ``code`` that plays as before, in percent of the GDP of ``code``."""
        if code == "US":
            own = {"us_tariff": "pre_2025", "chip_control": "restricted"}
            calm = {"cn_tariff": "pre_2025", "licences": "open"}
        else:
            own = {"cn_tariff": "pre_2025", "licences": "open"}
            calm = {"us_tariff": "pre_2025", "chip_control": "restricted"}

        def material(theirs):
            terms = self.material_terms(code, {**move, **own, **theirs})
            return terms["tariffs"] + terms["shortage"] + terms["security_loss"]

        return max(0.0, material(calm) - material({name: move[name] for name in calm}))
