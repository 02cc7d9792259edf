"""The paper's claims on planted curves of known shape: the verdict that the shape deserves."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.claims import CLAIMS, claim_findings, claim_markdown, claim_summary
from analysis.claims.findings import curve_verdict
from analysis.claims.paper import CurveClaim
from analysis.conclusions import Conclusions
from analysis.decision import Decision, decide, decision_table, study_decisions
from analysis.progress import study_progress
from analysis.records import StudyRecords

Planted = Callable[..., np.ndarray]


@pytest.fixture(scope="module")
def conclude(planted: Planted, grid: np.ndarray) -> Callable[..., Conclusions]:
    """Conclusions of a study whose encoders have the shapes given for each variant."""

    def build(
        shapes: dict[str, str],
        data: dict[str, dict],
        *,
        modalities: tuple[str, str] = ("a", "b"),
        noise: float = 0.002,
        num_seeds: int = 5,
        train_samples: tuple[int | None, ...] = (1024,),
        information: pd.DataFrame | None = None,
        name: str = "planted",
        is_rehearsal: bool = False,
        chance: tuple[float, float] = (0.03, 0.05),
    ) -> Conclusions:
        scores, alignment = [], []
        for variant, shape in shapes.items():
            for number, encoder in enumerate(modalities):
                values = planted(shape, num_seeds=num_seeds, noise=noise, seed=number)
                for lambda_, of_seeds in zip(grid, values, strict=True):
                    scores += [(variant, lambda_, encoder, s, v, np.nan, np.nan) for s, v in enumerate(of_seeds)]
            values = planted("increasing", num_seeds=num_seeds, noise=noise, seed=7)
            for lambda_, of_seeds in zip(grid, values, strict=True):
                alignment += [(variant, lambda_, s, "cka", v, *chance) for s, v in enumerate(of_seeds)]
        columns = ["variant", "lambda", "encoder", "seed", "accuracy", "accuracy_nonzero", "ceiling"]
        study = {
            "name": name,
            "question": "?",
            "modalities": list(modalities),
            "variants": list(shapes),
            "lambdas": grid.tolist(),
            "rehearsal": is_rehearsal,
            "definition": {
                "variants": data,
                "train_samples": list(train_samples),
                "configurations": 1,
                "seeds": num_seeds,
                "margin": 0.005,
                "search_space": {},
            },
        }
        records = StudyRecords(
            study=study,
            parent_run_id="run",
            trials=pd.DataFrame(columns=["stage", "variant", "lambda", "outcome", "epochs", "accuracy/best"]),
            scores=pd.DataFrame(scores, columns=columns),
            alignment=pd.DataFrame(
                alignment, columns=["variant", "lambda", "seed", "metric", "value", "chance", "chance_high"]
            ),
            information=pd.DataFrame(columns=["variant", "atom"]) if information is None else information,
        )
        return conclude_without_figures(records)

    return build


def conclude_without_figures(records: StudyRecords) -> Conclusions:
    """As `conclude_records` does, without drawing."""
    decided = study_decisions(records)
    return Conclusions(
        records=records,
        progress=study_progress(records),
        decided=decided,
        decisions=decision_table(decided, records.scores),
        importance=pd.DataFrame(),
        drawings={},
    )


def synthetic(bits: int) -> dict:
    return {"type": "SyntheticData", "shared_bits": bits}


def verdicts(findings: pd.DataFrame, claim: str) -> list[str]:
    return findings.loc[findings["claim"] == claim, "verdict"].tolist()


@pytest.mark.parametrize(
    ("bits", "shape", "verdict"),
    [
        (0, "decreasing", "reproduced"),
        (2, "decreasing", "reproduced"),
        (0, "increasing", "not reproduced"),
        (0, "inverted_u", "not reproduced"),
        (0, "flat", "not reproduced"),  # with so little noise a fall of a point is excluded
        (6, "saturating", "reproduced"),
        (8, "saturating", "reproduced"),
        (8, "increasing", "not reproduced"),  # it is still rising where the grid ends
        (8, "decreasing", "not reproduced"),
        (8, "inverted_u", "not reproduced"),
        (8, "flat", "not reproduced"),
        (4, "decreasing", "not reproduced"),
        (4, "increasing", "not reproduced"),
    ],
)
def test_a_known_shape_gives_the_known_verdict(
    conclude: Callable[..., Conclusions], bits: int, shape: str, verdict: str
) -> None:
    findings = claim_findings([conclude({"v": shape}, {"v": synthetic(bits)}, noise=0.0005)])
    assert verdicts(findings, f"synthetic R={bits}") == [verdict] * 2
    assert verdicts(findings, "alignment cka") == ["reproduced"]


def test_an_inverted_u_must_peak_where_the_paper_says(conclude: Callable[..., Conclusions]) -> None:
    """The planted peak is at .8; with another unit of λ it is where it is wanted, or far from there."""
    whole = conclude({"v": "inverted_u"}, {"v": synthetic(4)})
    found = {}
    for factor in (0.6, 1.0, 20.0):
        scaled = whole.records.scores.assign(**{"lambda": factor * whole.records.scores["lambda"]})
        study = {**whole.records.study, "lambdas": [factor * lambda_ for lambda_ in whole.records.study["lambdas"]]}
        conclusions = conclude_without_figures(replace(whole.records, study=study, scores=scaled))
        found[factor] = verdicts(claim_findings([conclusions]), "synthetic R=4")
    # At .8 the interval of λ* still holds some of .4 to .6, so that the claim is neither shown nor refuted.
    assert found == {0.6: ["reproduced"] * 2, 1.0: ["cannot tell"] * 2, 20.0: ["not reproduced"] * 2}


def test_noise_makes_claims_that_cannot_be_told(conclude: Callable[..., Conclusions]) -> None:
    shapes, data = {"a": "flat", "b": "flat", "c": "flat"}, {"a": synthetic(0), "b": synthetic(4), "c": synthetic(8)}
    findings = claim_findings([conclude(shapes, data, noise=0.05)])
    for claim in ("synthetic R=0", "synthetic R=4", "synthetic R=8"):
        assert verdicts(findings, claim) == ["cannot tell"] * 2
    one_seed = claim_findings([conclude(shapes, data, num_seeds=1)])
    assert set(one_seed["verdict"]) == {"cannot tell"}


def band(lows: list[float], highs: list[float]) -> Decision:
    """A decision whose band over four λ has these ends, on scores from which nothing else follows."""
    scores = np.array([[0.5, 0.6]] * 4)
    return replace(decide([0, 0.1, 1, 2], scores), lows=np.array(lows), highs=np.array(highs), shape="saturating")


@pytest.mark.parametrize(
    ("bits", "lows", "highs", "verdict"),
    [
        (8, [0, 0.002, 0.002, -0.30], [0, 0.05, 0.05, 0.05], "cannot tell"),  # the last λ may lie far below
        (8, [0, 0.002, 0.002, 0.001], [0, 0.05, 0.05, 0.05], "reproduced"),
        (0, [0, -0.01, -0.01, -0.20], [0, 0.30, 0.30, -0.05], "cannot tell"),  # it may rise before it falls
        (0, [0, -0.01, -0.01, -0.20], [0, 0.009, 0.009, -0.05], "reproduced"),
    ],
)
def test_a_band_that_is_too_wide_reproduces_nothing(
    bits: int, lows: list[float], highs: list[float], verdict: str
) -> None:
    claim = next(claim for claim in CLAIMS if claim.key == f"synthetic R={bits}")
    assert isinstance(claim, CurveClaim)
    assert curve_verdict(claim, band(lows, highs)) == verdict


def test_the_change_of_alignment_has_the_interval_of_a_paired_t_test(conclude: Callable[..., Conclusions]) -> None:
    conclusions = conclude({"R=8": "flat"}, {"R=8": {"type": "SyntheticData", "shared_bits": 8}})
    findings = claim_findings([conclusions])
    found = findings.loc[findings["claim"] == "alignment cka"].iloc[0]
    values = conclusions.records.alignment.pivot(index="lambda", columns="seed", values="value").to_numpy()
    bounds = stats.ttest_rel(values[-1], values[0]).confidence_interval()
    assert found["interval"] == f"change beyond chance +{bounds.low:.2f} to +{bounds.high:.2f}"
    assert found["result"] == f"increasing, {values[0].mean():.2f} to {values[-1].mean():.2f} (chance 0.03 to 0.03)"


def test_alignment_that_does_not_leave_chance_does_not_rise(conclude: Callable[..., Conclusions]) -> None:
    """The planted values rise from about .70 to .80: beyond a chance of .5, within one of .9, and unsure at .8."""
    data = {"v": synthetic(8)}
    found = {
        high: verdicts(claim_findings([conclude({"v": "flat"}, data, chance=(0.5, high))]), "alignment cka")
        for high in (0.6, 0.8, 0.9)
    }
    assert found == {0.6: ["reproduced"], 0.8: ["cannot tell"], 0.9: ["not reproduced"]}


def test_alignment_that_rises_as_chance_does_is_no_rise(conclude: Callable[..., Conclusions]) -> None:
    """An encoder whose directions collapse raises CKA with any other encoder, related or not."""
    whole = conclude({"v": "flat"}, {"v": synthetic(8)}, noise=0.02)
    alignment = whole.records.alignment
    level = alignment.groupby("lambda")["value"].transform("mean") - 0.1
    collapsing = alignment.assign(chance=level, chance_high=level + 0.01)
    conclusions = conclude_without_figures(replace(whole.records, alignment=collapsing))
    assert verdicts(claim_findings([whole]), "alignment cka") == ["reproduced"]
    assert verdicts(claim_findings([conclusions]), "alignment cka") == ["cannot tell"]


def test_claims_know_their_data_encoder_and_rows(conclude: Callable[..., Conclusions]) -> None:
    mosei = {"type": "AffectData", "dataset": "mosei"}
    right = conclude({"MOSEI": "increasing"}, {"MOSEI": mosei}, modalities=("text", "vision"), train_samples=(None,))
    findings = claim_findings([right])
    assert findings.loc[findings["claim"] == "mosei vision", "subject"].tolist() == ["vision"]
    assert findings.loc[findings["claim"] == "mosei vision", "rows"].tolist() == ["all"]
    other = conclude({"MOSEI": "increasing"}, {"MOSEI": mosei}, modalities=("audio", "vision"))
    assert not any("mosei" in claim for claim in claim_findings([other])["claim"])
    rows = conclude(
        {"R=8, 256 rows": "saturating", "R=8, all rows": "decreasing"},
        {"R=8": synthetic(8)},
        train_samples=(256, None),
    )
    summary = claim_summary(claim_findings([rows]))
    of_claim = summary.loc[summary["statement"].str.startswith("R = 8")]
    assert of_claim[["rows", "verdict", "reproduced", "tests"]].to_numpy().tolist() == [
        ["256", "reproduced", 2, 2],
        ["45,875", "not reproduced", 0, 2],
    ]


def test_numbers_of_table_1_are_held_against_our_interval(
    conclude: Callable[..., Conclusions], study_information: pd.DataFrame
) -> None:
    """The planted atoms: redundancy .35 to .44, unique .01 to .07 and -.01 to .03, mostly redundancy."""
    information = study_information.assign(variant="AV-MNIST")
    avmnist = {"AV-MNIST": {"type": "AvMnistData"}}
    study = conclude({"AV-MNIST": "flat"}, avmnist, modalities=("vision", "audio"), information=information)
    findings = claim_findings([study])
    table = findings.loc[findings["claim"] == "table 1 avmnist"]
    assert table[["subject", "verdict"]].to_numpy().tolist() == [
        ["vision 0.97 bits", "not reproduced"],
        ["mostly vision", "not reproduced"],
    ]
    unique = information.assign(dominant="unique_1")
    unique.loc[unique["atom"] == "unique_1", ["low", "corrected", "high"]] = [0.92, 0.94, 0.966]  # .97 is .965 to .975
    again = conclude({"AV-MNIST": "flat"}, avmnist, modalities=("vision", "audio"), information=unique)
    findings = claim_findings([again])
    assert verdicts(findings, "table 1 avmnist") == ["reproduced", "reproduced"]
    unsure = conclude(
        {"AV-MNIST": "flat"}, avmnist, modalities=("vision", "audio"), information=information.assign(dominant=None)
    )
    assert verdicts(claim_findings([unsure]), "table 1 avmnist")[1] == "cannot tell"


def test_a_rehearsal_says_nothing_about_the_paper(conclude: Callable[..., Conclusions]) -> None:
    assert claim_findings([conclude({"v": "decreasing"}, {"v": synthetic(0)}, is_rehearsal=True)]).empty


def test_the_summary_is_a_markdown_table_of_the_same_verdicts(conclude: Callable[..., Conclusions]) -> None:
    summary = claim_summary(claim_findings([conclude({"v": "decreasing"}, {"v": synthetic(0)})]))
    lines = claim_markdown(summary).splitlines()
    assert len(lines) == 2 + len(summary) == 2 + 2
    assert lines[2].startswith("| R = 0: accuracy falls with λ | 1,024 |")
    assert lines[2].endswith("| reproduced (2 of 2) |")
    assert all(line.replace("\\|", "").count("|") == 5 for line in lines)


def test_keys_are_distinct() -> None:
    assert len({claim.key for claim in CLAIMS}) == len(CLAIMS)
