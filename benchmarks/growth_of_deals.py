"""Draw how the time of ``EnforceableDeals`` grows with the states; writes docs/enforceable_growth.png and .csv.

Run as a script, with the machine otherwise idle. Times differ from machine to machine; the slope is what counts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from test_bench_enforceable import growth, local_game, random_game

from bargain.plot import SINGLE_COLUMN, figure_style, new_figure

DOCS = Path(__file__).parents[1] / "docs"
LINES = (("random successors", random_game, "#0072B2", "-", "o"), ("near successors", local_game, "#D55E00", "--", "s"))


def main() -> None:
    rows = ["kind,n_states,seconds"]
    with figure_style():
        figure, grid = new_figure(SINGLE_COLUMN, 2.6)
        axes = grid[0, 0]
        for name, kind, colour, style, mark in LINES:
            series = np.array(growth(kind=kind))
            rows += [f"{name},{int(n)},{seconds:.4f}" for n, seconds in series]
            axes.loglog(*series.T, color=colour, linestyle=style, marker=mark, markersize=3.5, label=name)
        first = series[0]
        axes.loglog(series[:, 0], first[1] * series[:, 0] / first[0], color="0.6", linestyle=":", label="in proportion")
        axes.set_xlabel("states")
        axes.set_ylabel("time of one solution with its proof (s)")
        axes.legend(frameon=False)
        figure.savefig(DOCS / "enforceable_growth.png", dpi=300)
    (DOCS / "enforceable_growth.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
