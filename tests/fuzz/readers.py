"""Every reader of files that may come from somewhere else: how bytes become a file, and the call that reads it.

| files | readers |
|---|---|
| JSON, JSONL, YAML, csv, tsv as such | `jsonl`, `json`, `yaml`, `rows` |
| params.yaml, dvc.yaml, dvc.lock | `params`, `lock`, `verify/…` |
| collections as stages pass them on | `collection/…`, `statutes/…` |
| BEIR folders and zips, the FIRE release | `beir/…`, `beir.zip/…`, `crops`, `aila.zip/…`, `casedocs.zip/…` |
| Central Acts, Acts' names, situations | `sections.gz`, `acts`, `situations`, `examples` |
| tables of pairs, written queries | `columns.csv`, `.tsv`, `.jsonl`, `.parquet`, `synthetic/…` |
| rankings and scores | `run`, `trec`, `trec.gz`, `retention`, `nested`, `figure`, `scores`, `published` |
| other people's runs | `system/…`, `results/…`, `card`, `report/…` |
| logs and caches | `timings`, `cost`, `remembered` (the tensors: tests/test_tensor_store.py) |
| models | `gguf`, `safetensors`, `model/…` |

What no test here reads: the Hub's data sets (`datasets` fetches them), and of the files that a stage wrote for the next
one, which DVC knows by hash, those that aren't named above.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lexfit.config import SourceParams, TrainSourceParams
from tests.fuzz import seeds

Wrap = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Reader:
    """A file that is damaged, the whole ones beside it, and what reads them.

    `read` gets their folder. `wrap` makes the file of the bytes that are damaged, where those are packed. An error
    names the file, another one of the folder, or one of `names`.
    """

    file: str
    seed: Callable[[], bytes]
    read: Callable[[Path], Any]
    others: dict[str, bytes] = field(default_factory=dict)
    wrap: Wrap | None = None
    names: tuple[str, ...] = ()
    slow: bool = False

    def put(self, folder: Path, data: bytes) -> None:
        """Write the file with these bytes, and those beside it."""
        for name, contents in {**self.others, self.file: data}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(contents)


READERS: dict[str, Reader] = {}


def _reader(name: str, file: str, seed: bytes | Callable[[], bytes], **options: Any) -> Callable[..., Any]:
    def register(read: Callable[[Path], Any]) -> Callable[[Path], Any]:
        given = seed if callable(seed) else lambda: seed
        READERS[name] = Reader(file, given, read, **options)
        return read

    return register


def _each(
    prefix: str,
    files: dict[str, bytes],
    read: Callable[[Path], Any],
    *,
    whole: dict[str, bytes] | None = None,
    **options: Any,
) -> None:
    """A reader for each file of a folder, the others being whole."""
    for name, seed in files.items():
        others = {**files, **(whole or {})}
        others.pop(name)
        _reader(f"{prefix}/{name}", name, seed, others=others, **options)(read)


def _zipped(prefix: str, members: dict[str, bytes], wanted: list[str], read: Callable[[Path], Any]) -> None:
    """A reader for each member of a zip."""
    for name in wanted:

        def wrap(data: bytes, name: str = name) -> bytes:
            return seeds.zipped({**members, name: data})

        _reader(f"{prefix}/{name.rpartition('/')[2]}", "data.zip", members[name], wrap=wrap)(read)


@contextlib.contextmanager
def _inside(folder: Path) -> Any:
    """The folder as working directory and as lexfit's cache."""
    before = os.environ.get("LEXFIT_CACHE")
    os.environ["LEXFIT_CACHE"] = str(folder / "cache")
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        if before is None:
            del os.environ["LEXFIT_CACHE"]
        else:
            os.environ["LEXFIT_CACHE"] = before


def source(kind: str, path: Path | None, **options: Any) -> TrainSourceParams:
    """Params of a training source at a path."""
    of_kind: Any = kind
    place = str(path) if path else None
    return TrainSourceParams(
        of_kind, place, None, None, None, None, "mit", "test", None, "refuse", 1.0, None, None, options
    )


def task_source(kind: str, path: Path) -> SourceParams:
    """Params of a task's source at a path."""
    of_kind: Any = kind
    return SourceParams(of_kind, str(path), None, None, None, None, "mit", "test", None)


@_reader("jsonl", "a.jsonl", seeds.CORPUS)
def _(folder: Path) -> Any:
    from lexfit.jsonl import read_jsonl

    return read_jsonl(folder / "a.jsonl")


@_reader("json", "a.json", seeds.as_json(seeds.SCORES))
def _(folder: Path) -> Any:
    from lexfit.io import read_json

    return read_json(folder / "a.json")


@_reader("yaml", "a.yaml", seeds.LOCK)
def _(folder: Path) -> Any:
    from lexfit.yaml_files import read_yaml

    return read_yaml(folder / "a.yaml", "Mend it")


@_reader("rows", "a.csv", seeds.TABLE)
def _(folder: Path) -> Any:
    from lexfit.rows import read_rows

    return read_rows(folder / "a.csv", ["query", "positive"])


@_reader("params", "params.yaml", seeds.params, slow=True)
def _(folder: Path) -> Any:
    from lexfit.config import load_params

    return load_params(folder / "params.yaml")


@_reader("lock", "dvc.lock", seeds.LOCK, others={"params.yaml": b"seed: 1\n"})
def _(folder: Path) -> Any:
    from lexfit.publishing.lock import check_params, lineage, read_stages
    from lexfit.publishing.provenance import dvc_hashes

    with _inside(folder):
        stages = read_stages()
        check_params(stages, lineage(stages, ["model"]))
        return dvc_hashes()


PIPELINE = {
    "dvc.yaml": b"stages:\n  raw:\n    cmd: x\n  fold:\n    foreach: ${crossval.folds}\n    do:\n      cmd: x\n",
    "params.yaml": b"crossval:\n  folds: [0, 1]\n",
    "dvc.lock": seeds.LOCK,
    "data/raw": b"changed",
}


def _verify(folder: Path) -> Any:
    from lexfit.integrity import damaged_outputs

    with _inside(folder):
        for path in damaged_outputs():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise AssertionError(f"{path} would be deleted")


_each("verify", PIPELINE, _verify)

COLLECTION = {
    "corpus.jsonl": seeds.CORPUS,
    "queries.jsonl": b'{"id": "q1", "text": "He robbed.", "group": "g"}\n{"id": "q2", "text": "He killed."}\n',
    "qrels.tsv": seeds.QRELS,
    "source.json": b'{"source": "beir", "address": "file:x", "judged_without_text": ["d9"]}',
    "groups.jsonl": b'{"id": "g", "text": "A whole judgment."}\n',
}


def _collection(folder: Path) -> Any:
    from lexfit.corpus.records import read_collection

    return read_collection(folder)


_each("collection", COLLECTION, _collection)


def _beir(folder: Path) -> Any:
    from lexfit.corpus.sources import load

    return load(task_source("beir", folder))


_each("beir", seeds.BEIR, _beir)


def _beir_zip(folder: Path) -> Any:
    from lexfit.corpus.sources import load

    return load(task_source("beir", folder / "data.zip"))


_zipped("beir.zip", seeds.BEIR, [*seeds.BEIR], _beir_zip)


@_reader("crops", "corpus.jsonl", seeds.CORPUS)
def _(folder: Path) -> Any:
    from lexfit.corpus.sources.corpora import corpus_of

    return corpus_of(source("crops", folder), "beir", "data.train.crops")


def _aila(folder: Path) -> Any:
    from lexfit.corpus.sources import load
    from lexfit.corpus.sources.statutes import title_of

    return [title_of(document) for document in load(task_source("aila_fire", folder / "data.zip")).documents]


def _casedocs(folder: Path) -> Any:
    from lexfit.corpus.sources.aila_casedocs import load_casedocs

    return load_casedocs(task_source("aila_fire", folder / "data.zip"), "data")


_STATUTES = ["Query_doc.txt", "relevance_judgments_statutes.txt", "Object_statutes/S1.txt"]
_zipped("aila.zip", seeds.AILA, [f"release/{name}" for name in _STATUTES], _aila)
_zipped("casedocs.zip", seeds.AILA, ["release/relevance_judgments_priorcases.txt"], _casedocs)


@_reader("sections.gz", "sections.jsonl.gz", seeds.SECTIONS, wrap=seeds.gzipped)
def _(folder: Path) -> Any:
    from lexfit.corpus.acts.sections import choose_sections, read_sections

    file = folder / "sections.jsonl.gz"
    return choose_sections(read_sections(file.read_bytes(), str(file)), None, 1, "data.train.acts")


@_reader(
    "acts",
    "acts.csv",
    b"act,names,decided_from,decided_until\nPenal Code,penal code|ipc,,1974\nPolice Act,police act,1950,\n",
)
def _(folder: Path) -> Any:
    from lexfit.corpus.citations.acts import load_acts

    return load_acts(folder / "acts.csv")


@_reader("situations", "situations.jsonl", seeds.SITUATIONS)
def _(folder: Path) -> Any:
    from lexfit.corpus.sources import load

    return load(task_source("constitution", folder / "situations.jsonl"))


def _examples() -> bytes:
    from lexfit.demo.examples import CHOSEN

    line = '{{"id": "{}", "text": "He was held.", "articles": [22], "split": "test"}}\n'
    return "".join(line.format(key) for key in CHOSEN).encode()


@_reader("examples", "situations.jsonl", _examples, others={"data/pairs/train/queries.jsonl": b'{"text": "a"}\n'})
def _(folder: Path) -> Any:
    from lexfit.demo.examples import examples

    with _inside(folder):
        return examples("constitution", Path("situations.jsonl"))


def _columns(ending: str, seed: bytes | Callable[[], bytes]) -> None:
    @_reader(f"columns.{ending}", f"pairs.{ending}", seed)
    def _(folder: Path) -> Any:
        from lexfit.corpus.sources.columns import load

        chosen = {"query_column": "query", "positive_column": "positive", "negative_columns": ["negative"]}
        given = source("columns", folder / f"pairs.{ending}", config=None, title_column=None, **chosen)
        return load(given, "data.train.pairs")


_columns("csv", seeds.TABLE)
_columns("tsv", seeds.TABLE.replace(b",", b"\t"))
_columns("jsonl", seeds.PAIRS)
_columns("parquet", seeds.parquet)

WRITTEN = {
    "data/synthetic/own/queries.jsonl": b'{"id": "d1/1", "document": "d1", "text": "He robbed.", "rank": 1}\n',
    "data/synthetic/own/documents.jsonl": b'{"id": "d1", "title": "Robbery", "text": "Whoever robs."}\n',
    "data/synthetic/own/facts.json": b'{"source": "synthetic", "dropped": {"queries": {"short": 1}}}',
}


def _synthetic(folder: Path) -> Any:
    from lexfit.corpus.sources.synthetic import load

    with _inside(folder):
        return load(source("synthetic", None), "data.train.own")


_each("synthetic", WRITTEN, _synthetic, names=("data/synthetic/own", "data.train.own"))


@_reader("run", "run.tsv", b"query_id\tdoc_id\trank\tscore\nq1\td1\t1\t0.5\nq1\td2\t2\t0.25\n")
def _(folder: Path) -> Any:
    from lexfit.evaluation.runs import read_run

    return read_run(folder / "run.tsv")


def _trec(folder: Path) -> Any:
    from lexfit.evaluation.trec import evaluate, read_trec_run

    return evaluate(read_trec_run(folder / "my.run"), {"AILA_Q7": {"S90": 1}})


TREC = b"q7 Q0 90 1 0.5 tag\nq7 Q0 91 2 0.25 tag\n"
_reader("trec", "my.run", TREC)(_trec)
_reader("trec.gz", "my.run", TREC, wrap=seeds.gzipped)(_trec)


@_reader("retention", "scores.tsv", b'task\tquery_id\tndcg_at_10\ndocstrings\ta"b\t0.5\ndocstrings\tc\t1.0\n')
def _(folder: Path) -> Any:
    from lexfit.evaluation.retention import read_scores

    return read_scores(folder / "scores.tsv")


@_reader(
    "nested",
    "nested.tsv",
    b"epochs\tinterpolation\tquery_id\tfold\talso_excluded\tndcg_at_10\n1\t0.5\tq1\t0\t-\t0.25\n1\t0.5\tq1\t0\t1\t0.5\n",
)
def _(folder: Path) -> Any:
    from lexfit.io import read_text
    from lexfit.selection.folds import from_text

    return from_text(read_text(folder / "nested.tsv"), str(folder / "nested.tsv"))


@_reader("figure", "training.tsv", b"step\tloss\n1\t0.5\n2\t0.25\n")
def _(folder: Path) -> Any:
    from lexfit.reporting.figures import read_table

    return read_table(folder / "training.tsv")


@_reader("scores", "scores.json", seeds.as_json(seeds.SCORES))
def _(folder: Path) -> Any:
    from lexfit.reporting.table import summary_table

    return summary_table(folder / "scores.json")


PUBLISHED = b"model,parameters,ndcg_at_10,label,basis\norg/one,1M,0.5,clean,declared\norg/two,2M,0.25,unknown,none\n"


@_reader("published", "data/sources/aila/published.csv", PUBLISHED)
def _(folder: Path) -> Any:
    from lexfit.reporting.compare_page import QUERIES, published_scores

    with _inside(folder):
        return published_scores("aila", QUERIES)


SYSTEM = {
    "params.yaml": b"data:\n  source: aila\nprotocol:\n  name: zero_shot\ncrossval:\n  folds: [0, 1]\nseed: 1\n",
    "reports/plots/per_query_gain.tsv": b"query_id\tuntrained\tfinetuned\tgain\nq1\t0.25\t0.5\t0.25\n",
    "reports/metrics.json": b'{"claim": {"finetuned_ndcg_at_10": 0.5}}',
}


def _system(folder: Path) -> Any:
    from lexfit.reporting.systems import find_system

    with _inside(folder):
        found = find_system("workspace")
        return found.rankings


_each("system", SYSTEM, _system, names=("workspace",))


def _results() -> dict[str, bytes]:
    folder = f"data/mteb_results/mteb/results/lexfit__x/{seeds.REVISION}"
    meta = {"name": "lexfit/lexfit-all-minilm-l6-v2-constitution-holdout", "revision": seeds.REVISION}
    return {
        f"{folder}/model_meta.json": seeds.as_json(meta),
        f"{folder}/AILAStatutes.json": b'{"task_name": "AILAStatutes"}',
    }


def _result_files(folder: Path) -> Any:
    from lexfit.config import load_params
    from lexfit.publishing.finished_run import result_files
    from tests.conftest import REPO

    with _inside(folder):
        return result_files(load_params(REPO / "params.yaml"))


_MODEL = {"data/model/sentence_transformer/model.safetensors": seeds.WEIGHTS}
for _name, _seed in _results().items():
    _rest = {k: v for k, v in _results().items() if k != _name} | _MODEL
    _reader(f"results/{Path(_name).name}", _name, _seed, others=_rest, names=("data/mteb_results",), slow=True)(
        _result_files
    )


@_reader("card", "model_card.md", seeds.CARD)
def _(folder: Path) -> Any:
    from lexfit.io import read_text
    from lexfit.publishing.consistency import check_card

    return check_card(read_text(folder / "model_card.md"))


REPORT = {
    "params.yaml": b"seed: 1\nruntime:\n  device: cpu\n",
    "metrics.json": b'{"claim": {"gain": 0.5}}',
    "table.tsv": b"query_id\tgain\nq1\t0.5\n",
}


def _report(folder: Path) -> Any:
    from lexfit.report.ledger import Ledger

    ledger = Ledger()
    return (
        ledger.params(folder / "params.yaml"),
        ledger.json(folder / "metrics.json"),
        ledger.rows(folder / "table.tsv"),
    )


_each("report", REPORT, _report)


def _cost(folder: Path) -> Any:
    from lexfit.reporting.cost import record_cost

    with _inside(folder):
        return record_cost()


TIMING = {"logs/timings.jsonl": b'{"stage": "raw", "seconds": 2.5, "peak_mib": 90, "energy_from": ["RAPL"]}\n'}
_each("timings", TIMING, _cost, whole=_MODEL)
_reader("cost", "reports/cost.json", b'{"weights_sha256": "0123", "stages": {}}', others={**TIMING, **_MODEL})(_cost)


@_reader("remembered", "a.json", b'{"sha256": "0123", "value": [["a", 0.5]]}', slow=True)
def _(folder: Path) -> Any:
    from lexfit.cache import remembered

    with _inside(folder):
        remembered("things", "key", lambda: 1)
        (kept,) = (folder / "cache/things").iterdir()
        kept.write_bytes((folder / "a.json").read_bytes())
        if remembered("things", "key", lambda: 1) != 1:
            raise AssertionError("a damaged value was believed")


def _documents() -> dict[str, bytes]:
    raw = {f"data/raw/task/{name}": data for name, data in COLLECTION.items()}
    record = b'{"id": "d0", "role": "candidate", "text": "Whoever robs.", "passages": ["Whoever robs."]}\n'
    return {**raw, "data/pairs/eval/documents.jsonl": record}


@_reader(
    "statutes",
    "data/pairs/eval/documents.jsonl",
    _documents()["data/pairs/eval/documents.jsonl"],
    others={k: v for k, v in _documents().items() if k != "data/pairs/eval/documents.jsonl"},
)
def _(folder: Path) -> Any:
    from lexfit.search.ranking import read_statutes

    with _inside(folder):
        return read_statutes("none")


@_reader("gguf", "tiny.gguf", seeds.gguf)
def _(folder: Path) -> Any:
    from gguf import GGUFReader

    from lexfit.gguf_header import check_header
    from lexfit.training.gguf import DAMAGED

    file = folder / "tiny.gguf"
    check_header(file, str(file))
    with contextlib.suppress(*DAMAGED):  # as `plain_folder` does, which says so
        return GGUFReader(file)


@_reader("safetensors", "model.safetensors", seeds.weights)
def _(folder: Path) -> Any:
    from lexfit.publishing.safe_files import metadata_of

    return metadata_of(folder / "model.safetensors")


MODEL = {
    "config.json": b'{"model_type": "bert", "vocab_size": 8, "hidden_size": 4, "num_hidden_layers": 2}',
    "modules.json": b'[{"type": "sentence_transformers.models.Transformer", "path": ""}]',
    "model.safetensors.index.json": b'{"weight_map": {"a": "model.safetensors"}}',
}


def _model(folder: Path) -> Any:
    from lexfit.model_checks import check_model_folder

    return check_model_folder(folder, code=False)


_each("model", MODEL, _model, whole={"model.safetensors": seeds.weights()})
