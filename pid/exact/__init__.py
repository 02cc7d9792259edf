"""The exact decomposition of a joint table by the definition of BROJA: a convex program, solved to a certified gap."""

from pid.exact.decomposition import BrojaResult, NotConvergedError, broja
from pid.exact.prices import union_prices

__all__ = ["BrojaResult", "NotConvergedError", "broja", "union_prices"]
