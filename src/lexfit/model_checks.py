"""Model folders that are safe to load: no pickle, no code, and weights that are whole and fit their configuration."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

UNSAFE = {
    "holds pickled objects, which run code when they are loaded": {
        *(".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz"),
    },
    "is code": {".py", ".pyc", ".so", ".dll", ".dylib", ".sh"},
}
OWN_MODULES = "sentence_transformers."
FLOATS = {"F64", "F32", "F16", "BF16"}
INDEX = ".safetensors.index.json"
# Keys of a configuration that are a side of some tensor: a larger value would fill the memory with random weights.
SIDES = ("vocab_size", "hidden_size", "intermediate_size")
LAYER = re.compile(r"^(.*?)\.\d+\.")
POOLER = "pooler"  # which no pooling here reads
Shapes = dict[str, tuple[str, tuple[int, ...]]]


def unsafe(path: PurePosixPath) -> str | None:
    """Why loading a file could run code, or `None`."""
    return next((why for why, suffixes in UNSAFE.items() if path.suffix.lower() in suffixes), None)


def keys_of(value: Any) -> Iterator[str]:
    """Keys of a JSON value at every depth."""
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys_of(inner)


def asks_for_code(files: Iterable[Path]) -> tuple[Path, str] | None:
    """The first configuration that has code loaded from its folder, and how: `auto_map`, or foreign modules.

    Raises:
        LexfitError: A configuration is malformed.
    """
    for file in files:
        if file.name.endswith("config.json") and "auto_map" in set(keys_of(read_json(file))):
            return file, "asks for custom code (`auto_map`)"
        if file.name == "modules.json":
            with explained_contents(str(file), "It must be a list of modules with `type` and `path`"):
                kinds = [module["type"] for module in read_json(file)]
                foreign = [kind for kind in kinds if not kind.startswith(OWN_MODULES)]
            if foreign:
                return file, f"has modules of custom code: {', '.join(foreign)}"
    return None


def shapes_of(file: Path, remedy: str) -> tuple[Shapes, dict[str, str]]:
    """Type and shape of each tensor of a safetensors file, and the text that it carries beside them.

    Raises:
        LexfitError: The file isn't one, is cut off, has overlapping tensors or none.
    """
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415

    try:
        with safe_open(file, framework="numpy") as opened:
            slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118  (no mapping)
            shapes = {name: (str(part.get_dtype()), tuple(part.get_shape())) for name, part in slices.items()}
            metadata = dict(opened.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise LexfitError(str(file), f"isn't a safetensors file ({error})", remedy) from error
    if not shapes:
        raise LexfitError(str(file), "holds no tensor", remedy)
    return shapes, metadata


def check_model_folder(folder: Path, *, code: bool) -> None:
    """Raise `LexfitError` for a folder whose loading could run code, or whose files can't be what they say.

    Args:
        folder: Of transformers or sentence-transformers, with subfolders for modules.
        code: Whether its code is trusted (`model.trust_remote_code`).
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for file in files:
        why = unsafe(PurePosixPath(file.name))
        graph = file.suffix == ".bin" and file.with_suffix(".xml").exists()  # OpenVINO's weights
        if why is not None and not graph and not (code and why == "is code"):
            raise LexfitError(
                str(file),
                why,
                "Delete it if safetensors lie beside it, which alone are loaded; else convert it where that is safe",
            )
    asked = None if code else asks_for_code(files)
    if asked is not None:
        remedy = "Read that code, and trust it with `-S model.trust_remote_code=true`, or use another model"
        raise LexfitError(str(asked[0]), asked[1], remedy)
    for parent in sorted({file.parent for file in files if file.suffix == ".safetensors"}):
        _check_weights(parent)


def _check_weights(folder: Path) -> None:
    """Check a folder's safetensors, alone and against the configuration beside them."""
    remedy = "Fetch the model anew"
    shapes: Shapes = {}
    for file in sorted(folder.glob("*.safetensors")):
        shapes |= shapes_of(file, remedy)[0]
    for file in sorted(folder.glob(f"*{INDEX}")):
        with explained_contents(str(file), remedy):
            named = {str(name) for name in read_json(file)["weight_map"].values()}
            absent = sorted(named - {path.name for path in folder.iterdir() if path.is_file()})
        if absent:
            raise LexfitError(str(file), f"names {absent[0]!r}, which is no file beside it", remedy)
    config = folder / "config.json"
    if not config.is_file():
        return
    with explained_contents(str(config), remedy):
        known = dict(read_json(config))
        _check_sizes(known, shapes, str(config))


def _check_sizes(config: dict[str, Any], shapes: Shapes, where: str) -> None:
    """Refuse sizes that no tensor has, and weights that aren't floating point numbers."""
    remedy = "Fetch the model anew: configuration and weights are of two models"
    largest = max((max(shape, default=0) for _, shape in shapes.values()), default=0)
    limits = dict.fromkeys(SIDES, largest) | {"num_hidden_layers": len(shapes)}
    rows = [shape[0] for name, (_, shape) in shapes.items() if name.endswith("position_embeddings.weight")]
    if rows:
        limits["max_position_embeddings"] = max(rows)
    for key, limit in limits.items():
        if key in config and not 0 < int(config[key]) <= limit:
            raise LexfitError(f"{where}: {key}", f"is {config[key]}, and the weights allow {limit} at most", remedy)
    if "quantization_config" in config:
        return
    for name, (kind, _) in shapes.items():
        if name.endswith((".weight", ".bias")) and kind not in FLOATS:
            raise LexfitError(where, f"{name} of the weights is of type {kind}, no floating point number", remedy)


@contextmanager
def whole_weights(heads: Collection[str] = ()) -> Iterator[None]:
    """Refuse, inside the block, every model that would be loaded with weights that its files don't hold.

    transformers draws missing weights at random, leaves surplus layers out, and only logs both; sentence-transformers
    doesn't pass that report on. So it is read where transformers gives it.

    Args:
        heads: Modules that may be fresh, since they are trained or checked apart.

    Raises:
        LexfitError: In the block, by what loads a model.
    """
    from transformers import PreTrainedModel  # noqa: PLC0415  (torch)

    original = vars(PreTrainedModel)["from_pretrained"]

    def checked(cls: Any, pretrained_model_name_or_path: Any, *args: Any, **kwargs: Any) -> Any:
        wanted = kwargs.pop("output_loading_info", False)
        options = kwargs | {"output_loading_info": True, "ignore_mismatched_sizes": True}
        model, report = original.__func__(cls, pretrained_model_name_or_path, *args, **options)
        check_report(model, report, str(pretrained_model_name_or_path), {POOLER, *heads})
        return (model, report) if wanted else model

    PreTrainedModel.from_pretrained = classmethod(checked)
    try:
        yield
    finally:
        PreTrainedModel.from_pretrained = original


def check_report(model: Any, report: dict[str, Any], address: str, fresh: Collection[str]) -> None:
    """Raise `LexfitError` where transformers made weights up or left some out.

    Args:
        model: As it was loaded.
        report: transformers' loading information.
        address: The model's folder or its name on the Hub.
        fresh: Modules that may lack weights.
    """
    remedy = "Fetch the model anew, or name the configuration that belongs to these weights"
    for name, found, expected in sorted(report["mismatched_keys"]):
        problem = f"its weight {name} has shape {list(found)}, and the configuration asks for {list(expected)}"
        raise LexfitError(address, problem, remedy)
    missing = sorted(name for name in report["missing_keys"] if not {*fresh} & {*name.split(".")})
    if missing:
        raise LexfitError(address, f"lacks {len(missing)} weights, {missing[0]} among them", remedy)
    prefix = f"{model.base_model_prefix}."
    own = {_layers(name.removeprefix(prefix)) for name in model.state_dict()} - {None}
    surplus = sorted(name for name in report["unexpected_keys"] if _layers(name.removeprefix(prefix)) in own)
    if surplus:
        problem = f"has {len(surplus)} weights in its layers that the architecture doesn't, {surplus[0]} among them"
        raise LexfitError(address, problem, remedy)


@contextmanager
def safe_loading(
    folder: Path | None, where: str, problem: str, remedy: str, *, code: bool, heads: Collection[str] = ()
) -> Iterator[None]:
    """Check a model's folder, and turn whatever goes wrong in loading it into a `LexfitError`.

    Args:
        folder: The model's; None if it is on the Hub.
        where: The params key that names it.
        problem: What it means for the user.
        remedy: What to do about it.
        code: Whether its code is trusted (`model.trust_remote_code`).
        heads: Of `whole_weights`.
    """
    if folder is not None:
        check_model_folder(folder, code=code)
    try:
        with whole_weights(heads):
            yield
    except LexfitError as error:
        raise LexfitError(f"{where} ({error.where})", error.problem, error.remedy) from error
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise LexfitError(where, f"{problem}: {first}", remedy) from error


def _layers(name: str) -> str | None:
    found = LAYER.match(name)
    return found[1] if found else None
