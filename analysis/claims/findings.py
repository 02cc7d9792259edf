"""The paper's claims against the records: a verdict for each, from tests at a stated level.

A claim of a shape is tested by the regime of the curve, whose tests (does some λ beat the first, does some λ
beat the last; paired by seed, corrected for the number of λ) have level 5 % each. It is *reproduced* where the
tests show the shape, *not reproduced* where they show another, and *cannot tell* where they show too little. A
rise or fall that is not shown is held to be absent only where the 95 % intervals of all differences (of each λ to
the first, or to the last) exclude a change of a percentage point or more: all of them must, so that looking at many
λ makes no false findings (intersection-union test: Berger 1982). An inverted U must have its λ* in the range
that is claimed, and is refuted where the interval of λ* lies outside. Numbers of Table 1 are reproduced where they
lie, as rounded, in the 95 % interval of ours. Verdicts are not corrected for the number of claims.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.arrays import Array
from analysis.claims.paper import CLAIMS, AlignmentClaim, Claim, CurveClaim, InformationClaim
from analysis.conclusions import Conclusions
from analysis.optimum import optimal_lambda, paired_scores
from analysis.variants import Variant, study_variants
from analysis.words import REGIME_WORDS, points, points_range, signed

Verdict = Literal["reproduced", "not reproduced", "cannot tell"]
REPRODUCED, NOT_REPRODUCED, CANNOT_TELL = "reproduced", "not reproduced", "cannot tell"
SMALLEST_CHANGE = 0.01  # of accuracy: smaller changes count as none
_RISING, _FALLING = ("increasing", "saturating", "inverted_u"), ("inverted_u", "decreasing")
_COLUMNS = ["claim", "statement", "study", "variant", "rows", "subject", "result", "interval", "verdict"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One test: of what, what came out with its interval, and the verdict."""

    subject: str
    result: str
    interval: str
    verdict: Verdict


def claim_findings(studies: Sequence[Conclusions], claims: Sequence[Claim] = CLAIMS) -> pd.DataFrame:
    """Test every claim on every variant that it is about; one row a test.

    Columns [claim, statement, study, variant, rows, subject, result, interval, verdict]; `rows` are the training
    rows, `subject` the encoder, measure or atom. Studies of made-up data are left out, and so are claims that no
    study is about.
    """
    variants = [
        (conclusions, variant)
        for conclusions in studies
        if not conclusions.progress.is_rehearsal
        for variant in study_variants(conclusions.records.study).values()
    ]
    variants.sort(key=lambda pair: (pair[1].train_samples is None, pair[1].train_samples or 0))
    rows = []
    for claim in claims:
        for conclusions, variant in variants:
            shared = {"claim": claim.key, "statement": claim.statement, "study": conclusions.records.label}
            shared |= {"variant": variant.name, "rows": variant.rows}
            rows += [shared | vars(finding) for finding in _findings(claim, conclusions, variant)]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _findings(claim: Claim, conclusions: Conclusions, variant: Variant) -> Iterator[Finding]:
    if isinstance(claim, AlignmentClaim):
        yield from _alignment_findings(claim, conclusions, variant)
    elif claim.data.holds(variant, tuple(conclusions.records.study["modalities"])):
        if isinstance(claim, CurveClaim):
            yield from _curve_findings(claim, conclusions, variant)
        else:
            yield from _information_findings(claim, conclusions, variant)


def _curve_findings(claim: CurveClaim, conclusions: Conclusions, variant: Variant) -> Iterator[Finding]:
    scores = conclusions.records.scores.loc[conclusions.records.scores["variant"] == variant.name]
    for row in conclusions.lambda_star.to_dict("records"):
        if row["variant"] != variant.name or claim.encoder not in (None, row["encoder"]):
            continue
        if row["regime"] is None:
            yield Finding(subject=row["encoder"], result="too few seeds or λ", interval="", verdict=CANNOT_TELL)
            continue
        # Where λ* is the first λ, the gain over it is 0 by definition, and its interval says nothing.
        has_gain = row["gain_low"] < row["gain_high"]
        bounds = f", gain {points_range(row['gain_low'], row['gain_high'])}" if has_gain else ""
        yield Finding(
            subject=row["encoder"],
            result=f"{REGIME_WORDS[row['regime']]}, λ* {row['best']:.2g}"
            + (f", gain {points(row['gain'])}" if has_gain else ""),
            interval=f"λ* {row['low']:.2g} to {row['high']:.2g}{bounds}",
            verdict=curve_verdict(claim, row, paired_scores(scores.loc[scores["encoder"] == row["encoder"]]).scores),
        )


def curve_verdict(claim: CurveClaim, row: Mapping[str, Any], scores: Array) -> Verdict:
    """The verdict on a shape, from a row of `lambda_star_table` and the scores [L, S] that it is of."""
    rises, falls = row["regime"] in _RISING, row["regime"] in _FALLING
    no_rise = not rises and largest_difference(scores[1:] - scores[0]) < SMALLEST_CHANGE
    no_fall = not falls and largest_difference(scores[:-1] - scores[-1]) < SMALLEST_CHANGE
    if claim.shape == "falls":
        return _decide(shown=falls and not rises, refuted=rises or no_fall)
    if claim.shape == "rises":
        return _decide(shown=rises, refuted=no_rise)
    if claim.shape == "rises_and_saturates":
        return _decide(shown=rises and not falls, refuted=falls or no_rise)
    assert claim.peak is not None  # the shape that is left
    elsewhere = row["low"] > claim.peak[1] or row["high"] < claim.peak[0]
    return _decide(
        shown=rises and falls and claim.peak[0] <= row["best"] <= claim.peak[1],
        refuted=row["regime"] == "increasing" or (rises and elsewhere) or no_rise or no_fall,
    )


def _decide(*, shown: bool, refuted: bool) -> Verdict:
    return REPRODUCED if shown else NOT_REPRODUCED if refuted else CANNOT_TELL


def largest_difference(differences: Array) -> float:
    """The largest of the upper 95 % bounds (Student's t, two-sided) of mean differences [L, S], S ≥ 2."""
    return float(mean_bounds(differences)[1].max())


def mean_bounds(differences: Array) -> tuple[Array, Array]:
    """95 % bounds (Student's t) of each mean of differences [L, S], S ≥ 2."""
    num_seeds = differences.shape[1]
    half_width = stats.t.ppf(0.975, num_seeds - 1) * differences.std(axis=1, ddof=1) / np.sqrt(num_seeds)
    return differences.mean(axis=1) - half_width, differences.mean(axis=1) + half_width


def _alignment_findings(claim: AlignmentClaim, conclusions: Conclusions, variant: Variant) -> Iterator[Finding]:
    alignment = conclusions.records.alignment
    rows = alignment.loc[(alignment["variant"] == variant.name) & (alignment["metric"] == claim.metric)]
    pair = " + ".join(conclusions.records.study["modalities"])
    subject = variant.label if variant.shared_bits is not None else f"{variant.label} {pair}"
    if rows.empty:
        return
    paired = paired_scores(rows.rename(columns={"value": "accuracy"}))
    if len(paired.lambdas) < 2 or len(paired.seeds) < 2:
        yield Finding(subject=subject, result="too few seeds or λ", interval="", verdict=CANNOT_TELL)
        return
    regime = optimal_lambda(paired.lambdas, paired.scores).regime
    first, last = paired.scores[0].mean(), paired.scores[-1].mean()
    low, high = (bounds[0] for bounds in mean_bounds(paired.scores[-1:] - paired.scores[:1]))
    yield Finding(
        subject=subject,
        result=f"{REGIME_WORDS[regime]}, {first:.2f} to {last:.2f}" if regime else "unknown",
        interval=f"change {signed(low, 2)} to {signed(high, 2)}",
        verdict=_decide(shown=regime in ("increasing", "saturating"), refuted=regime in _FALLING),
    )


def _information_findings(claim: InformationClaim, conclusions: Conclusions, variant: Variant) -> Iterator[Finding]:
    information = conclusions.records.information
    atoms = information.loc[information["variant"] == variant.label].set_index("atom")
    if atoms.empty:
        return
    names = _atom_names(conclusions.records.study["modalities"])
    for name, stated in claim.atoms.items():
        found = atoms.loc[names.get(name, name)]
        half_unit = 0.5 * 10.0 ** -len(f"{stated}".partition(".")[2])
        inside = found["low"] - half_unit <= stated <= found["high"] + half_unit
        yield Finding(
            subject=f"{name} {stated:g} bits",
            result=f"{found['corrected']:.3f} bits",
            interval=f"{found['low']:.3f} to {found['high']:.3f}",
            verdict=REPRODUCED if inside else NOT_REPRODUCED,
        )
    if claim.dominant is not None:
        dominant = atoms["dominant"].iloc[0]
        known = isinstance(dominant, str)
        wanted = names.get(claim.dominant, claim.dominant)
        yield Finding(
            subject=f"mostly {claim.dominant}",
            result=f"mostly {dominant.replace('_', ' ')}" if known else "no atom is surely the largest",
            interval="",
            verdict=_decide(shown=dominant == wanted, refuted=known and dominant != wanted),
        )


def _atom_names(modalities: Sequence[str]) -> dict[str, str]:
    """The recorded name of each modality's unique information."""
    return {name: f"unique_{number}" for number, name in enumerate(modalities, start=1)}
