import pytest

from bargain.evidence import load_evidence
from bargain.standoff import ScenarioError, load_scenario
from bargain.standoff.resolution import check_bounds, checked_choice, replaced, resolved
from bargain.standoff.schema import Attribute, Quantity, share

EVIDENCE = load_evidence()
MONTHS = Attribute("months", "a stock")


def test_an_assumption_becomes_a_parameter():
    quantity = Quantity(value=0.2, low=0.1, high=0.3, unit="share", reason="a judgement")
    parameter = resolved("a.b", "inputs.a.b", share("part"), quantity, EVIDENCE)
    assert (parameter.id, parameter.value, parameter.low, parameter.high) == ("a.b", 0.2, 0.1, 0.3)
    assert (parameter.name, parameter.source, parameter.confidence) == ("part", "a judgement", "assumed")


def test_a_reference_takes_everything_from_the_evidence():
    row = EVIDENCE.parameter("us_mil_stock_months")
    parameter = resolved("a.b", "inputs.a.b", MONTHS, Quantity(evidence=row.id), EVIDENCE)
    assert (parameter.value, parameter.low, parameter.high) == (row.value, row.low, row.high)
    assert (parameter.date, parameter.confidence) == (row.date, row.confidence)
    assert parameter.source == f"{row.source} [{row.id}]"


def test_factor_and_offset_scale_the_range_too_and_a_negative_factor_turns_it():
    row = EVIDENCE.parameter("import_elasticity")
    quantity = Quantity(evidence=row.id, factor=-1)
    parameter = resolved("e", "trade.e", Attribute("elasticity", "e"), quantity, EVIDENCE)
    assert (parameter.value, parameter.low, parameter.high) == (-row.value, -row.high, -row.low)
    assert parameter.source.endswith(f"(-1 x {row.id})")
    days = EVIDENCE.parameter("jp_state_stock_days")
    quantity = Quantity(evidence=days.id, factor=1 / 30, offset=0.5, unit="months")
    parameter = resolved("s", "inputs.s", MONTHS, quantity, EVIDENCE)
    assert parameter.value == pytest.approx(days.value / 30 + 0.5)
    assert parameter.unit == "months"
    assert "+0.5" in parameter.source


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        (Quantity(evidence="us_mil_stock_month"), "^here: no evidence row 'us_mil_stock_month'; did you mean"),
        (Quantity(evidence="gdp_us"), "^here: the unit is 'usd_bn', the rule is 'months'$"),
        (Quantity(evidence="gdp_us", unit="years"), "^here: the unit is 'years', the rule is 'months'$"),
        (Quantity(evidence="us_mil_stock_months", factor=0), "^here: factor = 0 is not a scaling$"),
        (Quantity(evidence="us_mil_stock_months", offset=-3), r"^here = -1 months is not in \[0, inf\]$"),
        (Quantity(evidence="us_mil_stock_months", factor=1e308, offset=1e308), "^here: .* is not finite$"),
        (Quantity(value=1, low=-1, high=2, unit="months", reason="x"), r"^here = -1 months is not in \[0, inf\]$"),
    ],
)
def test_what_does_not_resolve_gives_one_line_with_its_place(quantity, message):
    with pytest.raises(ScenarioError, match=message):
        resolved("key", "here", MONTHS, quantity, EVIDENCE)


def test_replaced_keeps_provenance_and_widens_the_range():
    before = resolved("key", "here", MONTHS, Quantity(evidence="us_mil_stock_months"), EVIDENCE)
    after = replaced(before, 1, MONTHS)
    assert (after.value, after.low, after.high) == (1.0, 1.0, before.high)
    assert before.source in after.source
    assert after.confidence == "assumed"


def test_bounds_hold_for_the_whole_range():
    before = resolved("key", "here", MONTHS, Quantity(evidence="us_mil_stock_months"), EVIDENCE)
    check_bounds("here", before, MONTHS)
    with pytest.raises(ScenarioError, match=r"here = 18 months is not in \[0, 10\]"):
        check_bounds("here", before, Attribute("months", "a stock", 0, 10))


def test_choices():
    file = load_scenario("us-china-2025").file
    assert checked_choice(file, "options.deficits", "fixed") == "fixed"
    assert checked_choice(file, "state.mood", "split") == "split"
    with pytest.raises(ScenarioError, match=r"options\.deficits = 'purge' is not one of purged, fixed; did you mean"):
        checked_choice(file, "options.deficits", "purge")
    with pytest.raises(ScenarioError, match=r"options\.deficits = \['fixed'\] is not one of"):
        checked_choice(file, "options.deficits", ["fixed"])
