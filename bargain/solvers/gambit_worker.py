"""Runs one pygambit method in a process of its own: a game as JSON on standard input, profiles as JSON on the output.

A process can be killed when a method hangs, and objects of pygambit cannot be pickled. Started by path (``python -P``),
so it imports nothing of this package.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any


def profiles(job: dict[str, Any]) -> dict[str, Any]:
    """Probabilities ``[profile][player][action]`` that the method of the job finds, and the version of pygambit."""
    import numpy as np
    import pygambit

    game = pygambit.Game.from_arrays(*(np.array(table) for table in job["payoffs"]))
    solver = getattr(pygambit.nash, f"{job['method']}_solve")
    method, options = job["method"], dict(job["options"])
    if method in ("simpdiv", "liap"):
        start: Any = game.mixed_strategy_profile(rational=method == "simpdiv")
        found = solver(start, **options).equilibria
    else:
        found = solver(game, **options).equilibria
    table = [
        [[float(profile[strategy]) for strategy in player.strategies] for player in game.players] for profile in found
    ]
    return {"profiles": table, "version": pygambit.__version__}


def main() -> None:
    """Read a job, answer with profiles or with the error in words."""
    job = json.load(sys.stdin)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            answer = profiles(job)
        except Exception as error:  # whatever the peer raises is an answer for the caller, not a traceback
            answer = {"error": f"{type(error).__name__}: {error}"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
