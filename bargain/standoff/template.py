"""A new scenario file to start from: it extends a shipped scenario and shows, in comments, what can be changed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bargain.standoff.scenario import Scenario
from bargain.standoff.schema import ScenarioError

TEMPLATE = """\
# A scenario that extends '{base}': what stands here replaces or joins what stands there.
# Every number is a row of the evidence or an assumption with value, low, high, unit and reason.
# Look up keys with: bargain keys {base}       Check this file with: bargain check {file}
extends = "{base}"
title = "{title}, changed"
description = "What this variant asks, in one line."

# [players.US]
# audience_cost = {{ value = 0.2, low = 0.0, high = 0.4, unit = "percent_gdp", reason = "why" }}

# [inputs.heavy_rare_earths.users.US]
# military_stock_months = {{ evidence = "us_mil_stock_months" }}

# [variants.patient]
# reason = "what it stands for"
# values = {{ "state.mood" = "split" }}
"""


def write_template(path: Path, base: Scenario) -> None:
    """Write a new scenario file that extends ``base``; ScenarioError where ``path`` exists or its folder does not."""
    if path.exists():
        raise ScenarioError(f"{path}: exists already; a new scenario never overwrites a file")
    if not path.parent.is_dir():
        raise ScenarioError(f"{path}: there is no folder '{path.parent}'")
    text = TEMPLATE.format(base=base.name, title=base.file.title, file=path.name)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".toml")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.link(draft, path)  # unlike a rename this cannot replace a file that appeared meanwhile
    finally:
        os.unlink(draft)
