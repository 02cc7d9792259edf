"""Features that were themselves trained on labels tell more of the rows that they were trained on than of others."""

from dataclasses import replace

from pid.estimates import Estimate
from pid.inference import ATOM_NAMES


def on_held_out_rows(trained: Estimate, held_out: Estimate) -> Estimate:
    """Of two estimates by one method, on training rows and on held-out rows, the one that may be reported.

    That of the training rows, which are more, unless an atom differs by more than chance: both 95 % intervals hold the
    same truth in at least nine of ten samples if there is no leak, so intervals that do not meet are an alarm. Then it
    is the other, with a note.
    """
    differing = [
        name
        for name in ATOM_NAMES
        if trained.interval[name].lower > held_out.interval[name].upper
        or held_out.interval[name].lower > trained.interval[name].upper
    ]
    if not differing:
        return trained
    figures = " and ".join(
        f"{name} {getattr(trained.corrected, name):.2f} bits of training rows and "
        f"{getattr(held_out.corrected, name):.2f} of held-out rows"
        for name in differing
    )
    note = f"LEAK: {figures}. Features were trained on these labels, or splits differ; figures are of held-out rows"
    return replace(held_out, notes=(note, *held_out.notes))
