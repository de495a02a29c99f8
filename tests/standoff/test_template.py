"""The file a user starts from: fine as it stands, and fine with its comments taken away, whatever it extends."""

import pytest

from bargain.standoff import load_scenario, shipped_scenarios
from bargain.standoff.template import write_template


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_the_comments_are_changes_of_the_scenario_it_extends(tmp_path, name):
    base, path = load_scenario(name), tmp_path / "mine.toml"
    write_template(path, base)
    fresh = load_scenario(path)
    assert fresh == base
    lines = path.read_text(encoding="utf-8").splitlines()
    live = [
        line.removeprefix("# ") if line.startswith(("# [", "# ")) and ("=" in line or "[" in line) else line
        for line in lines
    ]
    path.write_text("\n".join(live), encoding="utf-8")
    changed = load_scenario(path)
    assert changed.parameters[f"{base.players[0]}.audience_cost"].value == 0.2
    assert changed.variant("other").parameters[f"{base.players[0]}.audience_cost"].value == 0.0
    assert set(changed.parameters) >= set(base.parameters)
