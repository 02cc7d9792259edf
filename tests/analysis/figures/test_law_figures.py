"""The law's figure shows every encoder where its table has it, labelled by study and modality."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis import RedundancyLaw
from analysis.figures import law_figure


def test_every_encoder_is_a_point_of_its_study_and_modality(planted_points: Callable[..., pd.DataFrame]) -> None:
    points = planted_points(num_clusters=4).assign(pair="vision+audio")
    law = RedundancyLaw.fit(points, resamples=20)
    drawing = law_figure(law)
    labels = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    wanted = {f"{row['study']}: {row['encoder']}" for row in law.points.to_dict("records")}
    assert set(labels[: len(wanted)]) == wanted
    (panel,) = drawing.figure.axes
    markers = [line for line in panel.lines if line.get_linestyle() == "None" and line.get_marker() in "os^D"]
    drawn = np.concatenate([np.column_stack(line.get_data()) for line in markers])
    known = law.points[["redundancy", "best"]].to_numpy()
    np.testing.assert_allclose(drawn[np.lexsort(drawn.T)], known[np.lexsort(known.T)])
    filled = {line.get_markerfacecolor() == "white" for line in markers}
    assert filled == {True, False}
    assert (drawing.data["part"] == "encoder").sum() == len(law.points)
