"""Studies that a conclusion leaves out: which, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A study that is left out, and the reason: the rest of a sentence that begins with its name."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} is left out: {self.reason}"
