"""Base models from GGUF files: dequantised once, then a plain transformers folder in lexfit's cache.

transformers can't quantise anew what it loads from GGUF. From the plain folder a model loads, trains in 4 bits or in
full, merges and saves like any other.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lexfit.cache import cache_folder, digest, is_whole, mark_whole
from lexfit.errors import LexfitError, explained_disk_errors
from lexfit.gguf_header import REMEDY, check_header
from lexfit.model_checks import whole_weights
from lexfit.model_files import joined_sha256

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# What the gguf package and transformers raise for contents that they don't expect.
DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)


def plain_folder(parts: list[Path]) -> Path:
    """The folder made from a GGUF file: config, float32 safetensors, tokenizer; written whole or not at all.

    Args:
        parts: The file, or what it is cut into, in order (see `lexfit.model_files.gguf_parts`).

    Raises:
        LexfitError: It is no GGUF file that transformers reads right.
    """
    key = {
        "file": joined_sha256(parts),
        "transformers": version("transformers"),
        "code": hashlib.sha256(Path(__file__).read_bytes()).hexdigest(),
    }
    folder = cache_folder("gguf") / digest(key)
    if is_whole(folder):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with explained_disk_errors(folder), TemporaryDirectory(dir=folder.parent, prefix=".") as name:
        scratch = Path(name)
        file = parts[0] if len(parts) == 1 else join(parts, scratch / "model.gguf")
        try:
            check_header(file, str(parts[0]))
            with whole_weights():
                convert(file, scratch / "plain")
        except DAMAGED as error:
            raise LexfitError(
                str(parts[0]),
                f"this GGUF file can't be read: {str(error).rstrip('.') or type(error).__name__}",
                REMEDY,
            ) from error
        mark_whole(scratch / "plain")
        try:
            (scratch / "plain").rename(folder)
        except OSError:
            if not folder.exists():  # else another process was first, with the same bytes
                raise
    return folder


def join(parts: list[Path], file: Path) -> Path:
    """Write parts one after another into a file."""
    with file.open("wb") as stream:
        for part in parts:
            stream.write(part.read_bytes())
    return file


def convert(file: Path, folder: Path) -> None:
    """Save a GGUF file's weights in float32, so that each is what the file says, with config and tokenizer."""
    import torch  # noqa: PLC0415
    from transformers import AutoModel, AutoTokenizer, GgufConfig  # noqa: PLC0415

    source = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    # Without `dequantize` what is saved may still call itself quantised.
    plain = GgufConfig(dequantize=True)
    AutoModel.from_pretrained(**source, dtype=torch.float32, quantization_config=plain).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(**source)
    mend_splitting(tokenizer, file)
    tokenizer.save_pretrained(folder)


def mend_splitting(tokenizer: PreTrainedTokenizerBase, file: Path) -> None:
    """Split words as the tokenizer's training did, where transformers' conversion doesn't.

    Raises:
        LexfitError: How it did isn't known; GPT-2's way would give other tokens without a word.
    """
    from tokenizers import pre_tokenizers  # noqa: PLC0415
    from transformers.integrations.gguf.gguf_tokenizer_mapping import (  # noqa: PLC0415
        GGUF_PRE_TOKENIZER_SPLITS,
        get_gguf_tokenizer,
    )

    facts = get_gguf_tokenizer(str(file))[1]
    if facts["tokenizer_type"] != "gpt2":  # a SentencePiece vocabulary, which isn't split by a pattern
        return
    kind = facts.get("pre_tokenizer_type")
    if kind == "smollm":
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    elif kind not in {"gpt-2", *GGUF_PRE_TOKENIZER_SPLITS}:
        raise LexfitError(
            str(file), f"its tokenizer splits words in a way that isn't known here ({kind})", "Use the Hub's original"
        )
