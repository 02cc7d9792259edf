"""What is shown of a transfer: a bar in a terminal, else a line now and then."""

import time

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from trainables.data.download.fetching import Report

_SECONDS_BETWEEN_LINES = 10.0


class TransferDisplay:
    """Shows one transfer after another on a console, and what is said between them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        if console.is_terminal:
            columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            self._bar = Progress(
                TextColumn("  {task.description}", markup=False), *columns, console=console, transient=True
            )

    def __enter__(self) -> "TransferDisplay":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()

    def say(self, text: str) -> None:
        """Print lines as they are, however long: what is in them may be copied."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def transfer(self, name: str) -> Report:
        """What to tell of the progress of the file `name`."""
        if self._bar:
            return self._drawn(self._bar, name)
        return self._written(name)

    def _drawn(self, bar: Progress, name: str) -> Report:
        for task in bar.task_ids:
            bar.remove_task(task)
        task = bar.add_task(name, total=None)
        return lambda received, total: bar.update(task, completed=received, total=total)

    def _written(self, name: str) -> Report:
        last = time.monotonic()

        def report(received: int, total: int | None) -> None:
            nonlocal last
            if time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                self.say(f"  {name}: {decimal(received)}" + ("" if total is None else f" of {decimal(total)}"))

        return report
