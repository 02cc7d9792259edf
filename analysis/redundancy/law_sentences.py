"""What a law says, in sentences for those who have to decide."""

import numpy as np

from analysis.redundancy.law import PREDICTORS, RedundancyLaw


def law_summary(law: RedundancyLaw) -> list[str]:
    """What the law rests on, how sure it is, what it says over its range, how well it forecasts, and what follows."""
    rank, errors, percent = law.rank_correlation, law.errors, f"{law.confidence:.0%}"
    method = f" by {law.method}" if law.method else ""
    definition = f" ({law.definition}{method})" if law.definition else ""
    silent = f"; {law.num_left_out} more could not be used" if law.num_left_out else ""
    first, last = law.curve.iloc[0], law.curve.iloc[-1]
    sentences = [
        f"λ* against the {PREDICTORS[law.predictor]}{definition}: {len(law.points)} encoders of {law.num_clusters} "
        f"data sets or variants{silent}.",
        f"Rank correlation {rank.value:+.2f} ({percent} interval {rank.interval[0]:+.2f} to {rank.interval[1]:+.2f}, "
        f"p = {rank.p_value:.2g}).",
        f"From {first['predictor']:.3g} to {last['predictor']:.3g}, λ* goes from {first['saturating']:.2f} "
        f"({first['low']:.2f}-{first['high']:.2f}) to {last['saturating']:.2f} ({last['low']:.2f}-{last['high']:.2f}); "
        f"encoders scatter about that by {np.median(law.laws.scatter):.2f} of log(1 + λ).",
        f"Forecast from all others, a λ* is missed by {errors.saturating:.2f} on average; by the median of the others, "
        f"which needs no law, by {errors.median:.2f}.",
    ]
    return [*sentences, _conclusion(law)]


def _conclusion(law: RedundancyLaw) -> str:
    if not law.is_told:
        return "The law is too weak to tell: these studies do not show that it forecasts λ* better than chance."
    direction = "rises" if law.rank_correlation.value > 0 else "falls"
    return (
        f"So λ* {direction} with the {PREDICTORS[law.predictor]}, and can be forecast from it within the range above."
    )
