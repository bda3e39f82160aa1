"""The model card: front matter through huggingface_hub, text from a template, every figure from the run's files."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from jinja2 import Environment, StrictUndefined

from lexfit.publishing.licences import conflicts, licence_of, licence_table, materials_of
from lexfit.reporting.table import NAMES, gain_line

if TYPE_CHECKING:
    from lexfit.config import Params

HUB_DATASETS = {"aila": "mteb/AILA_statutes", "aila_fire": "mteb/AILA_statutes"}


def eval_results(scores: dict[str, Any], params: Params) -> list[EvalResult]:
    """The scores that the card declares: the protocol's claim, and mteb's with its label; none of a drawn part."""
    if scores["part"] is not None:
        return []
    task, protocol = scores["mteb"]["task"], scores["protocol"]
    address = HUB_DATASETS.get(params.data.source, params.data.hub_id or params.data.source)
    common: dict[str, Any] = {"task_type": "retrieval", "dataset_type": address, "metric_type": "ndcg_at_10"}
    label = "clean" if scores["mteb"]["clean"] else "contaminated"
    results = [
        EvalResult(
            **common,
            dataset_name=f"{'MTEB ' if task == 'AILAStatutes' else ''}{task} ({label}, protocol {protocol})",
            dataset_revision=params.data.revision,
            dataset_split="test",
            metric_name="nDCG@10 as mteb scores it",
            metric_value=scores["mteb"]["methods"]["finetuned"]["ndcg_at_10"],
        )
    ]
    if scores["claim"] is not None:
        results.append(
            EvalResult(
                **common,
                dataset_name=f"{task}, protocol {protocol}, {scores['claim']['queries']} queries",
                dataset_split="out-of-fold" if protocol == "kfold" else "held-out",
                metric_name="nDCG@10 on queries the model never saw",
                metric_value=scores["claim"]["methods"]["finetuned"]["ndcg_at_10"],
            )
        )
    return results


def card_data(scores: dict[str, Any], params: Params) -> ModelCardData:
    """The front matter."""
    sources = [params.data, *params.data.train.values()]
    datasets = sorted({HUB_DATASETS.get(s.source, s.hub_id or "") for s in sources} - {""})
    return ModelCardData(
        language=params.card.language,
        license=licence_of(params.card.license).id,
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        base_model=params.model.hub_id,
        datasets=datasets or None,
        tags=[
            "sentence-transformers",
            "feature-extraction",
            "legal",
            "statute-retrieval",
            "mteb",
            f"protocol:{scores['protocol']}",
        ],
        model_name=params.card.name,
        eval_results=eval_results(scores, params) or None,
    )


def method_table(
    block: dict[str, Any], measures: tuple[str, ...] = ("map", "recip_rank", "p_at_10", "recall_at_10")
) -> str:
    """A Markdown table of methods."""
    shown = [m for m in (*measures, "bpref") if m in next(iter(block["methods"].values()))]
    lines = [
        "| method | nDCG@10 | 95 % interval | " + " | ".join(shown) + " |",
        "|---|---|---|" + "---|" * len(shown),
    ]
    for name, title in NAMES.items():
        m = block["methods"][name]
        cells = " | ".join(f"{m[measure]:.4f}" for measure in shown)
        lines.append(f"| {title} | {m['ndcg_at_10']:.5f} | {m['low']:.4f} to {m['high']:.4f} | {cells} |")
    return "\n".join(lines)


def render_card(params: Params, facts: dict[str, Any]) -> str:
    """The whole card.

    Args:
        params: All of params.yaml.
        facts: `scores` (data/mteb_results/scores.json), `sources` (source.json by name), `clean`, `pairs`,
            `negatives`, `model`, `exports` (the stages' summaries), `speeds` (reports/exports_speed.json), `audit`
            (reports/audit.json), `commit` and `hashes`.

    Raises:
        jinja2.UndefinedError: A fact is missing; nothing is left blank.
    """
    text = (resources.files("lexfit.publishing") / "card.md.j2").read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    scores = facts["scores"]
    body = environment.from_string(text).render(
        **facts,
        params=params,
        method_table=method_table,
        gain_line=gain_line,
        licence_rows=licence_table(params),
        conflicts=conflicts(params.card.license, materials_of(params)),
        method_names=NAMES,
    )
    return str(ModelCard(f"---\n{card_data(scores, params).to_yaml()}\n---\n\n{body}")).rstrip() + "\n"
