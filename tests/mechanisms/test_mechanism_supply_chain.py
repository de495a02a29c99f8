"""Choke points: reference values, maximum flows by another algorithm, orders by brute force, complements."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bargain.games.coalition import CoalitionGame, members
from bargain.games.coalition_values import core, shapley_value
from bargain.mechanisms.supply_chain import (
    ChainPower,
    Supplier,
    SupplyChain,
    by_country,
    chain_power,
    supply_game,
    symmetric_power,
)

SEEDS = st.integers(0, 2**32 - 1)
STAGES = ("mine", "refine", "magnet")


def alike(counts, capacity=1.0):
    """Suppliers of equal capacity, some at each stage."""
    return SupplyChain(
        STAGES[: len(counts)],
        tuple(
            Supplier(f"{s} {k}", s, f"c{k}", capacity) for s, n in zip(STAGES, counts, strict=False) for k in range(n)
        ),
    )


def random_chain(seed, counts=(2, 2, 3), closed=0.0):
    random = np.random.default_rng(seed)
    suppliers = tuple(
        Supplier(f"{s} {k}", s, f"c{k}", round(random.uniform(0.0, 2.0), 3), round(random.uniform(0.5, 3.0), 1))
        for s, n in zip(STAGES, counts, strict=True)
        for k in range(n)
    )
    chain = SupplyChain(STAGES, suppliers)
    if not closed:
        return chain
    pairs = [
        (a.name, b.name)
        for first, second in itertools.pairwise(STAGES)
        for a in chain.at(first)
        for b in chain.at(second)
        if random.random() > closed
    ]
    return SupplyChain(STAGES, suppliers, frozenset(pairs))


def worth_by_program(chain, who):
    """The most valuable flow of some suppliers, as a linear program over whole paths."""
    paths = [
        path
        for path in itertools.product(*([one for one in chain.at(s) if one.name in who] for s in chain.stages))
        if chain.links is None or all((a.name, b.name) in chain.links for a, b in itertools.pairwise(path))
    ]
    if not paths:
        return 0.0
    rows = np.array([[float(one in path) for path in paths] for one in chain.suppliers])
    solved = linprog([-path[-1].value for path in paths], A_ub=rows, b_ub=[one.capacity for one in chain.suppliers])
    return -solved.fun


def test_reference_cases():
    assert list(chain_power(alike((1, 1, 1))).values.values()) == pytest.approx([1 / 3] * 3)
    two = chain_power(alike((2, 1, 1)))
    assert list(two.values.values()) == pytest.approx([1 / 12, 1 / 12, 5 / 12, 5 / 12])
    np.testing.assert_allclose(symmetric_power((1, 1, 1)), [1 / 3] * 3)
    np.testing.assert_allclose(symmetric_power((2, 1, 1)), [1 / 12, 5 / 12, 5 / 12])
    np.testing.assert_allclose(symmetric_power((1, 2)), [2 / 3, 1 / 6])
    assert two.stages == pytest.approx({"mine": 1 / 6, "refine": 5 / 12, "magnet": 5 / 12})


@pytest.mark.parametrize("counts", [(1,), (3,), (2, 3), (3, 1, 2), (2, 2, 2), (4, 1, 1), (3, 3, 1)])
def test_closed_forms_are_what_the_general_code_finds(counts):
    chain = alike(counts)
    # Each can carry the whole chain where one unit is needed, by a user that has no say.
    need = Supplier("need", "need", "need", 1.0)
    game = supply_game(SupplyChain((*chain.stages, "need"), (*chain.suppliers, need)))
    whole = CoalitionGame(game.worth[len(game.worth) // 2 :])
    first = [sum(counts[:i]) for i in range(len(counts))]
    np.testing.assert_allclose(shapley_value(whole)[first], symmetric_power(counts), atol=1e-12)
    values = list(chain_power(chain).values.values())
    np.testing.assert_allclose([values[k] for k in first], symmetric_power(counts, whole=False), atol=1e-12)


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.4]))
def test_worth_is_the_most_valuable_flow(seed, closed):
    chain = random_chain(seed, closed=closed)
    game = supply_game(chain)
    for coalition in np.random.default_rng(seed).integers(1, 2**7, 8):
        who = members(int(coalition), game.players)
        assert game.worth[coalition] == pytest.approx(worth_by_program(chain, who), abs=1e-9)
    alike_ = SupplyChain(
        chain.stages, tuple(Supplier(s.name, s.stage, s.country, s.capacity) for s in chain.suppliers), chain.links
    )
    assert alike_.largest_flow() == pytest.approx(worth_by_program(alike_, alike_.names), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(STAGES))
def test_stages_are_complements_and_rivals_at_one_stage_substitutes(seed, stage):
    """More capacity at one stage raises power at the others and lowers that of the others at its own."""
    chain = random_chain(seed)
    before = chain_power(chain)
    after = chain_power(chain.with_supplier(Supplier("new", stage, "new", 0.7, 1.0)))
    for one in chain.suppliers:
        change = after.values[one.name] - before.values[one.name]
        assert change <= 1e-12 if one.stage == stage else change >= -1e-12


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_the_core_is_not_empty_and_power_adds_up(seed):
    chain = random_chain(seed, (2, 1, 2), closed=0.3)
    game, power = supply_game(chain), chain_power(chain)
    assert not core(game).empty
    assert sum(power.values.values()) == pytest.approx(power.total)
    assert sum(power.stages.values()) == pytest.approx(power.total)
    assert power.cut_off[chain.names[0]] == pytest.approx(game.total - game(*chain.names[1:]))


def test_countries_act_as_one():
    chain = SupplyChain(
        STAGES,
        (
            Supplier("mine A", "mine", "A", 1.0),
            Supplier("mine B", "mine", "B", 1.0),
            Supplier("refine A", "refine", "A", 1.0),
            Supplier("magnet A", "magnet", "A", 1.0),
        ),
    )
    power = chain_power(chain, by_country(chain))
    assert dict(power.values) == {"A": 1.0, "B": 0.0}  # a mine without a refinery is worth nothing to a whole chain
    assert dict(power.stages) == {}
    assert power.share("A") == 1.0
    shut = chain.with_capacity("mine A", 0.0)
    assert dict(chain_power(shut, by_country(shut)).values) == {"A": 0.5, "B": 0.5}


def test_round_trips_and_errors():
    chain = random_chain(3, closed=0.4)
    assert SupplyChain.from_dict(json.loads(json.dumps(chain.to_dict()))) == chain
    power = chain_power(chain)
    assert ChainPower.from_dict(json.loads(json.dumps(power.to_dict()))) == power
    assert pickle.loads(pickle.dumps(chain)) == chain
    with pytest.raises(ValueError, match=r"mine 0\.capacity = nan"):
        Supplier("mine 0", "mine", "x", float("nan"))
    with pytest.raises(ValueError, match="'mined' is no stage"):
        SupplyChain(STAGES, (Supplier("a", "mined", "x", 1.0),))
    with pytest.raises(ValueError, match="stage 'refine' has no supplier"):
        SupplyChain(STAGES, (Supplier("a", "mine", "x", 1.0),))
    with pytest.raises(ValueError, match="does not join neighbouring stages"):
        SupplyChain(STAGES, chain.suppliers, frozenset({("mine 0", "magnet 0")}))
    with pytest.raises(ValueError, match="not each of"):
        supply_game(chain, {"A": ("mine 0",)})
    with pytest.raises(ValueError, match="no supplier 'mine 7'"):
        chain.with_capacity("mine 7", 1.0)
    with pytest.raises(ValueError, match="counts"):
        symmetric_power((1, 0))
