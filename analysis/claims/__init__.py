"""The paper's claims: what it says, what the records say of it, and both in short."""

from analysis.claims.claim_table import claim_markdown, claim_summary
from analysis.claims.findings import SMALLEST_CHANGE, claim_findings
from analysis.claims.paper import CLAIMS

__all__ = ["CLAIMS", "SMALLEST_CHANGE", "claim_findings", "claim_markdown", "claim_summary"]
