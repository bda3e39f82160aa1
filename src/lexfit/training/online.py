"""What looks at the model while it trains: mining anew every few steps, and the inner fold's score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentence_transformers.sentence_transformer.evaluation import SentenceEvaluator
from transformers import TrainerCallback

from lexfit.evaluation.trec import evaluate, mean
from lexfit.negatives.mining import negative_weight, rank_candidates
from lexfit.training.processes import agree

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from lexfit.config import NegativesParams
    from lexfit.training.batches import TrainingData
    from lexfit.training.text_loss import TextLoss

METRIC = "inner_ndcg_at_10"


def mine_by_model(loss: TextLoss, data: TrainingData, params: NegativesParams) -> list[list[tuple[int, float]]]:
    """Hard negatives by the model as it is, for each query, by the ranks and margins of the negatives stage."""
    picker = data.picker()
    scores = loss.scores()
    mined = []
    for row, text in enumerate(data.query_texts):
        own = [c for c, source in enumerate(data.doc_sources) if source == data.query_sources[row]]
        by_id = {data.doc_ids[c]: float(scores[row, c]) for c in own}
        kept, _ = rank_candidates(by_id, {data.doc_ids[c] for c in data.positives[row]}, params)
        best = list(kept)[: params.per_query]
        weights = [negative_weight(params.weighting, rank, len(best)) for rank in range(1, len(best) + 1)]
        mined.append([(picker.pick(text, d), w) for d, w in zip(best, weights, strict=True)])
    return mined


class RemineCallback(TrainerCallback):
    """Replaces the negatives after every `every` steps by those that the current model confuses most.

    Online hard negatives in the manner of ANCE (Xiong et al. 2021, arXiv 2007.00808), without its asynchrony.
    """

    def __init__(self, loss: TextLoss, data: TrainingData, params: NegativesParams, every: int) -> None:
        self._loss, self._data, self._params, self._every = loss, data, params, every

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Mine after the step's update, before a checkpoint is written."""
        del args, control, kwargs
        if state.global_step % self._every == 0 and state.global_step < state.max_steps:
            self._loss.negatives.replace(mine_by_model(self._loss, self._data, self._params))
            agree([self._loss.negatives.passages, self._loss.negatives.weights])


class InnerEvaluator(SentenceEvaluator):
    """nDCG@10 of the inner fold's queries over the documents of their source, through trec_eval."""

    def __init__(self, loss: TextLoss, data: TrainingData) -> None:
        super().__init__()
        self.primary_metric = METRIC
        self._loss, self._data = loss, data

    def __call__(
        self, model: Any, output_path: str | None = None, epoch: float = -1, steps: int = -1
    ) -> dict[str, float]:
        """The mean score."""
        del model, output_path, epoch, steps
        return {METRIC: mean(evaluate(*inner_run(self._loss, self._data)), "ndcg_at_10")}


def inner_run(loss: TextLoss, data: TrainingData) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, int]]]:
    """Run and judgements of the queries that are held back for early stopping."""
    scores = loss.scores()
    run, qrels = {}, {}
    for row in data.inner:
        own = [c for c, source in enumerate(data.doc_sources) if source == data.query_sources[row]]
        run[data.query_ids[row]] = {data.doc_ids[c]: float(scores[row, c]) for c in own}
        qrels[data.query_ids[row]] = {data.doc_ids[c]: 1 for c in data.positives[row]}
    return run, qrels
