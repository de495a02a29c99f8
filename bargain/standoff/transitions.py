"""How the state of the standoff moves from round to round: stocks, rebuilt capacity, substitution, domestic mood.

Every state variable lives on a grid. What a round makes of it is a number x' that in general lies between two points
of the grid, low <= x' <= high; the variable moves to either with the probabilities that keep the expectation,

    P(high) = (x' - low) / (high - low),                 E[next] = x',

so that the expected drawdown of a stock and the expected growth of capacity are exact whatever the grid. Variables move
independently of each other given the moves. Beyond the ends of the grid a variable stays at the end.

    stock       x' = x - min(x, gap R) + f delivered          a round of R months, f months laid in while served
    capacity    E[x'] = x + (1 - x0) c (R / Y) (1 + (h - 1) w)
                                                              covers c of what is missing in Y, h times faster while the
                                                              input is withheld (share w)
    mood        stays with probability p, else any other mood, all equally likely

Capacity comes in plants or generations: x' is x or x + j, the jump j a given share of what is missing at first (what is
left, near the end), with the chance that the expectation asks for. Jumps are a feature of the world and no matter of
the grid: on every grid that holds all multiples of the jump the process is the same. The share withheld counts the
military track with a small weight m: w = (1 - m)(1 - civil) + m (1 - military). Both formulas are those of
``bargain.mechanisms.growth``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bargain.mechanisms.growth import expected_growth as expected_growth
from bargain.mechanisms.growth import withheld_share as withheld_share

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Step = tuple[IntArray, FloatArray]
"""Two grid positions a move may lead to and their probabilities, each ``(..., 2)``."""


def grid_step(grid: FloatArray, target: FloatArray) -> Step:
    """Positions and probabilities with expectation ``target``, clipped to the ends of the grid.

    grid: ``(n_draws, n_levels)``, rising; target: ``(n_draws, ...)``.
    """
    rest = target.shape[1:]
    points = grid.reshape(len(grid), *(1,) * len(rest), -1)
    clipped = np.clip(target, grid[:, 0].reshape(-1, *(1,) * len(rest)), grid[:, -1].reshape(-1, *(1,) * len(rest)))
    low = np.clip((clipped[..., None] >= points).sum(axis=-1) - 1, 0, max(grid.shape[1] - 2, 0))
    high = np.minimum(low + 1, grid.shape[1] - 1)
    rows = np.arange(len(grid)).reshape(-1, *(1,) * len(rest))
    below, above = grid[rows, low], grid[rows, high]
    width = above - below
    rising = np.divide(clipped - below, width, out=np.zeros_like(clipped), where=width > 0.0)
    return np.stack([low, high], axis=-1), np.stack([1.0 - rising, rising], axis=-1)


def stock_target(
    stock: FloatArray, gap: FloatArray, delivered: FloatArray, refill_months: FloatArray, round_months: float
) -> FloatArray:
    """Stock after a round, in months of normal use: less what bridges the gap, plus what is laid in while served."""
    return np.asarray(stock - np.minimum(stock, gap * round_months) + refill_months * delivered)


def growth_step(grid: FloatArray, capacity: FloatArray, growth: FloatArray, jump: FloatArray) -> Step:
    """Positions and probabilities when capacity grows by ``jump`` at a time, by ``growth`` in expectation.

    grid: ``(n_draws, n_levels)``, rising to the full capacity; capacity: a value of the grid; growth, jump: shares of
    all supply; growth beyond a jump is a certain, larger jump. Three positions: where it is and two where a jump leads,
    ``(n_draws, ..., 3)``, or two where jumps end at grid points everywhere.
    """
    full = np.asarray(grid[:, -1]).reshape(-1, *(1,) * (growth.ndim - 1))
    room = np.maximum(full - capacity, 0.0)
    jump = np.minimum(np.maximum(jump, growth), room)
    chance = np.divide(np.minimum(growth, room), jump, out=np.zeros(np.broadcast(growth, jump).shape), where=jump > 0.0)
    stay = grid_step(grid, np.broadcast_to(capacity, chance.shape))
    leap = grid_step(grid, np.broadcast_to(capacity + jump, chance.shape))
    # At a grid point one of the two positions has all the weight, up to rounding.
    here, there = (np.where(s[1][..., 1] > 0.5, s[0][..., 1], s[0][..., 0]) for s in (stay, leap))
    off_grid = np.minimum(leap[1][..., 0], leap[1][..., 1]) > 1e-9
    if not off_grid.any():
        return np.stack([here, there], axis=-1), np.stack([1.0 - chance, chance], axis=-1)
    places = np.concatenate([here[..., None], leap[0]], axis=-1)
    return places, np.concatenate([1.0 - chance[..., None], chance[..., None] * leap[1]], axis=-1)


def mood_step(mood: IntArray, n_moods: int, persistence: FloatArray) -> Step:
    """Every mood that may follow, the present one first, each ``(..., n_moods)``; mood and persistence broadcast."""
    others = np.stack([(mood + shift) % n_moods for shift in range(n_moods)], axis=-1)
    if n_moods == 1:
        return others, np.ones((*np.broadcast_shapes(mood.shape, persistence.shape), 1))
    stay = np.broadcast_to(persistence, np.broadcast_shapes(mood.shape, persistence.shape))
    leave = (1.0 - stay) / (n_moods - 1)
    return others, np.stack([stay, *[leave] * (n_moods - 1)], axis=-1)


def joint_step(steps: list[Step], sizes: tuple[int, ...]) -> Step:
    """Successor states and probabilities ``(..., k)`` when all variables move independently; sizes of their grids.

    States are numbered with the last variable running fastest.
    """
    successors: IntArray = np.zeros((1,), dtype=np.intp)
    probabilities: FloatArray = np.ones((1,))
    for (places, chances), size in zip(steps, sizes, strict=True):
        successors = successors[..., :, None] * size + places[..., None, :]
        probabilities = probabilities[..., :, None] * chances[..., None, :]
        successors = successors.reshape(*successors.shape[:-2], -1)
        probabilities = probabilities.reshape(*probabilities.shape[:-2], -1)
    return successors, probabilities
