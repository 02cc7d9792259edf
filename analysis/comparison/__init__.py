"""What several studies say together: every λ*, the information in every data set, the laws, the map and the claims."""

from analysis.comparison.comparing import Comparison, compare

__all__ = ["Comparison", "compare"]
