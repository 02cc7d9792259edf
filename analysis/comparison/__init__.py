"""What several studies say together: every λ*, the information in every data set, the laws, the map and the claims."""

from analysis.comparison.by_objective import chance_column
from analysis.comparison.comparing import Comparison, compare

__all__ = ["Comparison", "chance_column", "compare"]
