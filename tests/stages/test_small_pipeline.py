"""One whole small pipeline run, and what must hold around it: caching, guard, recovery, sharing.

The tests of this module share one workspace and run in order; each leaves it as it found it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard

from lexfit.config import parse_params
from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.sources import load
from lexfit.evaluation.runs import read_run
from tests.conftest import REPO, write_beir
from tests.stages.ssh_server import ssh_server
from tests.stages.travel import Remotes, travel
from tests.stages.workspace import Workspace, make_workspace

EXPORTS = {"exports", "exports_speed"}
AFTER_TRAINING = {
    "model",
    "crossval@0",
    "crossval@1",
    "crossval_summary",
    "retention",
    "mteb_tasks",
    "mteb_results",
    "exports",
    "exports_speed",
    "figures",
    "model_card",
    "report",
}
DATA_STAGES = {
    "code",
    "synthetic",
    "raw",
    "clean",
    "pairs",
    "audit",
    "negatives",
    "adapt",
    "pretrain",
    "baseline",
    "retention_base",
}


def small_collection() -> Collection:
    """24 situations and 40 articles of the embedded default."""
    os.chdir(REPO)
    params = parse_params(yaml.safe_load((REPO / "params.yaml").read_text()))
    full = load(params.data)
    kept = {q.id for q in full.queries if q.split == "train"}
    queries = [q for q in full.queries if q.id in sorted(kept)[:14]] + [q for q in full.queries if q.split == "test"][
        :10
    ]
    ids = {q.id for q in queries}
    judgements = [j for j in full.judgements if j.query_id in ids]
    relevant = {j.doc_id for j in judgements}
    others = [d.id for d in full.documents if d.id not in relevant][:10]
    return Collection([d for d in full.documents if d.id in relevant | set(others)], queries, judgements)


OVERRIDES = [
    "data=beir",
    "data.license=apache-2.0",
    "data.path=mine",
    "train=smoke",
    "crossval.folds=[0,1]",
    "negatives=union",
    "evaluation.bootstrap=500",
    "evaluation.permutations=500",
    "model.max_seq_length=64",
    "retention.queries=20",
]


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    before = Path.cwd()
    root = tmp_path_factory.mktemp("small") / "project"
    write_beir(root / "mine", small_collection())
    os.chdir(before)
    workspace = make_workspace(root, OVERRIDES)
    ran, _ = workspace.repro()
    assert ran == DATA_STAGES | AFTER_TRAINING
    workspace.commit("run")
    return workspace


def test_scores_of_methods_are_written_and_labelled(space: Workspace) -> None:
    scores = json.loads((space.root / "data/mteb_results/scores.json").read_text())
    assert scores["protocol"] == "holdout"
    assert scores["claim"]["clean"] is True
    assert scores["claim"]["queries"] == 10
    assert scores["crossval"]["queries"] == 14
    assert set(scores["mteb"]["methods"]) == {"bm25", "untrained", "finetuned"}
    # mteb's mean and our own over the same ten queries
    assert scores["mteb"]["methods"]["finetuned"]["ndcg_at_10"] == scores["claim"]["methods"]["finetuned"]["ndcg_at_10"]
    metrics = json.loads((space.root / "reports/metrics.json").read_text())
    assert metrics["claim"]["finetuned_ndcg_at_10"] == scores["claim"]["methods"]["finetuned"]["ndcg_at_10"]
    shown = space.run("python", "-m", "lexfit", "summary").stdout
    assert "fine-tuned" in shown
    assert f"retention on docstrings: mean nDCG@10 {metrics['retention']['base']:.4f} before" in shown


def test_retention_compares_both_models_on_the_same_pairs(space: Workspace) -> None:
    data = space.root / "data"
    task = json.loads((data / "retention/summary.json").read_text())["tasks"]["docstrings"]
    rows = [line.split("\t") for line in (data / "retention/per_query.tsv").read_text().splitlines()[1:]]
    ids = [json.loads(line)["id"] for line in (data / "retention_base/docstrings.jsonl").read_text().splitlines()]
    assert [row[1] for row in rows] == ids
    assert len(ids) == task["queries"] == 20
    assert task["base"] == pytest.approx(sum(float(row[2]) for row in rows) / 20, abs=1e-5)
    assert task["base"] > 0.7


def test_a_model_that_forgets_fails_the_run_and_earlier_outputs_come_back(space: Workspace) -> None:
    before = (space.root / "data/retention/summary.json").read_bytes()
    space.compose(*OVERRIDES, "train.learning_rate=0.02")
    ran, output = space.repro("retention", check=False)
    assert ran == {"model", "retention"}
    assert "ERROR in stage retention" in output
    assert "retention.max_drop: nDCG@10 on docstrings fell from" in output
    assert "Traceback" not in output
    assert json.loads((space.root / "logs/retention.json").read_text())["mean"]["change"] < -0.05
    restore(space)
    assert (space.root / "data/retention/summary.json").read_bytes() == before


def test_going_back_to_earlier_params_takes_from_the_cache_without_a_run(space: Workspace) -> None:
    model = space.root / "data/model/sentence_transformer/model.safetensors"
    before = model.read_bytes()
    space.compose(*OVERRIDES, "loss.temperature=0.09")
    assert "model" in space.repro("mteb_results")[0]
    other = model.read_bytes()
    assert other != before
    space.compose(*OVERRIDES)
    assert space.repro()[0] <= {"figures", "model_card", "report"}  # pages for readers are written anew
    assert model.read_bytes() == before
    assert space.run("git", "status", "--porcelain").stdout == ""
    space.compose(*OVERRIDES, "loss.temperature=0.09")
    assert space.repro("mteb_results")[0] == set()
    assert model.read_bytes() == other
    restore(space)


def test_a_second_repro_runs_nothing(space: Workspace) -> None:
    assert space.repro()[0] == set()
    assert space.run("dvc", "status").stdout.strip() == "Data and pipelines are up to date."
    assert space.run("git", "status", "--porcelain").stdout == ""


def test_each_parameter_reruns_just_the_stages_that_it_changes(space: Workspace) -> None:
    # A dry run names the stages that a change reaches directly; what follows them can't be known before.
    for overrides, expected in (
        (["runtime.checkpoint_every=20", "runtime.device=cpu:0"], set()),
        (["train.learning_rate=2e-4"], {"model", "crossval@0", "crossval@1", "model_card", "report"}),
        (
            ["evaluation.bootstrap=600"],
            {"crossval_summary", "retention", "mteb_tasks", "mteb_results", "exports", "model_card", "report"},
        ),
        (["evaluation.max_queries=9"], {"mteb_tasks", "mteb_results", "exports", "model_card", "report"}),
        (["retention.max_drop=0.1"], {"retention", "model_card", "report"}),
        (["retention.queries=30"], {"retention_base", "model_card", "report"}),
        (
            ["negatives.rank_min=2"],
            {"negatives", "pretrain", "model", "crossval@0", "crossval@1", "model_card", "report"},
        ),
        (["data.pool=judged"], {"pairs", "model_card", "report"}),
    ):
        space.compose(*OVERRIDES, *overrides)
        output = space.run("dvc", "repro", "--dry").stdout
        assert set(re.findall(r"Running stage '([^']+)'", output)) == expected, overrides
    space.run("git", "checkout", "params.yaml")


def test_changed_code_reruns_just_the_stages_that_run_it(space: Workspace) -> None:
    for file, expected in (("errors.py", {"code"}), ("reporting/figures.py", {"code", "figures"})):
        changed = space.root / "src/lexfit" / file
        with changed.open("a") as stream:
            stream.write("\nMORE = 1\n")
        assert space.repro("figures")[0] == expected
    restore(space)


def test_code_changed_behind_dvcs_back_is_not_run(space: Workspace) -> None:
    changed = space.root / "src/lexfit/corpus/splitting.py"
    with changed.open("a") as stream:
        stream.write("\nMORE = 1\n")
    ran, output = space.repro("--single-item", "--force", "clean", check=False)
    assert ran == {"clean"}
    assert "src/lexfit/corpus/splitting.py: has changed since stage code ran. Run `dvc repro` again" in output
    restore(space)


def test_negatives_keep_miners_ranks_and_scores_and_no_positive(space: Workspace) -> None:
    rows = [json.loads(line) for line in (space.root / "data/negatives/negatives.jsonl").read_text().splitlines()]
    queries = {
        q["id"]: q for q in map(json.loads, (space.root / "data/pairs/train/queries.jsonl").read_text().splitlines())
    }
    assert {m for r in rows for m in r["miners"]} == {"bm25", "dense", "random"}
    assert not [r for r in rows if r["doc_id"] in queries[r["query_id"]]["positives"]]
    assert all(r["miners"][m]["rank"] >= 1 for r in rows for m in r["miners"])


def test_card_parses_and_its_usage_example_runs(space: Workspace) -> None:
    card = ModelCard.load(space.root / "reports/model_card.md")
    assert card.data.eval_results
    code = re.search(r"```python\n(.*?)```", card.text, re.DOTALL)
    assert code
    assert "tensor" in space.run("python", "-c", code.group(1)).stdout


def test_model_folder_is_plain_safetensors_and_holds_its_prompts(space: Workspace) -> None:
    folder = space.root / "data/model/sentence_transformer"
    assert (folder / "model.safetensors").exists()
    assert not [p for p in folder.rglob("*") if p.suffix in {".bin", ".pt", ".pkl"}]
    assert json.loads((folder / "config_sentence_transformers.json").read_text())["prompts"] == {
        "query": "",
        "document": "",
    }


def test_plots_show_and_diff(space: Workspace) -> None:
    space.run("dvc", "plots", "show", "-o", "shown")
    page = (space.root / "shown/index.html").read_text()
    for title in ("Training of the final model", "Gain by query", "Score by method"):
        assert title in page
    space.run("dvc", "plots", "diff", "HEAD", "-o", "shown")
    shutil.rmtree(space.root / "shown")


def test_same_inputs_give_the_same_bytes(space: Workspace) -> None:
    before = (space.root / "dvc.lock").read_bytes()
    stages = ["model", "retention_base", "retention", "mteb_results", "figures"]
    ran, _ = space.repro("--force", *stages, "--single-item")
    assert ran == set(stages)
    assert (space.root / "dvc.lock").read_bytes() == before


def test_two_processes_share_a_stage_and_rank_as_one(space: Workspace, tmp_path: Path) -> None:
    shared = Workspace(tmp_path / "shared", space.env)
    shutil.copytree(space.root, shared.root, symlinks=True)
    shared.compose(*OVERRIDES, "runtime.processes=2")
    done = shared.run("python", "-m", "lexfit.stages.crossval", "0")
    assert all(f"process {number} of 2, which share" in done.stderr for number in (1, 2))
    assert not list((shared.root / "data/.partial").iterdir())
    runs = [read_run(workspace.root / "data/crossval/fold-0/run.tsv") for workspace in (space, shared)]
    ranked = [{q: sorted(scores, key=scores.__getitem__) for q, scores in run.items()} for run in runs]
    assert ranked[0] == ranked[1]
    assert runs[0] != {}
    assert len((shared.root / "logs/timings.jsonl").read_text().splitlines()) == 1 + len(
        (space.root / "logs/timings.jsonl").read_text().splitlines()
    )  # one process logs


def test_experiments_compose_conf_and_queue_and_compare(space: Workspace) -> None:
    # As a user would: Hydra composes conf/ with the overrides; data stages come from the cache.
    arguments = [x for o in OVERRIDES if o != "train=smoke" for x in ("-S", o)]
    common = ["-S", "train=smoke", "-S", "runtime.progress=false", *arguments]
    output = space.run("dvc", "exp", "run", "-n", "narrower", *common, "-S", "evaluation.confidence=0.8").stdout
    scoring = {
        "crossval_summary",
        "retention",
        "mteb_tasks",
        "mteb_results",
        *EXPORTS,
        "figures",
        "model_card",
        "report",
    }
    assert set(re.findall(r"Running stage '([^']+)'", output)) == scoring
    assert yaml.safe_load((space.root / "params.yaml").read_text())["evaluation"]["confidence"] == 0.8
    shown = json.loads(space.run("dvc", "exp", "show", "--json").stdout)
    assert "narrower" in json.dumps(shown)
    assert "claim.finetuned_low" in space.run("dvc", "metrics", "diff").stdout
    restore(space)
    queued = space.run(
        "dvc",
        "exp",
        "run",
        "--queue",
        *common,
        "-S",
        "loss.temperature=0.05,0.2",
        "-S",
        "train.learning_rate=1e-4",
    ).stdout
    assert queued.count("Queued experiment") == 2
    space.run("dvc", "queue", "remove", "--all")
    assert space.repro()[0] == set()


@pytest.mark.parametrize("stage", ["negatives", "model"])
def test_a_query_planted_behind_the_pairs_stage_is_refused_by_each_stage_that_trains(
    space: Workspace, stage: str
) -> None:
    evaluation = [json.loads(line) for line in (space.root / "data/pairs/eval/queries.jsonl").read_text().splitlines()]
    held_out = next(q for q in evaluation if q["role"] == "test")
    file = space.root / "data/pairs/train/queries.jsonl"
    kept = file.read_bytes()
    first = json.loads(kept.decode().splitlines()[0])
    planted = {**first, "id": "planted", "text": held_out["text"], "clean_text": held_out["text"].upper()}
    file.chmod(0o644)
    file.write_bytes(kept + json.dumps(planted).encode() + b"\n")
    try:
        done = space.run("python", "-m", f"lexfit.stages.{stage}", check=False)
    finally:
        file.write_bytes(kept)
    assert done.returncode == 1
    assert "'planted'" in done.stderr
    assert repr(held_out["id"]) in done.stderr
    assert (space.root / "data/model/sentence_transformer/model.safetensors").exists()


def test_a_query_planted_in_a_training_source_fails_zero_shot_and_earlier_outputs_come_back(
    space: Workspace,
) -> None:
    held_out = json.loads((space.root / "data/pairs/eval/queries.jsonl").read_text().splitlines()[-1])
    leaky = Collection(
        [Document("d", "", "some law")],
        [Query("innocent-looking", held_out["text"])],
        [Judgement("innocent-looking", "d", 1)],
    )
    write_beir(space.root / "leaky", leaky, lambda q: "train")
    metrics = (space.root / "reports/metrics.json").read_bytes()
    try:
        space.compose(
            *OVERRIDES,
            "protocol=zero_shot",
            "data/train=beir",
            "data.train.beir.path=leaky",
            "data.train.beir.license=mit",
        )
        ran, output = space.repro(check=False)
    finally:
        shutil.rmtree(space.root / "leaky")
        space.run("git", "checkout", "params.yaml", "dvc.lock")
    assert ran == {"synthetic", "raw", "clean", "pairs"}
    assert "ERROR in stage pairs" in output
    assert "beir/innocent-looking" in output
    assert repr(held_out["id"]) in output
    assert (space.root / "reports/metrics.json").read_bytes() == metrics
    assert space.repro()[0] <= {"synthetic", "raw", "clean", "pairs"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["crossval.folds=[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]"],
            "crossval.folds: asks for 16 folds of 14 queries",
        ),
        (["data.license=???"], "data.license: has no value"),
        (["model=qwen3-embedding-0.6b"], "can't be loaded from the Hub"),
        (["+train.epoch=1"], "train.epoch: is not a known key"),
    ],
)
def test_bad_params_end_the_run_clearly_and_earlier_outputs_come_back(
    space: Workspace, overrides: list[str], message: str
) -> None:
    model = (space.root / "data/model/summary.json").read_bytes()
    space.compose(*OVERRIDES, *overrides)
    done = space.run("dvc", "repro", check=False)
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    restore(space)
    assert (space.root / "data/model/summary.json").read_bytes() == model


def test_a_stage_killed_in_the_middle_loses_nothing_and_the_next_repro_recovers(space: Workspace) -> None:
    weights = space.root / "data/model/sentence_transformer/model.safetensors"
    before = weights.read_bytes()
    space.compose(*OVERRIDES, "loss.temperature=0.07")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        ["dvc", "repro", "--single-item", "model"],
        cwd=space.root,
        env={**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    partial = space.root / "data/.partial/data-model"
    deadline = time.monotonic() + 120
    while not partial.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert partial.exists()
    space.run("dvc", "checkout", "-q")
    assert weights.read_bytes() == before
    ran, _ = space.repro("--single-item", "model")
    assert ran == {"model"}
    assert weights.read_bytes() != before
    assert not partial.exists()
    restore(space)


def restore(space: Workspace) -> None:
    """Back to the committed run, from the cache."""
    space.run("git", "checkout", "-q", ".")
    space.run("dvc", "checkout", "-q", "--force")
    assert space.repro()[0] == set()


def test_pushed_to_a_local_remote_a_fresh_clone_pulls_everything_and_runs_nothing(
    space: Workspace, tmp_path: Path
) -> None:
    space.run("dvc", "remote", "add", "--local", "-d", "store", str(tmp_path / "store"))
    space.run("dvc", "push")
    space.run("git", "clone", "-q", str(space.root), str(tmp_path / "clone"))
    clone = Workspace(tmp_path / "clone", {})
    clone.run("dvc", "remote", "add", "--local", "-d", "store", str(tmp_path / "store"))
    clone.run("dvc", "pull")
    assert clone.repro()[0] == set()
    name = "data/model/sentence_transformer/model.safetensors"
    assert (clone.root / name).read_bytes() == (space.root / name).read_bytes()


def bare(space: Workspace, folder: Path) -> Path:
    """An empty Git repository for others to push to."""
    space.run("git", "init", "-q", "--bare", "-b", "main", str(folder / "bare.git"))
    return folder / "bare.git"


def test_an_experiment_travels_through_local_remotes(space: Workspace, tmp_path: Path) -> None:
    remotes = Remotes(str(bare(space, tmp_path)), str(tmp_path / "store"), {}, {})
    travel(space, "narrower", tmp_path / "second", remotes)
    assert yaml.safe_load((tmp_path / "second/params.yaml").read_text())["evaluation"]["confidence"] == 0.8


def test_an_experiment_travels_by_ssh_to_a_server_that_is_known(space: Workspace, tmp_path: Path) -> None:
    with ssh_server(tmp_path / "keys") as server:
        urls = server.url(bare(space, tmp_path)), server.url(tmp_path / "store")
        remotes = Remotes(*urls, {"keyfile": str(server.key)}, server.env)
        travel(space, "narrower", tmp_path / "second", remotes)
        (tmp_path / "keys/known_hosts").write_text("")
        clone = Workspace(tmp_path / "second", server.env)
        refused = clone.run("dvc", "exp", "push", "--force", "--no-cache", "origin", "narrower", check=False)
        assert refused.returncode != 0
        assert "Host key verification failed" in refused.stderr


def test_split_documents_rank_by_best_passage_and_mteb_scores_untouched_text(space: Workspace) -> None:
    before = json.loads((space.root / "data/mteb_results/scores.json").read_text())
    alone = ["crossval.run=false", "retention.tasks=[]"]
    space.compose(*OVERRIDES, *alone, "clean=split_tokens", "clean.split_tokens=40", "clean.split_overlap=10")
    space.repro("mteb_results")
    passages = json.loads((space.root / "data/clean/summary.json").read_text())["task"]["passages"]
    assert passages["passages"] > 2 * passages["documents"]
    after = json.loads((space.root / "data/mteb_results/scores.json").read_text())
    assert after["mteb"]["methods"]["untrained"] == before["mteb"]["methods"]["untrained"]
    assert after["claim"]["methods"]["untrained"] != before["claim"]["methods"]["untrained"]
    restore(space)


def test_a_drawn_part_and_another_task_are_scored_said_and_not_published(space: Workspace) -> None:
    whole = json.loads((space.root / "data/mteb_results/scores.json").read_text())
    other = "evaluation.tasks=[NFCorpus@mine]"
    space.compose(*OVERRIDES, "evaluation=quick", "evaluation.max_queries=4", "evaluation.max_documents=20", other)
    ran, output = space.repro()
    assert ran == {"mteb_tasks", "mteb_results", *EXPORTS, "figures", "model_card", "report"}
    documents = len((space.root / "data/raw/task/corpus.jsonl").read_text().splitlines())
    estimate = rf"evaluating 24 texts, \d+ tokens, about \d+ s and \d+ MiB; the whole would be {documents + 10} texts"
    assert re.search(estimate, output)
    scores = json.loads((space.root / "data/mteb_results/scores.json").read_text())
    assert scores["part"] == {"queries": 4, "documents": 20, "of_queries": 10, "of_documents": documents}
    assert scores["mteb"]["queries"] == scores["claim"]["queries"] == 4
    # Both are scored over the same part: the ranking's score is mteb's. BM25 is not: its weights of words are those
    # of all documents in the claim, and of the part in mteb's search.
    for method in ("untrained", "finetuned"):
        by_mteb = scores["mteb"]["methods"][method]["ndcg_at_10"]
        assert scores["claim"]["methods"][method]["ndcg_at_10"] == pytest.approx(by_mteb, abs=1e-5)
    assert scores["crossval"] == whole["crossval"]
    task = scores["tasks"]["NFCorpus"]
    assert (task["queries"], task["documents"], task["data"]) == (4, documents, "a local copy")
    assert task["label"].startswith("contaminated") or "documents share text" in task["label"]
    card = ModelCard.load(space.root / "reports/model_card.md")
    assert card.data.eval_results is None
    assert "**Of a drawn part only:**" in card.text
    assert f"| NFCorpus | 4 | {documents} |" in card.text
    refused = space.run("python", "-m", "lexfit", "submission", "--repo", "org/name", check=False)
    assert refused.returncode == 1
    assert "a drawn part was evaluated, 4 of 10 queries" in refused.stderr
    restore(space)
