import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml

from k8s.chosen import DATA_FOLDER, choose
from k8s.job import OBJECT_STORE, VOLUME, JobOptions, main, plan
from k8s.ray_job import CODE, as_yaml
from k8s.rules import ray_job_faults
from studies import mosei_va, paper, synthetic
from studies.engine.commands.archive_study import ArchiveOptions
from studies.engine.options import AllOptions, CommandOptions, parse, resolve
from tests.k8s.pods import pods

OPTIONS = {"custom": ArchiveOptions, "paper": AllOptions}


def asked_of_the_study(job: dict, monkeypatch: pytest.MonkeyPatch) -> CommandOptions:
    """What the study's own parser makes of the job's entrypoint."""
    python, script, *arguments = shlex.split(job["spec"]["entrypoint"])
    assert python == "python"
    monkeypatch.setattr("sys.argv", [script, *arguments])
    return parse(OPTIONS.get(Path(script).stem, CommandOptions), "")


def workers(job: dict) -> dict:
    (group,) = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    return group


def test_the_job_asks_the_study_for_what_the_command_line_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    job, chosen, _ = plan(["mosei_va", "--gpus", "8", "--gpus-per-trial", "0.25", "--lambdas", "0", "0.5"])
    options = asked_of_the_study(job, monkeypatch)
    assert options == chosen.options
    assert (options.gpus_per_trial, options.lambdas, options.address) == (0.25, (0, 0.5), "auto")
    assert (options.data_dir, options.storage) == (DATA_FOLDER, OBJECT_STORE)
    assert resolve(mosei_va.STUDY, options).identity == job["metadata"]["labels"]["align-or-not/identity"]


def test_the_script_of_the_entrypoint_is_in_the_image(repository: Path) -> None:
    job, _, _ = plan(["synthetic"])
    script = Path(shlex.split(job["spec"]["entrypoint"])[1])
    assert (repository / script.relative_to(CODE)).is_file()
    assert f"WORKDIR {CODE}" in (repository / "k8s/image/Dockerfile").read_text(encoding="utf-8")


def test_the_name_is_the_studys_and_tells_its_identity() -> None:
    job, _, _ = plan(["mosei_va"])
    assert job["metadata"]["name"] == f"mosei-va-{mosei_va.STUDY.identity}"
    assert mosei_va.STUDY.question in job["metadata"]["annotations"]["align-or-not/question"]


def test_the_size_of_a_cluster_changes_no_identity_and_what_decides_numbers_does() -> None:
    names = [
        plan(["synthetic", *more])[0]["metadata"]["name"]
        for more in ([], ["--workers", "3", "--hours", "2"], ["--gpus", "2", "--volumes"], ["--seeds", "2"])
    ]
    assert names[0] == names[1] == names[2] != names[3]


def test_gpus_are_on_the_workers_and_the_head_has_none() -> None:
    job, _, size = plan(["mosei_va", "--gpus", "8", "--gpus-per-worker", "4", "--gpus-per-trial", "0.25"])
    group = workers(job)
    container = group["template"]["spec"]["containers"][0]
    assert (group["replicas"], group["maxReplicas"], group["minReplicas"]) == (2, 2, 2)
    assert container["resources"]["requests"] == container["resources"]["limits"]
    assert container["resources"]["limits"] == {"cpu": "17", "memory": "36Gi", "nvidia.com/gpu": "4"}
    assert group["template"]["spec"]["tolerations"]
    head = job["spec"]["rayClusterSpec"]["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == head["rayStartParams"]["num-gpus"] == "0"
    assert "nvidia.com/gpu" not in head["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert size.slots == 32


def test_without_gpus_nothing_asks_for_one() -> None:
    assert "nvidia.com/gpu" not in as_yaml(plan(["synthetic", "--workers", "2"])[0])


def test_a_queued_job_has_a_fixed_size_and_waits_as_long_as_the_queue_wants() -> None:
    job, _, _ = plan(["synthetic", "--workers", "3", "--queue", "studies"])
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "studies"
    assert workers(job)["minReplicas"] == workers(job)["maxReplicas"] == 3
    assert job["spec"]["rayClusterSpec"]["enableInTreeAutoscaling"] is False
    assert "preRunningDeadlineSeconds" not in job["spec"] and job["spec"]["shutdownAfterJobFinishes"]


def test_volumes_take_the_place_of_the_object_store() -> None:
    job, chosen, _ = plan(["synthetic", "--volumes"])
    assert chosen.options.storage == VOLUME
    text = as_yaml(job)
    assert "claimName: results" in text and "object-store" not in text


def test_deadline_retries_and_image_are_as_asked() -> None:
    job, _, _ = plan(["synthetic", "--hours", "0.5", "--retries", "0", "--image", "registry.example/study:7"])
    assert (job["spec"]["activeDeadlineSeconds"], job["spec"]["backoffLimit"]) == (1800, 0)
    assert job["spec"]["preRunningDeadlineSeconds"] <= 1800
    images = [line.split()[-1] for line in as_yaml(job).splitlines() if " image: " in line]
    assert set(images) == {"registry.example/study:7"} and len(images) == 5


def test_every_pod_of_a_job_pulls_with_the_secret_that_is_asked_for() -> None:
    assert {pod.spec["imagePullSecrets"][0]["name"] for pod in pods([plan(["synthetic"])[0]])} == {"registry"}
    ours = pods([plan(["synthetic", "--pull-secret", "our.secret"])[0]])
    assert [pod.role for pod in ours] == ["ray-head", "ray-worker", "submitter"]
    assert all(pod.spec["imagePullSecrets"] == [{"name": "our.secret"}] for pod in ours)


def test_a_rehearsal_is_named_one_and_needs_no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    job, chosen, _ = plan(["mosei_va", "--rehearse", "--quick"])
    assert job["metadata"]["name"].startswith("mosei-va-rehearsal-")
    assert chosen.missing_data == [] and asked_of_the_study(job, monkeypatch).rehearse


def test_a_study_says_which_data_it_needs_where() -> None:
    assert plan(["synthetic"])[1].missing_data == []
    (need,) = plan(["mosei_va"])[1].missing_data
    assert "/data/mosei/mosei_senti_data.pkl" in need


def test_all_studies_are_one_job(monkeypatch: pytest.MonkeyPatch) -> None:
    job, chosen, _ = plan(["paper", "--studies", "synthetic", "mosei_va"])
    assert [study.name for study in chosen.studies] == ["synthetic", "mosei_va"]
    assert job["metadata"]["name"].startswith("paper-")
    assert asked_of_the_study(job, monkeypatch) == chosen.options
    everything, _, _ = plan(["paper"])
    assert everything["metadata"]["name"] != job["metadata"]["name"]
    assert all(study.identity in str(everything["metadata"]["annotations"]) for study in paper.STUDIES)


def test_an_archive_is_read_here_and_found_in_the_jobs_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(0)
    archive = tmp_path / "My features.npz"
    features = {name: draw.standard_normal((90, 4)) for name in ("text", "audio")}
    np.savez(archive, label=draw.integers(2, size=90), **features)
    job, chosen, _ = plan(["custom", "--archive", str(archive), "--modalities", "text", "audio"])
    options = asked_of_the_study(job, monkeypatch)
    assert isinstance(options, ArchiveOptions) and options.archive == DATA_FOLDER / archive.name
    assert job["metadata"]["name"] == f"my-features-text-audio-{chosen.studies[0].identity}"
    assert ray_job_faults(job) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pid_table"], "no study is named pid_table"),
        (["none"], "no study is named none"),
        (["advise", "--archive", "a.npz", "--modalities", "text", "audio"], "no study is named advise"),
        (["synthetic", "--variants", "R=3"], "no variant"),
        (["synthetic", "--train-samples", "99999999"], "training rows"),
        (["synthetic", "--address", "auto"], "--address: a job has a cluster of its own"),
        (["synthetic", "--num-gpus", "2"], "--num-gpus: a job has a cluster of its own"),
        (["synthetic", "--simulate-gpus", "2"], "--simulate-gpus: a job"),
        (["synthetic", "--dry-run"], "--dry-run: a job"),
        (["synthetic", "--gpus-per-trial", "0.5"], "needs --gpus"),
        (["synthetic", "--gpus", "2", "--gpus-per-trial", "2"], "no trial fits"),
        (["synthetic", "--fresh"], "add --retries 0"),
        (["synthetic", "--retries", "-1"], "--retries: expected 0 to"),
        (["synthetic", "--retries", "100000000000"], "--retries: expected 0 to"),
        (["synthetic", "--hours", "0"], "--hours: expected 0.000277778 to 596523, got 0"),
        (["synthetic", "--hours", "1e9"], "--hours: expected"),
        (["synthetic", "--hours", "nan"], "--hours: expected"),
        (["synthetic", "--hours", "inf"], "--hours: expected"),
        (["synthetic", "--memory-per-worker", "-5"], "--memory-per-worker: expected 1 to"),
        (["synthetic", "--memory-per-worker", "0"], "--memory-per-worker: expected 1 to"),
        (["synthetic", "--cpus-per-worker", "-1"], "--cpus-per-worker: expected 1 to"),
        (["synthetic", "--workers", "0"], "--workers: expected 1 to"),
        (["synthetic", "--gpus", "-8"], "--gpus: expected 0 to"),
        (["synthetic", "--queue", "My Queue"], "--queue: expected lower-case letters"),
        (["synthetic", "--queue", "a" * 64], "--queue: expected .* of at most 63"),
        (["synthetic", "--queue", ""], "--queue: expected"),
        (["synthetic", "--pull-secret", "My_Secret"], "--pull-secret: expected lower-case letters"),
        (["synthetic", "--image", "registry.example/Team/study"], "--image: expected a name"),
        (["synthetic", "--image", "study:"], "--image: expected a name"),
        (["synthetic", "--image", "https://registry.example/study:1"], "--image: expected a name"),
        (["synthetic", "--image", "a b"], "--image: expected a name"),
        (["synthetic", "--storage", "s3://bucket/$HOME"], "shells on its way would alter it"),
        (["paper", "--studies", "none"], "no study is named none"),
    ],
)
def test_what_could_not_run_is_refused_before_it_is_applied(arguments: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan(arguments)


@pytest.mark.parametrize(
    ("option", "value", "message"), [("--lambda", "1", "Unrecognized"), ("--cpus-per-trial", "-1", "from 0 on")]
)
def test_what_the_studys_parser_refuses_is_refused_by_it(
    option: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        plan(["synthetic", option, value])
    printed = capsys.readouterr().err
    assert option in printed and message in printed


def test_no_option_is_both_the_jobs_and_the_studys() -> None:
    of_job, of_study = (set(kind.__dataclass_fields__) for kind in (JobOptions, AllOptions))
    assert of_job & of_study == set()


def test_the_command_prints_the_job_alone_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["job", "mosei_va", "--gpus", "2"])
    main()
    printed = capsys.readouterr()
    assert yaml.safe_load(printed.out) == plan(["mosei_va", "--gpus", "2"])[0]
    assert "2 trials at once" in printed.err and "mosei_senti_data.pkl" in printed.err


def test_code_of_ones_own_is_said_to_be_needed_in_the_image(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "lab_of_jobs.py").write_text(
        "import dataclasses\n\n@dataclasses.dataclass(frozen=True)\nclass Distance:\n    def __call__(self, a, b): ..."
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("sys.argv", ["job", "synthetic", "--objective", "lab_of_jobs:Distance"])
    main()
    printed = capsys.readouterr()
    assert yaml.safe_load(printed.out)["kind"] == "RayJob"
    assert "needs your code: lab_of_jobs, which --image must have" in printed.err
    monkeypatch.setattr("sys.argv", ["job", "synthetic", "--objective", "siglip"])
    main()
    assert "needs your code" not in capsys.readouterr().err


def test_a_refused_job_prints_nothing_to_apply(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["job", "synthetic", "--variants", "R=3"])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 2 and printed.out == "" and "refused" in printed.err


def test_places_that_are_given_stay_as_they_are() -> None:
    chosen = choose("synthetic", ["--storage", "s3://ours/runs", "--tracking-uri", "http://other:5000"], OBJECT_STORE)
    assert (chosen.options.storage, chosen.options.tracking_uri) == ("s3://ours/runs", "http://other:5000")
    assert chosen.identity == synthetic.STUDY.identity
