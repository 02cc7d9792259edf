"""All that is recorded of one study: its folder with the journal, and MLflow, which is made to agree with it."""

import json
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from analysis.records.schema import (
    IDENTITY,
    RECORDING,
    REHEARSAL,
    ROLE,
    SCHEMA,
    SCHEMA_TAG,
    STUDY,
    STUDY_ROLE,
    data_tag,
    population_metric,
    recorded_names,
)
from studies.engine.recording.folder import StudyFolder
from studies.engine.recording.journal import Journal, JournalError, TrialRecord
from studies.engine.recording.provenance import provenance
from studies.engine.recording.stored import StoredValues
from studies.engine.recording.tracking import Tracking
from studies.engine.search.plan import strata
from studies.engine.study import Study
from trainables.config import Refused

_LONGEST_TAG = 8000


class Recording:
    """The records of a study, held by this process alone.

    `modalities`: the names of its two encoders. `folder`: where its files lie. `journal`: its trials, and `records`
    what that held at first. `tracking`: the writer of MLflow, not yet connected. `information`: the estimates of the
    information in each variant, by its label. `labels`: the name by which the study's keys have each label.
    """

    def __init__(self, study: Study, modalities: tuple[str, str], folder: StudyFolder, tracking: Tracking) -> None:
        self.study = study
        self.modalities = modalities
        self.folder = folder
        self.tracking = tracking
        self.journal = Journal(folder.root)
        self.records = self.journal.read()
        self.information = StoredValues(folder.root, "information")
        self.labels = recorded_names(study.variants)
        self._contents = StoredValues(folder.root, "data")  # digests of raw files by variant
        self.name = folder.recording()
        self.description = study_description(study, modalities)
        self.tags = {
            ROLE: STUDY_ROLE,
            STUDY: json.dumps(self.description),
            SCHEMA_TAG: SCHEMA,
            REHEARSAL: json.dumps(study.rehearsal),
            **provenance(),
        }
        if len(self.tags[STUDY]) > _LONGEST_TAG:
            raise Refused(
                f"the study's description must fit into a tag of MLflow's, {_LONGEST_TAG:,} characters, got "
                f"{len(self.tags[STUDY]):,}; shorten its names, or its question"
            )
        self._note_study()

    def connect(self) -> int:
        """Open the study's run in MLflow; returns how many runs of other recordings this one supersedes.

        Raises TrackingServerError where the server cannot be reached or refuses.
        """
        return self.tracking.open(self.study.name, self.study.identity, self.name, self.tags)

    def reconcile(self, records: Mapping[str, TrialRecord]) -> None:
        """Make MLflow agree with the journal, after a crash or while the server was away."""
        self.tracking.forget_unrecorded(records)
        for record in records.values():
            if not self.tracking.is_settled(record):
                self.tracking.publish(record)

    def note_population(self, label: str, population: Mapping[str, float], content: str | None) -> None:
        """Log what is known of a variant's population, and tag the digest of its raw files."""
        variant, names = self.labels[label], recorded_names(population)
        self.tracking.log_study({population_metric(variant, names[name]): value for name, value in population.items()})
        if content is not None:
            self.tracking.tag_study({data_tag(variant): content})

    def require_same_content(self, contents: Mapping[str, str | None]) -> None:
        """Hold the study to the data that it began with; `contents` by variant.

        Raises JournalError where the raw files of a variant have changed, for its trials could not be compared.
        """
        recorded = self._contents.read()
        for variant, found in contents.items():
            if recorded.get(variant, found) != found:
                raise JournalError(
                    f"{variant}: expected the data that this study began with (SHA-256 {recorded[variant]}), got "
                    f"others ({found}). Put the former back, or start over with --fresh."
                )
        if recorded != recorded | dict(contents):
            self._contents.write(recorded | dict(contents))

    def study_tags(self) -> dict[str, str]:
        """Tags of the study's run: what it is, under which circumstances it ran, and on which files."""
        digests = {label: content for label, content in self._contents.read().items() if content is not None}
        names = recorded_names([*self.labels, *digests])
        contents = {data_tag(names[label]): content for label, content in digests.items()}
        return {IDENTITY: self.study.identity, RECORDING: self.name, **self.tags, **contents}

    def _note_study(self) -> None:
        """Keep what the study is beside its journal, so that conclusions need nothing else."""
        stored = StoredValues(self.folder.root, "study")
        recorded = stored.read()
        if recorded.get(SCHEMA_TAG, SCHEMA) != SCHEMA or (not recorded and self.records):
            raise JournalError(
                f"{self.folder.root} was recorded under schema {recorded.get(SCHEMA_TAG, '1')}, and this version "
                f"writes {SCHEMA}. Use the version that it began with, or start over with --fresh."
            )
        if not recorded:
            stored.write({SCHEMA_TAG: SCHEMA, **self.description})


@contextmanager
def open_recording(
    study: Study, modalities: tuple[str, str], storage: str, tracking_uri: str, *, fresh: bool
) -> Iterator[Recording]:
    """The study's recording below `storage`, claimed for this process; with `fresh`, a new one.

    At the end all that waits is sent to MLflow, and the study's run is closed with how it went.
    Raises JournalError where another process holds it, UnsentError where MLflow is away at the end.
    """
    folder = StudyFolder(storage, study)
    with folder.claimed(fresh=fresh), Tracking(tracking_uri, folder.root) as tracking:
        try:
            recording = Recording(study, modalities, folder, tracking)
        except OSError as error:
            raise JournalError(f"what {folder.root} holds cannot be read or added to: {error}") from error
        try:
            yield recording
        except Exception:
            tracking.note_failure(traceback.format_exc())
            raise


def study_description(study: Study, modalities: tuple[str, str]) -> dict[str, Any]:
    """What is recorded of a study, as plain JSON values."""
    return {
        "name": study.name,
        "question": study.question,
        "modalities": modalities,
        "variants": list(dict.fromkeys(stratum.variant for stratum in strata(study))),
        "lambdas": study.lambdas,
        "rehearsal": study.rehearsal,
        "definition": study.describe(),
    }
