"""The study whose undisturbed run several modules read: they resume it, repeat it, and run it in other ways."""

from typing import Any

# As options from Python. `quick` estimates the information in the data from few rows.
OPTIONS: dict[str, Any] = {
    "quick": True,
    "variants": ("R=4",),
    "lambdas": (0.0, 2.0),
    "configurations": 4,
    "max_seeds": 4,
    "max_epochs": 27,
}
FEWEST_TRIALS = 2 * (4 + 1)  # the search and the first round; exchange and later rounds add to them


def _words(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, tuple) else [] if value is True else [str(value)]


# The same on a command line.
ARGUMENTS = [word for name, value in OPTIONS.items() for word in (f"--{name.replace('_', '-')}", *_words(value))]
