"""What README and the pages of docs tell people to type, and the files they name, exist as they say."""

import importlib
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tyro

from analysis.redundancy import RedundancyLaw, law_summary, read_points
from analysis.words import points_range, signed
from k8s.job import JobOptions
from studies.advise import LAW
from studies.engine.commands.advice import AdviceOptions
from studies.engine.commands.archive_study import ArchiveOptions
from studies.engine.commands.information_table import TableOptions
from studies.engine.options import AllOptions, CommandOptions, parse, resolve

REPOSITORY = Path(__file__).parents[1]
MAP = REPOSITORY / "studies/results/synthetic_map"
FOLDERS_WITH_A_PAGE = ("benchmarks", "pid", "studies/results", "trainables/data")
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
    *(REPOSITORY / folder / "README.md" for folder in FOLDERS_WITH_A_PAGE),
]
TEXTS = {str(page.relative_to(REPOSITORY)): page.read_text(encoding="utf-8") for page in PAGES}
README = TEXTS["README.md"]

# What the scripts that are no single study of known data are asked with.
OTHER_OPTIONS = {
    "studies/advise.py": AdviceOptions,
    "studies/custom.py": ArchiveOptions,
    "studies/objectives.py": AllOptions,
    "studies/paper.py": AllOptions,
    "studies/pid_table.py": TableOptions,
}


def commands(start: str) -> list[str]:
    """The pages' indented commands that begin with `start`, without their comments."""
    lines = [line for text in TEXTS.values() for line in text.splitlines() if line.startswith("    " + start)]
    return sorted({line.strip().split("  #")[0].rstrip() for line in lines})


def blocks(page: str) -> list[str]:
    """A page's blocks of Python, in their order."""
    return re.findall(r"```python\n(.*?)```", TEXTS[page], re.DOTALL)


def block_with(page: str, text: str) -> str:
    """The page's one block of Python that has `text` in it."""
    (block,) = [block for block in blocks(page) if text in block]
    return block


def run_python(program: str, folder: Path) -> str:
    """What a program prints that is run in `folder` by a Python that finds the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def heading_anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have: lower case, spaces as hyphens, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("command", commands("python studies/"))
def test_a_command_asks_a_study_for_what_it_has(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script, *arguments = shlex.split(command)[1:]
    monkeypatch.setattr("sys.argv", [script, *arguments])
    if script in OTHER_OPTIONS:
        tyro.cli(OTHER_OPTIONS[script])
    else:
        study = importlib.import_module(script.removesuffix(".py").replace("/", ".")).STUDY
        resolve(study, parse(CommandOptions, study.question))


@pytest.mark.parametrize("command", commands("make "))
def test_a_target_is_one_of_the_makefile(command: str) -> None:
    subprocess.run([*shlex.split(command), "--dry-run"], cwd=REPOSITORY, check=True, capture_output=True)


@pytest.mark.parametrize("script", sorted(set(re.findall(r"`(\w+\.py)`", TEXTS["benchmarks/README.md"]))))
def test_a_benchmark_that_is_named_is_there(script: str) -> None:
    assert (REPOSITORY / "benchmarks" / script).exists()


def test_there_are_commands_to_test() -> None:
    assert commands("python studies/") and {"make study", "make test"} <= set(commands("make "))


@pytest.mark.parametrize("page", TEXTS)
def test_every_link_leads_somewhere(page: str) -> None:
    lost = []
    for link in re.findall(r"\]\(([^):]+)\)", TEXTS[page]):
        path, _, anchor = link.partition("#")
        target = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        if not target.exists() or (anchor and anchor not in heading_anchors(target)):
            lost.append(link)
    assert lost == []


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    pages = {name for name in TEXTS if name.startswith("docs/")}
    assert pages - set(re.findall(r"\]\((docs/[^)#]+)", README)) == set()


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_every_file_of_the_map_is_there(page: str) -> None:
    folders, missing = {0: REPOSITORY}, []
    for line in TEXTS[page].split("## The house\n")[1].split("```")[1].splitlines():
        for indent, name in re.findall(r"^( *)(\S+)", line):
            depth = len(indent) // 2
            path = folders[depth] / name
            missing += [] if path.exists() else [str(path)]
            folders[depth + 1] = path
    assert missing == []


@pytest.mark.parametrize(("page", "shapes"), [("README.md", ("32", "12")), ("docs/own-data.md", ("20×768", "40"))])
def test_the_archive_of_an_example_is_one_that_a_study_takes(
    page: str, shapes: tuple[str, str], tmp_path: Path
) -> None:
    run_python(block_with(page, "savez"), tmp_path)
    (command,) = {line for line in commands("python studies/custom.py") if "--dry-run" not in line}
    script, *arguments = shlex.split(command)[1:]
    finished = subprocess.run(
        [sys.executable, str(REPOSITORY / script), *arguments, "--dry-run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    assert all(shape in finished.stdout for shape in shapes)


def test_the_first_example_gives_a_table_and_a_page(tmp_path: Path, ray_alone: None) -> None:
    """As it stands but for its budget: fewer epochs, one round of seeds, fewer rows for the information in the data."""
    example = block_with("README.md", "outcome = run(")
    quicker = example.replace("seeds=8,", "seeds=4, max_seeds=4,").replace("max_epochs=300,", "max_epochs=9,")
    quicker = quicker.replace("train_samples=(256,),", "train_samples=(256,), information_rows=100,")
    assert len(quicker) > len(example) + len("max_seeds=4, information_rows=100,") - 3
    lines = run_python(quicker, tmp_path).splitlines()
    *_, heading, first, second, page = lines
    assert heading.split() == ["encoder", "decision", "best", "gain", "gain_low", "gain_high"]
    assert [row.split()[1] for row in (first, second)] == ["modality_1", "modality_2"]
    assert "Should two encoders be aligned where both modalities tell everything?" in Path(page).read_text("utf-8")


def test_the_parts_of_ones_own_make_a_study_that_trains(tmp_path: Path) -> None:
    for block in blocks("docs/extending.md") + blocks("docs/own-data.md"):
        if place := re.match(r"# (my_lab/\w+\.py)\n", block):
            (tmp_path / place[1]).parent.mkdir(exist_ok=True)
            (tmp_path / place[1]).write_text(block, encoding="utf-8")
    plan = (
        "from rich.console import Console\n"
        "from studies.engine.commands.dry_run import print_plan\n"
        "from studies.engine.options import Options\n"
        "print_plan(OWN, Options(), Console(width=120))\n"  # takes a few steps of the training, to say what it costs
    )
    plan = run_python(block_with("docs/extending.md", "OWN = Study(") + plan, tmp_path)
    assert re.search(r"tones +train +180 +33\.3% 33\.3% 33\.3% +256 +256", plan), plan
    assert re.search(r"at most \d+ core-seconds", plan)


def test_an_encoder_of_ones_own_takes_the_place_of_one_of_an_archive(tmp_path: Path) -> None:
    (tmp_path / "my_lab").mkdir()
    (tmp_path / "my_lab" / "encoders.py").write_text(block_with("docs/extending.md", "class Waveforms"))
    run_python(block_with("docs/own-data.md", "text_length=draw"), tmp_path)
    example = block_with("docs/extending.md", "archive_study(").replace("outcome = run(", "plan(")
    plan = (
        "from rich.console import Console\n"
        "from studies.engine.commands.dry_run import print_plan\n"
        "from studies.engine.options import Options\n"
        "def plan(study, data_dir):\n"
        "    print_plan(study, Options(data_dir=Path(data_dir)), Console(width=120))\n"
    )
    assert re.search(r"at most \d+ core-seconds", run_python(plan + example, tmp_path))


def test_the_example_of_a_decision_decides_as_it_says(tmp_path: Path) -> None:
    (block,) = blocks("docs/decisions.md")
    word, sentence = run_python(block, tmp_path).splitlines()
    assert word == re.findall(r"# (align .*)", block)[0]
    assert sentence.startswith("align at λ = 0.5: it gains +")


def test_the_example_of_information_gives_what_it_says(tmp_path: Path) -> None:
    (block,) = blocks("docs/information.md")
    exact, *verdict, intervals = run_python(block, tmp_path).splitlines()
    assert float(exact) == pytest.approx(1, abs=1e-6)
    assert "unique" in " ".join(verdict)
    low, high, at_least = map(float, re.findall(r"\d\.\d+", intervals))
    assert low < at_least < high <= 1  # the other modality is noise, and two classes have one bit


def test_the_example_of_the_queue_hands_out_what_it_says(tmp_path: Path) -> None:
    (block,) = blocks("docs/architecture.md")
    assert run_python(block, tmp_path).strip() == re.findall(r"# (8 config.*)", block)[0]


def test_the_example_of_the_law_forecasts_from_the_table_that_is_kept() -> None:
    (block,) = blocks("docs/reproduction.md")
    value, low, high = map(float, re.findall(r"\d\.\d+", run_python(block, REPOSITORY)))
    redundancy = read_points(LAW)["redundancy"]
    assert redundancy.min() < 1.2 < redundancy.max() and 0 <= low < value < high


def lambda_star_and_gain(row: pd.Series, between: str) -> str:
    """λ* with all λ as good as it, and the gain with its band where λ* is not 0."""
    star = f"{row['best']:g} ({row['as_good'].replace(' to ', '–')})"
    gain = f"{signed(100 * row['gain'], 1)} ({points_range(row['gain_low'], row['gain_high'])})"
    return star if row["best"] == 0 else f"{star}{between}{gain}"


def decision_cell(row: pd.Series) -> str:
    """What README's table says of one row of a study's decisions."""
    return f"{row['decision']}; λ\\* {lambda_star_and_gain(row, '; ')}"


@pytest.mark.parametrize("bits", [0, 2, 4, 6, 8])
def test_the_decisions_in_the_readme_are_those_of_the_committed_study(bits: int) -> None:
    decisions = pd.read_csv(REPOSITORY / "studies/results/synthetic/decisions.csv").query(f"variant == 'R={bits}'")
    (line,) = [line for line in README.splitlines() if line.startswith(f"| {bits} |")]
    assert [cell.strip() for cell in line.split("|")[3:5]] == [decision_cell(row) for _, row in decisions.iterrows()]


def test_the_first_screen_of_the_readme_has_the_numbers_of_the_committed_study() -> None:
    folder = REPOSITORY / "studies/results/synthetic"
    decisions = pd.read_csv(folder / "decisions.csv")
    below = decisions.query("variant != 'R=8'")  # "at R = 6 and below no λ gains a point"
    assert (below["decision"] == "do not align").all() and below["gain_high"].max() < 0.01
    aligned = decisions.query("decision == 'align'")
    first_screen = " ".join(README.split("## ")[0].split())
    for row in aligned.to_dict("records"):
        low, high = 100 * row["gain_low"], 100 * row["gain_high"]
        assert f"{100 * row['gain']:.1f} points ({low:.1f} to {high:.1f})" in first_screen
    scores = pd.read_csv(folder / "scores.csv").groupby(["variant", "encoder", "lambda", "seed"])["accuracy"].first()
    differences = scores - scores.xs(0, level="lambda").reindex(scores.index.droplevel("lambda")).to_numpy()
    worst = differences.groupby(["variant", "encoder", "lambda"]).mean().min()
    assert f"up to {-100 * worst:.0f} points" in first_screen


def map_cell(row: pd.Series) -> str:
    """What the page's map says of one encoder: its decision if it is to be aligned, λ* with all as good, the gain."""
    said = lambda_star_and_gain(row, " ")
    return said if row["decision"] == "do not align" else f"{row['decision']}, {said}"


@pytest.mark.parametrize("bits", [0, 2, 4, 6, 8])
def test_the_map_on_the_page_is_that_of_the_committed_studies(bits: int) -> None:
    decisions = pd.read_csv(MAP / "decision_map.csv").query(f"shared_bits == {bits}")
    claims = pd.read_csv(MAP / "claims.csv").query(f"statement.str.startswith('R = {bits}:')").set_index("rows")
    (line,) = [line for line in TEXTS["docs/reproduction.md"].splitlines() if line.startswith(f"| R = {bits}: ")]
    assert [cell.strip() for cell in line.split("|")[2:-1]] == [
        f"**{claims.loc[f'{rows:,}', 'verdict']}**: " + "; ".join(map_cell(row) for _, row in group.iterrows())
        for rows, group in decisions.groupby("train_samples")
    ]


def test_what_is_said_of_the_map_follows_from_its_tables() -> None:
    page, decisions = TEXTS["docs/reproduction.md"], pd.read_csv(MAP / "decision_map.csv")
    assert (decisions["decision"] != "undecided").all() and f"All {len(decisions)} encoders are decided" in page
    scores = [pd.read_csv(MAP / f"scores_{rows}.csv") for rows in (1024, 4096, 45875)]
    scores.append(pd.read_csv(REPOSITORY / "studies/results/synthetic/scores.csv"))
    assert f"{sum(map(len, scores)) // 2:,} confirmed replicas" in page  # of two encoders each
    for of_many_rows in scores[1:3]:
        alone = of_many_rows.query("variant == 'R=8' and `lambda` == 0").groupby("encoder")
        assert (alone["ceiling"].mean() - alone["accuracy"].mean() < 0.005).all()


def test_what_is_said_of_the_law_follows_from_its_table() -> None:
    points = read_points(LAW)
    page = " ".join(TEXTS["docs/reproduction.md"].replace("\\", "").split())
    for sentence in law_summary(RedundancyLaw.fit(points)):
        assert sentence in page
    counts = points["decision"].value_counts()
    assert f"{points.drop_duplicates('variant').shape[0]} data sets and {len(points)} encoders" in page
    said = f"{counts['align']} are to be aligned, {counts['do not align']} are not, {counts['undecided']} are undecided"
    assert said in page
    by_bits = RedundancyLaw.fit(points, "shared_bits")
    rank, errors = by_bits.rank_correlation.value, by_bits.errors
    assert f"(rank correlation {rank:+.2f}, forecasts missed by {errors.saturating:.2f})" in page
    assert by_bits.is_told and f"{len(points)} encoders" in README


def test_what_it_costs_to_follow_the_law_is_what_its_table_says() -> None:
    regret = pd.read_csv(LAW.with_name("regret.csv"))
    page, first = TEXTS["docs/reproduction.md"], " ".join(README.split())
    answers = {"law": "the law's forecast", "never": "never align", "always": "always align, at λ = 1"}
    lost = {name: regret[f"{name}_regret"] for name in answers}
    for name, words in answers.items():
        assert f"| {words} | {lost[name].mean():.2f} | {lost[name].max():.2f} |" in page
    law, never, always = (f"{points.mean():.2f}" for points in lost.values())
    assert f"following it cost {law} points on average; never to align {never}, to align at λ = 1 {always}." in first


def test_the_estimates_of_the_committed_study_hold_the_exact_atoms() -> None:
    information = pd.read_csv(REPOSITORY / "studies/results/synthetic/information.csv")
    assert len(information) == 5 * 4  # as the page on reproduction says
    assert information["exact"].between(information["low"], information["high"]).all()


def test_the_committed_table_of_information_holds_the_exact_atoms_and_has_the_numbers_of_the_pages() -> None:
    table = pd.read_csv(REPOSITORY / "studies/results/pid_table/pid_table.csv")
    assert (table["method"] == "posterior").all()
    known = table.dropna(subset="exact")
    assert len(known) == 5 * 4
    assert known["exact"].between(known["low"], known["high"]).all()
    images = table[table["data set"].str.startswith("avmnist")].set_index("atom")
    ends = [f"{end:.2f}".replace("0.", ".").replace("-", "−") for end in images.loc["unique_1", ["low", "high"]]]
    interval = f"({ends[0]} to {ends[1]})"
    reproduction = (REPOSITORY / "docs/reproduction.md").read_text(encoding="utf-8")
    assert f"bits of its own {interval}" in README and f"U of vision .00 {interval}" in reproduction
    assert f"R is {images.loc['redundancy', 'corrected']:.2f}" in reproduction


def kind_of(case: str) -> str:
    """What the README of `pid` calls a case of the benchmark."""
    if case.startswith("synthetic"):
        return "tanh network" if "tanh" in case else "synthetic bits"
    return "independent" if case.startswith("independent") else "continuous"


def test_the_table_of_estimators_is_that_of_the_committed_benchmark() -> None:
    """A row of the page is over all cases of a kind; each has the weight of its samples."""
    cases = pd.read_csv(REPOSITORY / "studies/results/pid_posterior/pid_posterior.csv")
    expected = set()
    for (kind, size, method), group in cases.groupby([cases["cases"].map(kind_of), "n", "method"]):
        means = {name: np.average(group[name], weights=group["samples"]) for name in group.columns[4:]}
        held = ("", "") if np.isnan(means["width"]) else (f"{means['coverage']:.0%}", f"{means['width']:.2f}")
        figures = [f"{means['error']:.3f}", f"{group['worst'].max():.2f}", *held, f"{means['seconds']:.1f}"]
        expected.add(f"| {kind} | {size:,} | `{method}` | {' | '.join(figures)} |")
    page = (REPOSITORY / "pid/README.md").read_text(encoding="utf-8")
    kinds = tuple(f"| {kind} |" for kind in ("continuous", "independent", "synthetic bits", "tanh network"))
    assert {line for line in page.splitlines() if line.startswith(kinds)} == expected


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 130


def test_changelog_and_images_are_of_the_version_of_the_package() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\d\S*)", changelog, re.MULTILINE)[0] == version
    overlays = [path.read_text(encoding="utf-8") for path in (REPOSITORY / "k8s/overlays").rglob("kustomization.yaml")]
    tags = set(re.findall(r"newTag: (\S+)", "\n".join(overlays)))
    assert tags | {JobOptions.image.rpartition(":")[2]} == {version}
