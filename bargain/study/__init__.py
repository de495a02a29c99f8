"""Questions asked of a scenario many times: where along a parameter the answer changes."""

from __future__ import annotations

from bargain.study.agreement_draws import DrawQuestions
from bargain.study.calibration import Calibration, calibrate
from bargain.study.expectations import Expectation
from bargain.study.thresholds import Branch, Switch, SwitchPoints, switch_thresholds

__all__ = [
    "Branch",
    "Calibration",
    "DrawQuestions",
    "Expectation",
    "Switch",
    "SwitchPoints",
    "calibrate",
    "switch_thresholds",
]
