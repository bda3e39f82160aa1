"""What the page says of the model: its protocol and its claim, with intervals, from the run's files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lexfit.config import Params

NAMES = {"constitution": ("Article", "articles of the Constitution of India")}


@dataclass(frozen=True)
class About:
    """What is known of the model and its statutes, as plain values, so that a Space has them as JSON.

    `label` says what the model on the page had seen of the task's queries, `clean` whether that leaves its score clean;
    `claim` is scores.json's, or None where the protocol claims nothing; `part` is what was evaluated where that wasn't
    all; `corpus` is from the statutes' source.json; `noun` is what a statute's id is the number of, if anything, and
    `statutes` what they are called together.
    """

    model: str
    base: str
    licence: str
    task: str
    protocol: str
    seed: int
    label: str
    clean: bool
    confidence: float
    claim: dict[str, Any] | None
    part: dict[str, Any] | None
    corpus: dict[str, Any]
    noun: str
    statutes: str

    def claim_line(self) -> str:
        """The claim in a sentence, or why there is none."""
        if self.claim is None:
            return f"No score is claimed: {self.label}."
        gain = self.claim["gain"]
        means = {name: f"{block['ndcg_at_10']:.3f}" for name, block in self.claim["methods"].items()}
        tuned = self.claim["methods"]["finetuned"]
        return (
            f"nDCG@10 on {self.claim['queries']} queries of {self.task} ({self.claim['label']}): "
            f"fine-tuned {means['finetuned']} ({100 * self.confidence:g} % interval {tuned['low']:.3f} to "
            f"{tuned['high']:.3f}), base {means['untrained']}, BM25 {means['bm25']}. "
            f"Paired gain over the base {gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})."
        )

    def caution(self) -> str:
        """What else has to be said of the score, if anything: a drawn part, or a model that had seen the queries."""
        said = []
        if self.part is not None:
            said.append(f"Scored on a drawn part, {self.part['queries']} of {self.part['of_queries']} queries.")
        if self.claim is not None and not self.clean:
            said.append(f"On all of the task's queries the model on this page is {self.label}.")
        return " ".join(said)


def about(params: Params, scores: dict[str, Any], corpus: dict[str, Any]) -> About:
    """What a run's files say.

    Args:
        params: All of params.yaml.
        scores: data/mteb_results/scores.json.
        corpus: data/raw/task/source.json.
    """
    noun, statutes = NAMES.get(corpus["source"], ("", f"statutes of {scores['mteb']['task']}"))
    return About(
        model=params.card.name,
        base=params.model.hub_id,
        licence=params.card.license,
        task=scores["mteb"]["task"],
        protocol=scores["protocol"],
        seed=scores["seed"],
        label=scores["mteb"]["label"],
        clean=scores["mteb"]["clean"],
        confidence=params.evaluation.confidence,
        claim=scores["claim"],
        part=scores["part"],
        corpus={key: corpus[key] for key in ("source", "address", "revision", "license")},
        noun=noun,
        statutes=statutes,
    )
