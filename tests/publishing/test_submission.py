"""What `lexfit submission` writes is read by those it is for, says what the run says, and appears as a whole."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytrec_eval
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from mteb.cache import ResultCache
from mteb.cli.build_cli import build_cli
from mteb.models.model_implementations import MODEL_REGISTRY
from mteb.models.model_meta import ModelMeta, ScoringFunction
from mteb.results import TaskResult
from sentence_transformers import SentenceTransformer

from lexfit.__main__ import main
from lexfit.corpus.records import read_collection
from lexfit.evaluation.trec import MEASURES, evaluate, mean, parse_trec_run, qrels_of
from tests.stages.workspace import Workspace

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ENTRY = "mteb/models/model_implementations/acme_labs_models.py"


def submit(space: Workspace, *arguments: str) -> Path:
    with contextlib.chdir(space.root):
        main(["submission", "--repo", "Acme-Labs/statutes-v1", *arguments])
    return space.root / "reports/submission"


@pytest.fixture(scope="module")
def written(zero_shot: Workspace) -> Path:
    return submit(zero_shot, "--revision", COMMIT, "--release-date", "2025-01-31", "--training-code", "https://x.org/y")


@pytest.fixture(scope="module")
def contaminated(kfold: Workspace) -> Path:
    return submit(kfold)


def entry_in(file: Path) -> ModelMeta:
    """The ModelMeta of a module, as mteb's registry collects it."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (found,) = [value for value in vars(module).values() if isinstance(value, ModelMeta)]
    return found


def scores_of(space: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((space.root / "data/mteb_results/scores.json").read_text())
    return found


def files_in(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_mteb_loads_the_results_and_they_are_the_runs_own_bytes(zero_shot: Workspace, written: Path) -> None:
    folder = written / "results" / "Acme-Labs__statutes-v1" / COMMIT
    assert sorted(f.name for f in folder.iterdir()) == [
        "AILAStatutes.json",
        "NFCorpus.json",
        "NQ.json",
        "SCIDOCS.json",
        "model_meta.json",
    ]
    for task in ("AILAStatutes", "NFCorpus", "NQ", "SCIDOCS"):
        found = (zero_shot.root / "data").glob(f"[mr]*/mteb/**/{task}.json")
        (own,) = (path for path in found if path.parts[-3].startswith("lexfit__") and "bm25" not in path.parts)
        assert (folder / f"{task}.json").read_bytes() == own.read_bytes()
    (model,) = ResultCache(written).load_results(include_remote=False).model_results
    assert (model.model_name, model.model_revision) == ("Acme-Labs/statutes-v1", COMMIT)
    loaded = {result.task_name: result.get_score() for result in model.task_results}
    assert loaded["AILAStatutes"] == scores_of(zero_shot)["mteb"]["methods"]["finetuned"]["ndcg_at_10"]
    assert set(loaded) == {"AILAStatutes", "NFCorpus", "NQ", "SCIDOCS"}


def test_the_entry_constructs_and_says_what_the_run_knows(zero_shot: Workspace, written: Path) -> None:
    meta = entry_in(written / ENTRY)
    assert (meta.name, meta.revision) == ("Acme-Labs/statutes-v1", COMMIT)
    model = SentenceTransformer(str(zero_shot.root / "data/model/sentence_transformer"), device="cpu")
    total = sum(p.numel() for p in model.parameters())
    assert meta.n_parameters == total
    assert meta.memory_usage_mb == round(4 * total / 2**20)
    assert (meta.embed_dim, meta.max_tokens) == (32, 64)
    assert meta.similarity_fn_name is ScoringFunction.COSINE
    assert (meta.license, meta.languages, meta.open_weights) == ("apache-2.0", ["eng-Latn"], True)
    assert meta.adapted_from == "sentence-transformers/all-MiniLM-L6-v2"
    assert meta.framework == ["Sentence Transformers", "PyTorch", "safetensors"]
    assert meta.reference == "https://huggingface.co/Acme-Labs/statutes-v1"
    assert (meta.release_date, meta.public_training_code) == ("2025-01-31", "https://x.org/y")
    assert meta.public_training_data is None  # it is a local file that nobody else has
    assert (meta.use_instructions, meta.loader_kwargs) == (False, {})
    assert meta.is_zero_shot_on(["AILAStatutes"])


def test_json_and_python_entry_are_the_same(written: Path, contaminated: Path) -> None:
    for folder in (written, contaminated):
        (file,) = folder.rglob("model_meta.json")
        of_json = ModelMeta.model_validate_json_resolved(file.read_text())
        assert of_json == entry_in(folder / ENTRY)


def test_a_model_trained_on_the_queries_declares_it_to_mteb(contaminated: Path) -> None:
    meta = entry_in(contaminated / ENTRY)
    assert meta.training_datasets == {"AILAStatutes", "AILACasedocs"}
    assert meta.is_zero_shot_on(["AILAStatutes"]) is False


def test_the_entrys_loader_gives_the_vectors_of_the_saved_model_with_its_prompts(
    kfold: Workspace, contaminated: Path
) -> None:
    meta = entry_in(contaminated / ENTRY)
    assert meta.loader_kwargs == {"model_prompts": {"document": "", "query": "facts: "}}
    assert meta.use_instructions
    assert meta.loader is not None
    folder = str(kfold.root / "data/model/sentence_transformer")
    loaded: Any = meta.loader(folder, device="cpu", **meta.loader_kwargs)
    saved = SentenceTransformer(folder, device="cpu")
    text = "The appellant sold a ring."
    assert loaded.model.encode_query(text).tolist() == saved.encode_query(text).tolist()
    assert saved.encode_query(text).tolist() != saved.encode_document(text).tolist()


def test_the_cards_results_are_those_of_the_files_and_its_text_is_the_runs(zero_shot: Workspace, written: Path) -> None:
    card, own = (ModelCard.load(f) for f in (written / "model_card.md", zero_shot.root / "reports/model_card.md"))
    assert card.text.rstrip() == own.text.rstrip()
    results = {(r.dataset_type, r.dataset_split): r for r in card.data.eval_results or []}
    assert len(results) == len(card.data.eval_results or [])
    for file in written.glob("results/*/*/*.json"):
        if file.name != "model_meta.json":
            result = TaskResult.from_disk(file)
            found = results.pop((result.task.metadata.dataset["path"], "test"))
            assert found.metric_value == json.loads(file.read_text())["scores"]["test"][0]["main_score"]
            assert result.task_name in found.dataset_name
    # The protocol's claim, which is no result of mteb, stays.
    ((kind, left),) = results.items()
    assert kind == ("mteb/AILA_statutes", "held-out")
    assert left.metric_value == scores_of(zero_shot)["claim"]["methods"]["finetuned"]["ndcg_at_10"]
    assert (card.data.tags or []).count("mteb") == 1


def test_the_card_has_all_that_mtebs_own_command_writes_for_a_registered_model(
    zero_shot: Workspace, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = entry_in(written / ENTRY)
    monkeypatch.setitem(MODEL_REGISTRY, meta.name, meta)
    monkeypatch.chdir(zero_shot.root)
    arguments = ["create-model-results", "--model-name", str(meta.name), "--results-folder", str(written)]
    arguments += ["--from-existing", "reports/model_card.md", "--output-path", str(tmp_path / "card.md")]
    parsed = build_cli().parse_args(arguments)
    parsed.func(parsed)
    commands, ours = (ModelCard.load(f).data.to_dict() for f in (tmp_path / "card.md", written / "model_card.md"))
    assert {k: v for k, v in commands.items() if k != "model-index"} == {
        k: v for k, v in ours.items() if k != "model-index"
    }


@pytest.mark.parametrize(
    ("task", "label"),
    [
        ("AILAStatutes", "clean: no query and no judgement of the task was used (protocol zero_shot)"),
        ("NFCorpus", "not among the training data that the model and its base declare"),
        ("NQ", "contaminated: among the training data that the model or its base declares"),
        ("SCIDOCS", "contaminated: 6 of 6 queries and 6 of 6 documents share text with what trained"),
    ],
)
def test_every_score_stands_beside_whether_the_model_had_seen_it(written: Path, task: str, label: str) -> None:
    names = [r.dataset_name for r in ModelCard.load(written / "model_card.md").data.eval_results or []]
    assert f"MTEB {task} (default): {label}" in names
    assert label in (written / f".eval_results/{task}.yaml").read_text().replace("\n    ", " ")
    assert f"| {task} | test | default |" in (written / "pull_request.md").read_text()
    assert f"| {label} |" in (written / "pull_request.md").read_text()


@pytest.mark.parametrize("task", ["AILAStatutes", "NFCorpus", "NQ", "SCIDOCS"])
def test_the_hub_gets_the_entries_that_mteb_itself_would_send(written: Path, task: str) -> None:
    entries = parse_eval_result_entries(yaml.safe_load((written / f".eval_results/{task}.yaml").read_text()))
    result = TaskResult.from_disk(next(written.glob(f"results/*/*/{task}.json")))
    sent = [
        (r.dataset.id, r.dataset.task_id, r.dataset.revision, r.value) for r in result._to_hf_benchmark_result().root
    ]
    assert [(e.dataset_id, e.task_id, e.dataset_revision, e.value) for e in entries] == sent
    assert [e.task_id for e in entries] == [f"{task}_default_test", task]
    assert {round(e.value / 100, 7) for e in entries} == {result.get_score()}


def test_pytrec_eval_reads_the_fire_run_and_finds_the_measures_of_the_run(zero_shot: Workspace, written: Path) -> None:
    text = (written / "fire2019.run").read_text()
    lines = [line.split(" ") for line in text.splitlines()]
    assert {(len(line), line[1], line[5]) for line in lines} == {(6, "Q0", "statutes-v1")}
    assert len(lines) == 10 * 12  # test queries by all statutes of the release
    for query in {line[0] for line in lines}:
        own = [line for line in lines if line[0] == query]
        assert [int(line[3]) for line in own] == list(range(1, 13))
        assert [float(line[4]) for line in own] == sorted((float(line[4]) for line in own), reverse=True)
    with (written / "fire2019.run").open() as stream:
        run = pytrec_eval.parse_run(stream)
    assert run == parse_trec_run(text, "run")
    scored = evaluate(run, qrels_of(read_collection(zero_shot.root / "data/raw/task").judgements, run))
    reported = scores_of(zero_shot)["fire2019"]["methods"]["finetuned"]
    assert {name: round(mean(scored, name), 5) for name in MEASURES} == {name: reported[name] for name in MEASURES}


def test_under_kfold_the_run_file_is_out_of_fold(kfold: Workspace, contaminated: Path) -> None:
    with (contaminated / "AILAStatutes.out_of_fold.run").open() as stream:
        run = pytrec_eval.parse_run(stream)
    collection = read_collection(kfold.root / "data/raw/task")
    qrels = {
        q: {d: s for d, s in docs.items() if d != "S58"} for q, docs in qrels_of(collection.judgements, run).items()
    }
    assert set(run) == {q.id for q in collection.queries}
    claimed = scores_of(kfold)["claim"]["methods"]["finetuned"]
    assert round(mean(evaluate(run, qrels), "ndcg_at_10"), 5) == claimed["ndcg_at_10"]


def test_the_pull_request_of_a_zero_shot_model_says_no_and_which_texts_were_seen(written: Path) -> None:
    text = (written / "pull_request.md").read_text()
    assert (
        "**No. None of the 16 queries of AILAStatutes and none of its relevance judgements trained the model.**" in text
    )
    assert "The texts of 2 of the 8 documents that are ranked took part in training" in text
    assert (
        f"- [ ] The weights are public at https://huggingface.co/Acme-Labs/statutes-v1, and revision `{COMMIT}`" in text
    )
    assert "MSMARCO" in text  # what the base model declares


def test_the_pull_request_of_a_model_that_trained_on_the_queries_says_yes(kfold: Workspace, contaminated: Path) -> None:
    text = (contaminated / "pull_request.md").read_text()
    claimed = scores_of(kfold)["claim"]["methods"]["finetuned"]["ndcg_at_10"]
    assert "**Yes. All 16 queries of AILAStatutes and their judgements trained the model.**" in text
    assert "The score on AILAStatutes is contaminated" in text
    assert f"What the run claims instead is nDCG@10 {claimed} over 16 queries" in text
    assert "declares: AILACasedocs, AILAStatutes." in text
    assert "The revision above is the hash of the weights" in text
    assert not re.search(r"^\*\*No", text, re.MULTILINE)


def test_the_manifest_has_the_hash_of_every_file_and_of_the_runs_outputs(zero_shot: Workspace, written: Path) -> None:
    manifest = json.loads((written / "submission.json").read_text())
    found = files_in(written)
    del found["submission.json"]
    assert manifest["files"] == {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    lock = yaml.safe_load((zero_shot.root / "dvc.lock").read_text())["stages"]
    assert manifest["outputs"]["data/mteb_results"] == lock["mteb_results"]["outs"][0]["md5"]


def test_the_same_run_gives_the_same_bytes_and_a_former_submission_goes(kfold: Workspace, contaminated: Path) -> None:
    before = files_in(contaminated)
    (contaminated / "of_an_earlier_one.txt").write_text("old")
    assert files_in(submit(kfold)) == before


def test_no_machine_path_is_in_any_file(zero_shot: Workspace, written: Path) -> None:
    for name, data in files_in(written).items():
        assert str(zero_shot.root).encode() not in data, name


@pytest.fixture
def untouched(kfold: Workspace, contaminated: Path) -> Iterator[Path]:
    """The folder of a submission, which must stay as it is through a refusal, with nothing left beside it."""
    before = files_in(contaminated)
    yield contaminated
    assert files_in(contaminated) == before
    assert not list(contaminated.parent.glob(".submission*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--repo", "statutes"], "--repo: 'statutes' has no organisation"),
        (["--repo", "a/b/c"], "--repo: Repo id must be in the form"),
        (["--repo", "acme/../x"], "--repo: Repo id must be"),
        (["--repo", "acme/my model"], "--repo: Repo id must use alphanumeric"),
        (["--repo", "acme/a--b"], "--repo: Cannot have -- or .."),
        (["--repo", "acme/x", "--revision", "main"], "--revision: 'main' is no commit of the Hub"),
        (["--repo", "acme/x", "--release-date", "31.1.2025"], "--release-date: '31.1.2025' is no date"),
        (["--repo", "acme/x", "--training-code", "my code"], "--training-code: 'my code' is no address"),
    ],
)
def test_a_wrong_argument_is_refused(
    kfold: Workspace, untouched: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with contextlib.chdir(kfold.root), pytest.raises(SystemExit) as caught:
        main(["submission", *arguments])
    assert caught.value.code == 1
    assert f"ERROR: {said}" in capsys.readouterr().err


def test_a_folder_of_something_else_is_not_replaced(
    kfold: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SystemExit):
        submit(kfold, "--output", str(tmp_path))
    assert "holds no submission.json, so it isn't replaced" in capsys.readouterr().err
    assert files_in(tmp_path) == {"thesis.txt": b"mine"}


def test_the_folder_can_lie_elsewhere(kfold: Workspace, contaminated: Path, tmp_path: Path) -> None:
    submit(kfold, "--output", str(tmp_path / "out"))
    assert files_in(tmp_path / "out") == files_in(contaminated)
