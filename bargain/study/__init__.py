"""Questions asked of a scenario many times: where along a parameter the answer changes."""

from __future__ import annotations

from bargain.study.thresholds import Branch, Switch, SwitchPoints, switch_thresholds

__all__ = ["Branch", "Switch", "SwitchPoints", "switch_thresholds"]
