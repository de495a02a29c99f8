"""A new scenario file to start from: it extends a shipped scenario and shows, in comments, what can be changed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError

STOCK = """
# [inputs.{input}.users.{user}]
# {attribute} = {{ value = {value:g}, low = 0.0, high = {high:g}, unit = "months", reason = "why" }}
"""

TEMPLATE = """\
# A scenario that extends '{base}': what stands here replaces or joins what stands there.
# Every number is a row of the evidence or an assumption with value, low, high, unit and reason.
# Look up keys with: bargain keys {base}       Check this file with: bargain check {file}
extends = "{base}"
title = "{title}, changed"
description = "What this variant asks, in one line."

# [players.{player}]
# audience_cost = {{ value = 0.2, low = 0.0, high = 0.4, unit = "percent_gdp", reason = "why" }}
{stock}
# [variants.other]
# reason = "what it stands for"
# values = {{ "{player}.audience_cost" = 0.0 }}
"""


def write_template(path: Path, base: Scenario) -> None:
    """Write a new scenario file that extends ``base``; ScenarioError where ``path`` exists or its folder does not."""
    if path.exists():
        raise ScenarioError(f"{path}: exists already; a new scenario never overwrites a file")
    if not path.parent.is_dir():
        raise ScenarioError(f"{path}: there is no folder '{path.parent}'")
    text = TEMPLATE.format(
        base=base.name, title=base.file.title, file=path.name, player=base.players[0], stock=_stock_lines(base)
    )
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".toml")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.link(draft, path)  # unlike a rename this cannot replace a file that appeared meanwhile
    finally:
        os.unlink(draft)


def _stock_lines(base: Scenario) -> str:
    """How to change a stock of one side, where any side has one."""
    for key in base.stock_keys(base.players):
        item, user, attribute = key.split(".")
        parameter = base.parameters[key]
        return STOCK.format(
            input=item, user=user, attribute=attribute, value=parameter.value, high=max(parameter.high, 1.0)
        )
    return ""
