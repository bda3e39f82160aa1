"""A cross-encoder: loading, and the reordering of a ranking's head by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.evaluation.runs import order
from lexfit.model_checks import safe_loading
from lexfit.model_files import gguf_parts, model_folder
from lexfit.training.windows import query_windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sentence_transformers import CrossEncoder

    from lexfit.config import HardwareParams, RuntimeParams
    from lexfit.config_second_stage import RerankerParams
    from lexfit.evaluation.runs import Run

SCORING_HEADS = {"classifier", "score", "pre_classifier"}  # by architecture; a base model has none


def load_reranker(params: RerankerParams, hardware: HardwareParams, runtime: RuntimeParams) -> CrossEncoder:
    """The base model under a scoring head; a fresh head has the weights that the seed gives.

    Args:
        params: Model and length.
        hardware: Attention kernel.
        runtime: The device.

    Raises:
        LexfitError: The model can't be had, scores more than one label, or is a GGUF file.
    """
    from sentence_transformers import CrossEncoder  # noqa: PLC0415

    from lexfit.training.base_models import check_device  # noqa: PLC0415

    model = params.model
    if gguf_parts(model):
        raise LexfitError(
            "params.yaml: second_stage.rerankers",
            f"{model.gguf_file} is a GGUF file, which cross-encoders can't be made from",
            "Choose a model with safetensors, such as `-S reranker@second_stage.rerankers.reranker=all-minilm-l6-v2`",
        )
    folder = model_folder(model)
    revision = {} if folder is not None else {"revision": model.revision}
    attention = {} if hardware.attention == "auto" else {"attn_implementation": hardware.attention}
    with safe_loading(
        folder,
        "params.yaml: second_stage.rerankers",
        f"{model.hub_id} at revision {model.revision} can't be loaded as a cross-encoder",
        "Choose another model of conf/reranker, or download it where there is a network and set its model.path",
        code=model.trust_remote_code,
        heads=SCORING_HEADS,
    ):
        loaded = CrossEncoder(
            str(folder) if folder is not None else model.hub_id,
            device=check_device(runtime),
            num_labels=1,
            max_length=params.max_length,
            trust_remote_code=model.trust_remote_code,
            model_kwargs={"use_safetensors": True, "dtype": "float32", **attention},
            **revision,
        )
    loaded.max_seq_length = params.max_length
    config, tokenizer = loaded[0].model.config, loaded.tokenizer
    if tokenizer.pad_token is None:  # padding is masked, so any token serves
        tokenizer.pad_token = tokenizer.eos_token
    if config.pad_token_id is None:  # decoders score the last token that is no padding
        config.pad_token_id = tokenizer.pad_token_id
    score_by_yes_and_no(loaded)
    return loaded


def score_by_yes_and_no(model: CrossEncoder) -> None:
    """Let a language model score a pair by the logits of yes and no, unless it says by which words itself.

    sentence-transformers takes token 0 for both where a model doesn't say, and every score is 0 then.
    """
    from sentence_transformers.cross_encoder.modules import LogitScore  # noqa: PLC0415

    for module in model:
        if isinstance(module, LogitScore) and module.true_token_id == module.false_token_id:
            yes, no = (model.tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in ("yes", "no"))
            module.true_token_id, module.false_token_id = yes, no


def rerank(
    model: CrossEncoder,
    queries: Mapping[str, str],
    passages: Mapping[str, Sequence[str]],
    candidates: Run,
    params: RerankerParams,
    *,
    depth: int,
    batch_size: int,
) -> Run:
    """Scores of the first `depth` documents of each query's ranking; other documents get none.

    A long statute's score is that of its best passage (MaxP; Dai and Callan 2019, arXiv 1905.09217), and a long
    query's that of its best window.

    Args:
        model: Reads (query, document) pairs.
        queries: Text by query id.
        passages: Passages by document id.
        candidates: The first stage's scores.
        params: Windows of a query.
        depth: How many documents are read for a query.
        batch_size: Pairs read at once.

    Returns:
        Logits, higher is better.
    """
    from torch import nn  # noqa: PLC0415

    pairs: list[tuple[str, str]] = []
    owners: list[tuple[str, str]] = []
    for query_id, text in queries.items():
        windows = query_windows(text, params.windows, params.window_words)
        for document in order(candidates[query_id])[:depth]:
            for window in windows:
                for passage in passages[document]:
                    pairs.append((window, passage))
                    owners.append((query_id, document))
    scores = model.predict(pairs, batch_size=batch_size, activation_fn=nn.Identity(), show_progress_bar=False)
    run: Run = {query_id: {} for query_id in queries}
    for (query_id, document), score in zip(owners, scores.tolist(), strict=True):
        best = run[query_id].get(document)
        if best is None or score > best:
            run[query_id][document] = score
    return run
