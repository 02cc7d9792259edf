"""How strongly should the encoders of somebody's features be aligned? The command line of a forecast."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from studies.engine.commands.archive_study import ArchiveOptions, Template, archive_study
from studies.engine.commands.exit_codes import command
from studies.engine.options import parse


@dataclass(frozen=True, kw_only=True)
class AdviceOptions(ArchiveOptions):
    """Which features, what the forecast rests on, and how a check of it runs."""

    experiments: tuple[str, ...] = ()
    """Names of the recorded studies (MLflow experiments) that the forecast rests on; where none is given, it rests on
    the law of the synthetic data that comes with this project."""
    predictor: Literal["redundancy", "share"] = "redundancy"
    """What λ* is forecast from: redundancy in bits, or its share in what the encoder's own modality tells."""
    verify: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Then train at λ = 0, at the forecasts and at the ends of their intervals, and say what the forecasts cost."""


def advice_command(template: Template, law: Path) -> None:
    """Forecast λ* for the archive that the command line names; exit codes as of a study."""
    with command("advice") as console:
        options = parse(AdviceOptions, "How strongly should two modalities be aligned, before anything is trained?")
        options = replace(options, data_dir=options.archive)
        study = archive_study(template, options.archive, options.modalities, options.task)
        # Late: laws and information need much that those who only ask for help have no use for.
        from studies.engine.commands.forecast import forecast_archive, verify_forecasts

        forecasts = forecast_archive(study, options, law, console)
        if options.verify:
            verify_forecasts(study, forecasts, options, console)
