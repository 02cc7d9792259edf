"""Regimes and differences in words, as every page, table and figure writes them."""

REGIME_WORDS = {
    "increasing": "increasing",
    "saturating": "saturating",
    "inverted_u": "inverted U",
    "decreasing": "decreasing",
    "flat": "flat",
}


def signed(number: float, digits: int) -> str:
    """The number with its sign, a minus as long as the plus; zero has none."""
    text = f"{number:+.{digits}f}".replace("-", "−")
    return text[1:] if float(text[1:]) == 0 else text


def points(difference: float) -> str:
    """A difference of accuracies in percentage points."""
    return f"{signed(100 * difference, 1)} points"


def points_range(low: float, high: float, digits: int = 1) -> str:
    """An interval of a difference of accuracies in percentage points."""
    return f"{signed(100 * low, digits)} to {signed(100 * high, digits)}"
