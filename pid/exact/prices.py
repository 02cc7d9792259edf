"""How the union information changes with the margins: the multipliers of the program, one for each value and class."""

import numpy as np

from pid.exact.certificate import feasible_multipliers
from pid.exact.decomposition import BrojaResult


def union_prices(result: BrojaResult) -> tuple[np.ndarray, np.ndarray]:
    """Prices l [n1, ny] and m [n2, ny] in bits, over the values that occur in the table of `result`.

    For any margins p(x1, y) and p(x2, y) that agree on p(y), the union information is at least
    Σ p(x1, y) l + Σ p(x2, y) m + H(Y), and it is equal to that, up to the certified gap, for the margins of `result`
    (see `pid.exact.certificate`). So a row (x1, x2, y) contributes l(x1, y) + m(x2, y) - log p(y), to first order.
    """
    path = result.path
    if path.points:
        multipliers = path.points[-1].multiplier_1, path.points[-1].multiplier_2
    else:  # the first guess was the optimum: X1 and X2 independent given Y
        classes = path.margin_1.sum(axis=0)
        given_1, given_2 = (margin / margin.sum(axis=1, keepdims=True) for margin in (path.margin_1, path.margin_2))
        with np.errstate(divide="ignore"):
            multipliers = np.log(given_1), np.log(given_2 / classes)
    price_1, price_2 = feasible_multipliers(*multipliers, path.margin_1, path.margin_2)
    return price_1 / np.log(2), price_2 / np.log(2)
