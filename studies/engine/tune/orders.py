"""What a worker is told to do, and the record that its trial begins with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis.records.schema import encoder_names
from studies.engine.description import user_sources
from studies.engine.inputs.shared_data import DataFacts
from studies.engine.recording.first_record import first_record
from studies.engine.recording.journal import TrialRecord
from studies.engine.search.plan import CONFIRM, TrialSpec
from studies.engine.search.trial_packs import Pack
from studies.engine.study import Study
from studies.engine.tune.checkpoints import is_stored, recorded_checkpoints, stored_checkpoint
from trainables.config import DataConfig
from trainables.trainable import TrialOrder


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Turns a study's trials into what Ray Tune hands to a worker.

    `facts`: what is known of each data set. `packs`: whether replicas of the study's encoders may be packed.
    """

    study: Study
    facts: Mapping[DataConfig, DataFacts]
    packs: bool

    def first_record(self, spec: TrialSpec) -> TrialRecord:
        """The record of a trial that has not reported yet."""
        known = self.facts[spec.config.data]
        return first_record(spec, known.shapes.modalities, known.ceilings)

    def worker_config(self, pack: Pack, record: TrialRecord) -> dict[str, Any]:
        """Ray Tune's configuration for a pack, which goes on from what the record of one that is under way names."""
        first, second = encoder_names(self.facts[pack[0].config.data].shapes.modalities).values()
        order = TrialOrder(
            trials={spec.key: spec.config for spec in pack},
            encoder_names=(first, second),
            epochs_per_report=self.study.epochs_per_report,
            reads_test=pack[0].stage == CONFIRM,
            packs=self.packs,
            sources=self._sources,
            checkpoints=[stored_checkpoint(place) for place in recorded_checkpoints(record) if is_stored(place)],
        )
        return {"key": pack[0].key, "order": order}

    @cached_property
    def _sources(self) -> dict[str, str]:
        return user_sources(self.study)
