"""Every name that a study is recorded under: its metrics, tags and parameters, and the words that they hold.

Writers and readers take the names from here, so that they cannot disagree. A worker may not import this package. It
reports under names of its own, and `recorded_metrics` refuses those that are not known here.

Users name modalities and variants as they like. MLflow takes few characters in keys, and here alone the names of users
become such that it takes: `encoder_names` for modalities, `recorded_names` for all else. They follow from the study's
own lists of names, so that whoever knows the study reads the real names back.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Readers refuse other versions. Version 2: SVCCA standardises the features, so that its values are not those of before.
# Version 3: each measure of alignment has its chance level beside it, and not every replica is measured.
SCHEMA = "3"

SEARCH, EXCHANGE, FINAL, CONFIRM = "search", "exchange", "final", "confirm"  # stages
FINISHED, PRUNED, FAILED = "finished", "pruned", "failed"  # how a trial ended
INTERRUPTED = "interrupted"  # outcome of a trial that was under way when its study was stopped

# Tags of every run, of a study's run, and of a trial's run.
ROLE, HOST, STUDY_ROLE, TRIAL_ROLE = "role", "host", "study", "trial"
STUDY, IDENTITY, RECORDING, SUPERSEDED = "study", "identity", "recording", "superseded"
SCHEMA_TAG, REHEARSAL = "schema", "rehearsal"
COMMAND, GIT_COMMIT, VERSIONS = "command", "git_commit", "versions"
TRIAL, STRATUM, CONFIGURATION = "trial", "stratum", "configuration"
OUTCOME, ERROR = "outcome", "error"
HITS_FILE = "hits.json"  # artifact of a confirmation: which test rows each replica got right
KEEPS_HITS = "hits"  # tag of a run that has it
INFORMATION, DECISION = "information/", "decision/"
DESCRIPTION = "mlflow.note.content"  # what MLflow's page of a run shows at its head, as Markdown

# A trial's stage and variant are tags and parameters.
STAGE, VARIANT = "stage", "variant"

# Parameters of a trial; those of its hyperparameters, objective and data are below.
LAMBDA, ALIGNMENT_OBJECTIVE, ALIGNED_WIDTH, DATA = "lambda", "objective", "aligned_width", "data"
TRAIN_SAMPLES, NUM_REPLICAS, MAX_EPOCHS, BATCH_SIZE = "train_samples", "num_replicas", "max_epochs", "batch_size"

VALID_ACCURACY = "valid/accuracy"  # the mean over both encoders, which the search maximises
BEST_ACCURACY = "accuracy/best"  # the best of those that a trial reported; first in the lists of MLflow's pages
ALIGNMENT_LOSS = "loss/align"
ACCURACY, ACCURACY_NONZERO = "accuracy", "accuracy_nonzero"  # scores on the test split
MEASURES = ("cka", "svcca", "mutual_knn", "debiased_cka")  # of alignment
VALUE, CHANCE, CHANCE_HIGH = "value", "chance", "chance_high"  # of a measure: itself; its mean and 95 % point by chance

# Of a report with the test rows that were right: packed hits by encoder, their number of rows, replicas and groups.
HITS, HIT_ROWS, HIT_REPLICAS, HIT_GROUPS = "hits/", "hit_rows", "hit_replicas", "hit_groups"

_SEED = re.compile(r"(?P<name>.+)/seed_(?P<seed>\d+)")
_SCORE = re.compile(rf"test/(?P<score>{ACCURACY}|{ACCURACY_NONZERO})/(?P<encoder>.+)")
_ALIGNMENT = re.compile(
    rf"alignment/(?P<projected>projected/)?((?P<figure>{CHANCE}|{CHANCE_HIGH})/)?(?P<measure>{'|'.join(MEASURES)})"
)
_TRAINING = re.compile(rf"{VALID_ACCURACY}(/.+)?|{ALIGNMENT_LOSS}|loss/task/.+")
_DATA_DIGEST = "data/"

_HYPHENS = {"": "-", ".": "-", "..": "--"}
_LONGEST_KEY, _LONGEST_EXPERIMENT = 250, 256  # MLflow's, and its databases'
_LONGEST_NAME = 200  # of a modality or a variant in a key; what stands around it has the rest
_DIGEST_LETTERS = 8
_SEED_AT_END = re.compile(r"(^|/)seed_(?=\d+$)")


@dataclass(frozen=True, kw_only=True)
class ScoreName:
    """A score of one encoder on the test split: `test/<score>/<encoder>`, with `/seed_<n>` where it is one replica's.

    Without a seed it is the mean over the replicas.
    """

    score: str
    encoder: str
    seed: int | None = None

    def __str__(self) -> str:
        return _with_seed(f"test/{self.score}/{self.encoder}", self.seed)

    @classmethod
    def parse(cls, metric: str) -> "ScoreName | None":
        """The parts of the metric's name; None where it is no such score."""
        name, seed = _without_seed(metric)
        match = _SCORE.fullmatch(name)
        return None if match is None else cls(score=match["score"], encoder=match["encoder"], seed=seed)


@dataclass(frozen=True, kw_only=True)
class AlignmentName:
    """A figure of a measure of alignment on the test split, with `/seed_<n>` where it is one replica's.

    `alignment/<measure>` is the value, `alignment/chance/<measure>` its mean over permutations of the rows, and
    `alignment/chance_high/<measure>` its 95 % point there. After the projection heads they are below
    `alignment/projected/`.
    """

    measure: str
    figure: str = VALUE
    is_projected: bool = False
    seed: int | None = None

    def __str__(self) -> str:
        place = "alignment/projected" if self.is_projected else "alignment"
        name = self.measure if self.figure == VALUE else f"{self.figure}/{self.measure}"
        return _with_seed(f"{place}/{name}", self.seed)

    @property
    def column(self) -> str:
        """The measure as tables name it: `projected/<measure>` after the projection heads."""
        return f"projected/{self.measure}" if self.is_projected else self.measure

    @classmethod
    def parse(cls, metric: str) -> "AlignmentName | None":
        """The parts of the metric's name; None where it is no measure of alignment."""
        name, seed = _without_seed(metric)
        match = _ALIGNMENT.fullmatch(name)
        if match is None:
            return None
        return cls(
            measure=match["measure"],
            figure=match["figure"] or VALUE,
            is_projected=match["projected"] is not None,
            seed=seed,
        )


def is_of_one_replica(metric: str) -> bool:
    """Whether the metric's name ends in a seed."""
    return _SEED.fullmatch(metric) is not None


def valid_accuracy(encoder: str) -> str:
    """Metric: accuracy of one encoder on the validation split."""
    return f"{VALID_ACCURACY}/{encoder}"


def encoder_loss(encoder: str) -> str:
    """Metric: the task loss of one encoder in training."""
    return f"loss/task/{encoder}"


def ceiling(encoder: str) -> str:
    """Metric: the best accuracy that any encoder of this modality can reach, where the population is known."""
    return f"ceiling/accuracy/{encoder}"


def population_metric(variant: str, figure: str) -> str:
    """Metric of a study: what is known exactly of a variant's population."""
    return permitted(f"population/{variant}/{figure}")


def information_metric(atom: str, variant: str, figure: str) -> str:
    """Metric of a study: one figure of the estimate of one atom."""
    return permitted(f"pid/{atom}/{variant}/{figure}")


def lambda_star_metric(variant: str, encoder: str, figure: str) -> str:
    """Metric of a study: λ* of one encoder, the ends of its interval, or what it gains."""
    return permitted(f"lambda_star/{variant}/{encoder}/{figure}")


def decision_tag(variant: str, encoder: str) -> str:
    """Tag of a study: what is decided for one encoder, in a sentence."""
    return permitted(f"{DECISION}{variant}/{encoder}")


def information_tag(variant: str) -> str:
    """Tag of a study: the whole estimate of one variant, as JSON."""
    return permitted(f"{INFORMATION}{variant}")


def data_tag(variant: str) -> str:
    """Tag of a study: the digest of the raw files of one variant."""
    return permitted(f"{_DATA_DIGEST}{variant}")


def data_tag_variant(tag: str) -> str | None:
    """The recorded name of the variant whose digest a tag holds; None for another tag."""
    return tag.removeprefix(_DATA_DIGEST) if tag.startswith(_DATA_DIGEST) else None


def hyperparameter(field: str, modalities: tuple[str, str]) -> str:
    """Parameter: a field of `Hyperparameters`; the two dropouts are named by their modality."""
    first, second = modalities
    return {"dropout_1": f"dropout_{first}", "dropout_2": f"dropout_{second}"}.get(field, field)


def objective_parameter(field: str) -> str:
    """Parameter: a field of the objective."""
    return f"{ALIGNMENT_OBJECTIVE}_{field}"


def data_parameter(field: str) -> str:
    """Parameter: a field of the data's configuration."""
    return f"{DATA}_{field}"


def encoder_names(modalities: Iterable[str]) -> dict[str, str]:
    """The name by which the records of trials have each modality: its own where MLflow takes it; no two agree.

    A name must not end as the metrics of one replica do, `/seed_<n>`.
    """
    return _distinct(modalities, lambda name: _SEED_AT_END.sub(r"\1seed-", _plain(name)), ("",))


def recorded_names(names: Iterable[str], encoders: Iterable[str] = ("",)) -> dict[str, str]:
    """The name by which the keys of a study's run have each variant: its own where MLflow takes it; no two agree.

    Nor do two agree that are followed by a slash and one of `encoders`, which are recorded names.
    """
    return _distinct(names, _plain, [f"/{encoder}" for encoder in encoders])


def permitted(name: str) -> str:
    """The name as MLflow takes it in keys: hyphens for what it refuses, and the end cut off where it is too long."""
    letters = "".join(letter if letter.isalnum() or letter in "_-. :/" else "-" for letter in name)
    return shortened(letters, _LONGEST_KEY)


def experiment_name(study: str) -> str:
    """The experiment of a study of that name: of the same name, but for the end of one that is too long."""
    return shortened(study, _LONGEST_EXPERIMENT)


def plain_path(name: str) -> str:
    """The name with a hyphen for what would lead elsewhere: //, /./, /../, and a slash at either end."""
    return "/".join(_HYPHENS.get(part, part) for part in name.split("/"))


def shortened(text: str, most: int) -> str:
    """The text itself, or its beginning and a digest of the whole where it takes more than so many bytes (UTF-8)."""
    return text if len(text.encode()) <= most else _marked(text, text, most)


def _plain(name: str) -> str:
    """The name as it may stand in a key: MLflow wants keys that are plain as paths."""
    return plain_path(permitted(name))


def _distinct(names: Iterable[str], wanted: Callable[[str], str], ends: Iterable[str]) -> dict[str, str]:
    """What is wanted for each name, with a digest where that and one of the ends was another's before.

    Names that need no change come first, so that they stay what they are.
    """
    names, ends = list(dict.fromkeys(names)), list(ends)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names, key=lambda name: (wanted(name) != name, name)):  # whatever order they come in
        key = shortened(wanted(name), _LONGEST_NAME)
        while not taken.isdisjoint(f"{key}{end}" for end in ends):
            key = _marked(key, f"{name} {key}", _LONGEST_NAME)
        taken |= {f"{key}{end}" for end in ends}
        found[name] = key
    return {name: found[name] for name in names}


def _marked(text: str, whole: str, most: int) -> str:
    """The beginning of a text and a digest of the whole, together at most so many bytes."""
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST_LETTERS]
    return f"{text.encode()[: most - 1 - _DIGEST_LETTERS].decode(errors='ignore')}-{digest}"


def recorded_metrics(reported: Mapping[str, Any]) -> dict[str, float]:
    """The metrics among what a worker reported of a trial, by name, without the hits.

    Raises ValueError for a name that is not known: it would be lost without a word.
    """
    names = [name for name in reported if not _is_of_hits(name)]
    unknown = [name for name in names if not _is_reported_metric(name)]
    if unknown:
        raise ValueError(f"expected metrics that analysis/records/schema.py names, a worker reported {sorted(unknown)}")
    return {name: float(reported[name]) for name in names}


def recorded_hits(reported: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a worker reported of the test rows that its replicas got right, under its own names; None where nothing."""
    return {name: value for name, value in reported.items() if _is_of_hits(name)} or None


def _is_of_hits(name: str) -> bool:
    return name in (HIT_ROWS, HIT_REPLICAS, HIT_GROUPS) or name.startswith(HITS)


def _is_reported_metric(name: str) -> bool:
    is_tested = ScoreName.parse(name) is not None or AlignmentName.parse(name) is not None
    return is_tested or _TRAINING.fullmatch(name) is not None


def _with_seed(name: str, seed: int | None) -> str:
    return name if seed is None else f"{name}/seed_{seed}"


def _without_seed(metric: str) -> tuple[str, int | None]:
    match = _SEED.fullmatch(metric)
    return (metric, None) if match is None else (match["name"], int(match["seed"]))
