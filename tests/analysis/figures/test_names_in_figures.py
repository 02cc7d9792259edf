"""Names are drawn as they are: no formula, no line of warnings, and room is left for the curves."""

import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.text import Text

from analysis import RedundancyLaw
from analysis.figures import accuracy_and_alignment, law_figure, save_figure
from analysis.figures.plotting import short_name

ALIGNMENT = pd.DataFrame(
    [("v", lambda_, seed, "cka", 0.5, 0.1, 0.2) for lambda_ in (0.0, 1.0) for seed in (0, 1)],
    columns=["variant", "lambda", "seed", "metric", "value", "chance", "chance_high"],
)
DECISIONS = pd.DataFrame(columns=["variant", "encoder", "decision", "best", "low", "high", "accuracy_at_best"])


@pytest.mark.parametrize("names", [("$x_1$", "$\\bad{"), ("_hidden", "ध्वनि"), ("x" * 300, "y" * 300)])
def test_every_name_is_drawn(names: tuple[str, str], study_scores: pd.DataFrame, tmp_path: Path) -> None:
    real = dict(zip(("vision", "audio"), names, strict=True))
    scores = study_scores.loc[study_scores["variant"] == "R = 8"].assign(variant=names[0])
    scores = scores.assign(encoder=scores["encoder"].map(real.__getitem__))
    alignment = ALIGNMENT.assign(variant=names[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawing = accuracy_and_alignment(scores, alignment, DECISIONS)
        save_figure(drawing, tmp_path / "figure")
    drawn = {text.get_text() for text in drawing.figure.findobj(Text) if isinstance(text, Text)}
    assert set(map(short_name, names)) <= drawn
    assert set(names) <= set(pd.read_csv(tmp_path / "figure.csv").astype(str).to_numpy().ravel())


def test_a_long_name_keeps_both_its_ends() -> None:
    assert [short_name("x" * 32), short_name("a" * 40 + "b" * 40)] == ["x" * 32, "a" * 16 + "…" + "b" * 15]


def test_a_plus_in_a_name_parts_no_pair(planted_points: Callable[..., pd.DataFrame]) -> None:
    points = planted_points(num_clusters=4).assign(pair="vision+v2+audio")
    points["encoder"] = points["encoder"].replace({"vision": "vision+v2"})
    drawing = law_figure(RedundancyLaw.fit(points, resamples=20))
    labels = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert {label.split(": ")[-1] for label in labels} >= {"vision+v2", "audio"}
