"""The points by which the solver came to the optimum of one table: some save steps on the way to a similar table's."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Unknowns(NamedTuple):
    """Multipliers l [n1, ny] and m [n2, ny]; mass w and slack s of each pair [n1, n2]. Or a change of all of them."""

    multiplier_1: np.ndarray
    multiplier_2: np.ndarray
    mass: np.ndarray
    slack: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Path:
    """The margins [n1, ny] and [n2, ny] of a table, and the points from the solver's own start to the last one.

    There are no points where the first guess was the optimum.
    """

    margin_1: np.ndarray
    margin_2: np.ndarray
    points: tuple[Unknowns, ...]

    def swapped(self) -> "Path":
        """The path with X1 and X2 exchanged."""
        points = tuple(
            Unknowns(point.multiplier_2, point.multiplier_1, point.mass.T, point.slack.T) for point in self.points
        )
        return Path(margin_1=self.margin_2, margin_2=self.margin_1, points=points)

    def restricted(self, first: np.ndarray, second: np.ndarray, classes: np.ndarray) -> "Path":
        """The part of the path for some values of X1, X2 and Y, each given by indices [k]."""
        kept = [np.ix_(*axes) for axes in ((first, classes), (second, classes), (first, second), (first, second))]
        points = tuple(
            Unknowns(*(array[part] for array, part in zip(point, kept, strict=True))) for point in self.points
        )
        return Path(margin_1=self.margin_1[kept[0]], margin_2=self.margin_2[kept[1]], points=points)

    def joined(self, own: Unknowns, margin_1: np.ndarray, margin_2: np.ndarray) -> Unknowns:
        """A point to start from for other margins of the same shape: their `own` start, moved as this path moves.

        The move is that from the first point to the last one whose duality gap, the sum of w·s, is at least the
        Kullback-Leibler divergence of the margins in nats. Up to there the optima of both tables look alike; a start
        farther on costs steps (measured by benchmarks/warm_starts.py). Margins that are positive where those of this
        path are 0 are infinitely far away, and start from `own`.
        """
        distance = _divergence(margin_1, self.margin_1) + _divergence(margin_2, self.margin_2)
        near = [point for point in self.points if np.vdot(point.mass, point.slack) >= distance]
        if len(near) < 2:
            return own
        first, last = near[0], near[-1]
        return Unknowns(
            own.multiplier_1 + (last.multiplier_1 - first.multiplier_1),
            own.multiplier_2 + (last.multiplier_2 - first.multiplier_2),
            own.mass * (last.mass / first.mass),
            own.slack * (last.slack / first.slack),
        )


def _divergence(margin: np.ndarray, other: np.ndarray) -> float:
    """Kullback-Leibler divergence in nats of two arrays of probabilities."""
    positive = margin > 0
    if (other[positive] == 0).any():
        return np.inf
    return float((margin[positive] * np.log(margin[positive] / other[positive])).sum())
