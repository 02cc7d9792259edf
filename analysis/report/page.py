"""The templates of the report: everything that is put into them is escaped, and what they make needs no network."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, context: Mapping[str, Any]) -> str:
    """The page that a template of `analysis/report/templates` makes of the context."""
    return _environment().get_template(template).render(context)


@cache
def _environment() -> Environment:
    loader = PackageLoader("analysis.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
