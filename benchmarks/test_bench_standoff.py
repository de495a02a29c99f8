"""How long a user waits: import, one round of payoffs, a thousand draws, the equilibria, an up-to-date reproduce."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bargain as bg

ROOT = Path(__file__).parents[1]


def best(call: Callable[[], object], repeats: int = 5) -> float:
    """Shortest of several runs, seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def python(code: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


def test_waiting_times() -> None:
    scenario = bg.load_scenario("us-china-2025")
    draws = scenario.draws(1000, seed=1)
    game = scenario.stage_game()
    empty = best(python("pass"))
    rows = {
        "python that does nothing": empty,
        "import bargain (less python)": best(python("import bargain")) - empty,
        "import and load a scenario (less python)": best(
            python("import bargain; bargain.load_scenario('us-china-2025')")
        )
        - empty,
        "load a scenario": best(lambda: bg.load_scenario("us-china-2025")),
        "payoffs of one round": best(scenario.payoffs),
        "payoffs of 1000 draws": best(lambda: scenario.payoffs(draws=draws), 3),
        "all equilibria of the 9 x 12 round": best(lambda: bg.solve(game, bg.SupportEnumeration())),
    }
    print()
    for name, seconds in rows.items():
        print(f"{name:<45} {1000 * seconds:9.1f} ms")
