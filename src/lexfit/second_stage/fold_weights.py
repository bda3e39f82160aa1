"""Tuned weights of the first stage's fold models, kept in lexfit's cache; and rankings by averages of them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.torch import load_file, save_file

from lexfit.cache import cache_folder, is_whole, mark_whole
from lexfit.evaluation.inputs import ranked_passages
from lexfit.second_stage.plan import name_of, ranked_queries
from lexfit.second_stage.soups import ingredients, mean_state
from lexfit.training.interpolation import interpolate

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from lexfit.config import Params
    from lexfit.evaluation.runs import Run
    from lexfit.training.phases import Records

logger = logging.getLogger(__name__)
PREFIX = "parameter/"
STATE = "trained.safetensors"


class FoldWeights:
    """Trains the first stage without some folds, on demand.

    Args:
        params: Of the last phase.
        records: Of the last phase.
    """

    def __init__(self, params: Params, records: Records) -> None:
        self._params, self._records = params, records
        self._kept: dict[frozenset[int], Path] = {}
        self._passages = ranked_passages(records["documents"], "task", params.clean.split)

    def state(self, excluded: frozenset[int]) -> dict[str, Tensor]:
        """What training changed, by parameter."""
        if excluded not in self._kept:
            self._kept[excluded] = self._train(excluded)
        found: dict[str, Tensor] = load_file(self._kept[excluded])
        return found

    def model(self, excluded: frozenset[int], share: float | None) -> SentenceTransformer:
        """The average of the models that saw none of these folds, at a share of the way from the base to it.

        With `share` None it is the model that was trained without these folds.
        """
        from lexfit.training.base_models import load_base_model, prepare_torch  # noqa: PLC0415

        params = self._params
        prepare_torch(params.hardware, params.seed)
        model = load_base_model(params.model, params.hardware, params.runtime)
        mixed = [excluded] if share is None else ingredients(excluded, params.crossval.folds)
        tuned = mean_state([self.state(one) for one in mixed])
        own = {f"{PREFIX}{name}": parameter for name, parameter in model.named_parameters()}
        base = {name: own[name].detach().cpu() for name in tuned}
        for name, value in interpolate(base, tuned, 1.0 if share is None else share).items():
            own[name].data.copy_(value)
        model.eval()
        return model

    def run(self, excluded: frozenset[int], share: float) -> Run:
        """The soup's ranking of the queries of these folds."""
        from lexfit.evaluation.dense import dense_run  # noqa: PLC0415

        queries = ranked_queries(self._records["queries"], excluded)
        options = (self._params.evaluation.batch_size, self._params.runtime.progress)
        return dense_run(self.model(excluded, share), queries, self._passages, *options)

    def _train(self, excluded: frozenset[int]) -> Path:
        from lexfit.training.batches import load_training_data  # noqa: PLC0415
        from lexfit.training.checkpoints import checkpoint_folder  # noqa: PLC0415
        from lexfit.training.trainer import fine_tune  # noqa: PLC0415

        params = self._params
        data = load_training_data(self._records, params.batches, set(excluded))
        name = f"{checkpoint_folder(params, data).name}-{params.train.interpolation}"
        folder = cache_folder("fold_weights") / name
        file = folder / STATE
        if not is_whole(folder):
            logger.info("training without %s", name_of(excluded))
            trained = fine_tune(params, data, Path(f"dvclive/soup-{name_of(excluded)}"))
            own = {f"{PREFIX}{n}": p for n, p in trained.model.named_parameters() if p.requires_grad}
            state = {name: parameter.detach().cpu().contiguous() for name, parameter in own.items()}
            folder.mkdir(parents=True, exist_ok=True)
            save_file(state, file)
            mark_whole(folder)
            trained.forget_checkpoints()
        return file
