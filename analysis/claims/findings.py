"""The paper's claims against the records: a verdict for each, from tests at a stated level.

A claim of a shape is tested by the band of gains over the first λ that the encoder's decision rests on, which holds for
all λ together. It is *reproduced* where the band shows the shape, *not reproduced* where it shows another, and *cannot
tell* where it shows too little. A rise or fall that is not shown is held to be absent only where the band excludes a
change of a percentage point or more. A curve that rises and saturates must still be shown to gain at the last λ, but
not to be best there. An inverted U must have its λ* in the range that is claimed, and is refuted where every λ that is
as good lies outside. Alignment is what a measure has beyond its chance level, and a rise of it must leave chance.
Numbers of Table 1 are reproduced where they lie, as rounded, in the 95 % interval of ours. Verdicts are not corrected
for the number of claims.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.arrays import Array
from analysis.claims.paper import CLAIMS, AlignmentClaim, Claim, CurveClaim, InformationClaim
from analysis.conclusions import Conclusions
from analysis.decision import Decision
from analysis.optimum import optimal_lambda, paired_scores
from analysis.variants import Variant, study_variants
from analysis.words import REGIME_WORDS, lambda_runs, points, points_range, signed

Verdict = Literal["reproduced", "not reproduced", "cannot tell"]
REPRODUCED, NOT_REPRODUCED, CANNOT_TELL = "reproduced", "not reproduced", "cannot tell"
SMALLEST_CHANGE = 0.01  # of accuracy: smaller changes count as none
_FALLING = ("inverted_u", "decreasing")
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
    for (name, encoder), decision in conclusions.decided.items():
        if name != variant.name or claim.encoder not in (None, encoder):
            continue
        low, high = decision.gain_interval
        as_good = lambda_runs(decision.as_good, decision.lambdas)
        yield Finding(
            subject=encoder,
            result=f"{_shape_in_words(decision)}, λ* {decision.best:.2g}, gain {points(decision.gain)}",
            interval=f"as good: λ {as_good}, gain {points_range(low, high)}",
            verdict=curve_verdict(claim, decision),
        )


def _shape_in_words(decision: Decision) -> str:
    if decision.shape is not None:
        return REGIME_WORDS[decision.shape]
    return "falls by the last λ" if _falls(decision) else "no shape shown"


def _rises(decision: Decision) -> bool:
    """Whether some λ is shown to gain over the first."""
    return bool((decision.lows[1:] > 0).any())


def _falls(decision: Decision) -> bool:
    """Whether the last λ is shown to lie below the first, or below one that gains over it."""
    return bool(decision.highs[-1] < max(0.0, np.nanmax(decision.lows)))


def curve_verdict(claim: CurveClaim, decision: Decision) -> Verdict:
    """The verdict on the shape of a curve, from the band that its encoder's decision rests on."""
    rises, falls = _rises(decision), _falls(decision)
    highest, last = float(np.nanmax(decision.highs)), float(decision.lows[-1])
    no_rise = not rises and highest < SMALLEST_CHANGE
    no_fall = not falls and max(highest, 0.0) - last < SMALLEST_CHANGE
    if claim.shape == "falls":
        return _decide(shown=falls and no_rise, refuted=rises or no_fall)
    if claim.shape == "rises":
        return _decide(shown=rises, refuted=no_rise)
    if claim.shape == "rises_and_saturates":
        stays = bool(decision.lows[-1] > 0) and not falls
        still_rises = decision.shape == "increasing"
        return _decide(shown=rises and stays and not still_rises, refuted=falls or no_rise or still_rises)
    assert claim.peak is not None  # the shape that is left
    elsewhere = min(decision.as_good) > claim.peak[1] or max(decision.as_good) < claim.peak[0]
    return _decide(
        shown=rises and falls and claim.peak[0] <= decision.best <= claim.peak[1],
        refuted=decision.shape == "increasing" or (rises and elsewhere) or no_rise or no_fall,
    )


def _decide(*, shown: bool, refuted: bool) -> Verdict:
    return REPRODUCED if shown else NOT_REPRODUCED if refuted else CANNOT_TELL


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
    first_seeds = conclusions.records.study["definition"]["seeds"]  # those that every λ has
    beyond_chance = paired_scores(rows.assign(accuracy=rows["value"] - rows["chance"]), first_seeds)
    if len(beyond_chance.lambdas) < 2 or len(beyond_chance.seeds) < 2:
        yield Finding(subject=subject, result="too few seeds or λ", interval="", verdict=CANNOT_TELL)
        return
    regime = optimal_lambda(beyond_chance.lambdas, beyond_chance.scores).regime
    beyond_high = paired_scores(rows.assign(accuracy=rows["value"] - rows["chance_high"]), first_seeds).scores
    ends = rows.loc[rows["lambda"].isin(beyond_chance.lambdas[[0, -1]]) & rows["seed"].isin(beyond_chance.seeds)]
    first, last = ends.groupby("lambda")[["value", "chance"]].mean().to_dict("records")
    low, high = (bounds[0] for bounds in mean_bounds(beyond_chance.scores[-1:] - beyond_chance.scores[:1]))
    levels = f"{first['value']:.2f} to {last['value']:.2f} (chance {first['chance']:.2f} to {last['chance']:.2f})"
    yield Finding(
        subject=subject,
        result=f"{REGIME_WORDS[regime]}, {levels}" if regime else "unknown",
        interval=f"change beyond chance {signed(low, 2)} to {signed(high, 2)}",
        verdict=alignment_verdict(regime, beyond_high),
    )


def alignment_verdict(regime: str | None, beyond_high: Array) -> Verdict:
    """The verdict on a rise, from the regime beyond chance and values less the 95 % point of chance [L, S].

    A rise must leave chance: its mean at the last λ lies above that point, by the 95 % interval. Where the means lie
    below it at every λ, there is no alignment to rise.
    """
    low, high = mean_bounds(beyond_high)
    return _decide(
        shown=regime in ("increasing", "saturating") and bool(low[-1] > 0),
        refuted=regime in _FALLING or bool((high < 0).all()),
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
