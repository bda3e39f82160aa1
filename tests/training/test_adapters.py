"""What trains is what was asked for, and a merged adapter gives the trained model's vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.training.adapters import attach, merge_adapter, save_adapter
from lexfit.training.layers import count_parameters, find_layers

TEXTS = ["The appellant was dismissed.", "A tax on the entry of goods into a local area.", "murder"]


def load(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu")


def test_top_layers_leave_the_rest_frozen(tiny_model: Path, make_params: Callable[..., Params]) -> None:
    model = load(tiny_model)
    assert len(find_layers(model)) == 2
    attach(model, make_params("adapter.top_layers=1").adapter)
    trains = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trains
    assert all("layer.1." in name or "pooler" in name for name in trains)


def test_more_layers_than_there_are_is_an_error(tiny_model: Path, make_params: Callable[..., Params]) -> None:
    for kind in ("top2", "lora"):
        with pytest.raises(LexfitError, match=r"adapter\.top_layers: is 9, the model has 2"):
            attach(load(tiny_model), make_params(f"adapter={kind}", "adapter.top_layers=9").adapter)


def test_unknown_target_modules_name_the_remedy(tiny_model: Path, make_params: Callable[..., Params]) -> None:
    with pytest.raises(LexfitError, match="all-linear"):
        attach(load(tiny_model), make_params("adapter=lora", "adapter.target_modules=[q_proj]").adapter)


@pytest.mark.parametrize("modules", ["[query,key,value,dense]", "[all-linear]"])
def test_trained_adapter_merged_and_reloaded_give_the_same_vectors(
    tiny_model: Path, make_params: Callable[..., Params], tmp_path: Path, modules: str
) -> None:
    model = load(tiny_model)
    before = model.encode(TEXTS)
    attach(model, make_params("adapter=lora", f"adapter.target_modules={modules}").adapter)
    trainable, total = count_parameters(model.parameters())
    assert 0 < trainable < total
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    model.eval()
    trained = model.encode(TEXTS)
    assert np.abs(trained - before).max() > 1e-2
    save_adapter(model, tmp_path / "adapter")
    assert (tmp_path / "adapter/adapter_model.safetensors").exists()
    merged = merge_adapter(load(tiny_model), tmp_path / "adapter")
    np.testing.assert_allclose(merged.encode(TEXTS), trained, atol=1e-5)
    merged.save_pretrained(str(tmp_path / "plain"), create_model_card=False)
    np.testing.assert_array_equal(load(tmp_path / "plain").encode(TEXTS), merged.encode(TEXTS))
