"""The live table: what each stratum has done, what is running, and how much is left."""

import time
from typing import Any

from ray.tune import Callback
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from studies.engine.recording.journal import TrialRecord
from studies.engine.search.plan import CONFIRM, strata
from studies.engine.search.queue import StudyQueue
from studies.engine.study import Study
from studies.engine.tune.recorder import Recorder
from studies.engine.tune.status_line import status_line
from studies.engine.tune.unsaved import Unsaved
from trainables.config import SEARCH_METRIC

_SECONDS_BETWEEN_DRAWINGS = 0.5
_SECONDS_BETWEEN_LINES = 10.0


class Display(Unsaved, Callback):
    """Draws the strata of a study while it runs: a table that is renewed in a terminal, else a line now and then."""

    def __init__(self, study: Study, queue: StudyQueue, recorder: Recorder, console: Console) -> None:
        self._study = study
        self._queue = queue
        self._recorder = recorder
        self._console = console
        # In a terminal that cannot move its cursor nothing can be renewed.
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_interactive else None
        self._started = int(1000 * time.time())
        self._last = time.monotonic()

    def __enter__(self) -> "Display":
        if self._live:
            self._live.start()
        self._draw()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live:
            self._live.stop()

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Draw again where the last drawing is old enough."""
        now = time.monotonic()
        interval = _SECONDS_BETWEEN_DRAWINGS if self._live else _SECONDS_BETWEEN_LINES
        if now - self._last < interval:
            return
        self._last = now
        self._draw()

    def _draw(self) -> None:
        if self._live:
            self._live.update(Group(self._table(), self._decisions(), self._status()), refresh=True)
        else:
            self._console.print(self._status(), soft_wrap=True)

    def _table(self) -> Table:
        """One row a λ and one column a variant: trials of the search that have ended and those running, then seeds."""
        title = f"{self._study.name}: searched +running, best validation accuracy, confirming seeds"
        table = Table(title=title, title_justify="left", box=None)  # five variants fit into eighty columns
        by_variant: dict[str, dict[float, str]] = {}
        for stratum in strata(self._study):
            by_variant.setdefault(stratum.variant, {})[stratum.lambda_] = str(stratum)
        table.add_column("λ", justify="right")
        for variant in by_variant:
            table.add_column(variant, justify="right")
        records: dict[str, list[TrialRecord]] = {}
        for record in self._recorder.records.values():
            records.setdefault(record.stratum, []).append(record)
        for lambda_ in self._study.lambdas:
            cells = [
                self._cell(records.get(column[lambda_], []), self._queue.rounds[variant].seeds.get(lambda_, 0))
                for variant, column in by_variant.items()
            ]
            table.add_row(f"{lambda_:g}", *cells)
        return table

    def _cell(self, records: list[TrialRecord], seeds: int) -> Text:
        ended = sum(record.outcome is not None and record.stage != CONFIRM for record in records)
        running = sum(record.key in self._recorder.running for record in records)
        scores = [report.metrics[SEARCH_METRIC] for record in records for report in record.reports]
        text = Text(str(ended), style="green" if seeds else "")
        text.append(f"+{running}" if running else "  ", style="yellow")
        text.append(f" {max(scores):.3f}".replace(" 0.", " .") if scores else "    –")
        text.append(f" {seeds or '–':>3}")
        return text

    def _decisions(self) -> Text:
        """A line for each variant of which a round has ended: what it decides for each encoder."""
        lines = []
        for variant, rounds in self._queue.rounds.items():
            words = [f"{encoder}: {decision.word}" for encoder, decision in rounds.decided.items()]
            if words:
                lines.append(f"{variant}: {', '.join(words)} ({max(rounds.seeds.values())} seeds)")
        return Text("\n".join(lines))

    def _status(self) -> str:
        return status_line(
            self._study, self._recorder.records, self._recorder.running, self._started, int(1000 * time.time())
        )
