"""A new input is rows in a file: the gallium scenario is the shipped one with more parameters, and no code knows it."""

from pathlib import Path

import numpy as np
import pytest
from scenario_files import shipped_tables

import bargain
from bargain.standoff import State, load_scenario

BASE, GALLIUM = load_scenario("us-china-2025"), load_scenario("us-china-2025-gallium")


def test_no_code_mentions_gallium():
    package = Path(bargain.__file__).parent
    sources = list(package.rglob("*.py"))
    assert len(sources) > 20
    assert not [path.name for path in sources if "gallium" in path.read_text(encoding="utf-8").lower()]


def test_it_differs_by_new_parameters_only():
    new = set(GALLIUM.parameters) - set(BASE.parameters)
    assert new
    assert all(key.startswith(("gallium.", "semiconductors.")) for key in new)
    for key, parameter in BASE.parameters.items():
        assert GALLIUM.parameters[key] == parameter
    assert dict(GALLIUM.choices) == dict(BASE.choices)
    assert set(shipped_tables("us-china-2025-gallium")) == {
        "extends",
        "title",
        "description",
        "instruments",
        "sectors",
        "inputs",
    }


def test_unsourced_numbers_are_assumptions_with_a_reason():
    for key in set(GALLIUM.parameters) - set(BASE.parameters):
        parameter = GALLIUM.parameters[key]
        assert parameter.confidence == "assumed" or "[" in parameter.source
        assert parameter.source


def test_it_adds_losses_where_licences_bite_and_nowhere_else():
    empty = State(civil_stock_months=0.0, military_stock_months=0.0)
    before, after = (scenario.payoffs(empty) for scenario in (BASE, GALLIUM))
    assert after.moves.actions == before.moves.actions
    for k, label in enumerate(after.moves.actions[1]):
        for name in ("shortage", "security_loss"):
            change = after.terms[name][0, 0, :, k] - before.terms[name][0, 0, :, k]
            closed = not label.endswith("/open") and (name == "security_loss" or not label.endswith("/dual_track"))
            assert (change < 0).all() if closed else not change.any(), (name, label)
    np.testing.assert_array_equal(after.terms["tariffs"], before.terms["tariffs"])


def test_a_full_cut_of_gallium_alone_costs_its_published_loss():
    values = {f"{name}.US.dependence": 0.0 for name in ("light_magnets", "heavy_rare_earths")}
    values |= {"gallium.US.dependence": 0.8, "licences.ban.civil": 0.0, "diversion.tracing": 1.0}
    table = GALLIUM.with_values(values).payoffs(State(civil_stock_months=0.0))
    cell = table.cell(("pre_2025/restricted", "pre_2025/ban"))
    published = GALLIUM.parameters["semiconductors.US.loss_of_80_cut"].value
    assert table.terms["shortage"][(0, 0, *cell)] == pytest.approx(-published, rel=1e-9)
