"""Whether to align an encoder, how strongly, and how sure that is: one object, from which all words follow."""

from analysis.decision.band_verdict import Shape, Word
from analysis.decision.deciding import CONFIDENCE, decide
from analysis.decision.decision_sentences import decision_sentence, lambdas_in_words, margin_in_words
from analysis.decision.decision_tables import (
    Decisions,
    decision_table,
    gain_bands,
    look_at,
    score_decisions,
    study_decisions,
)
from analysis.decision.decisions import Decision
from analysis.decision.spent import spent_at

__all__ = [
    "CONFIDENCE",
    "Decision",
    "Decisions",
    "Shape",
    "Word",
    "decide",
    "decision_sentence",
    "decision_table",
    "gain_bands",
    "lambdas_in_words",
    "look_at",
    "margin_in_words",
    "score_decisions",
    "spent_at",
    "study_decisions",
]
