"""What `lexfit compare` compares: a method of a finished run, in the workspace, a commit or a DVC experiment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lexfit.errors import LexfitError
from lexfit.io import read_text
from lexfit.reporting.comparison import METRICS, PER_QUERY
from lexfit.selection.experiments import commit_of, committed, list_experiments
from lexfit.selection.texts import object_of, params_of, scores_by_query
from lexfit.stages.common import BASELINE, CROSSVAL, RESULTS

WORKSPACE = "workspace"
METHODS = ("finetuned", "untrained", "bm25")


@dataclass(frozen=True)
class System:
    """A method's claimed nDCG@10 by query, and where its files are: a commit, or the workspace (None)."""

    name: str
    method: str
    commit: str | None
    params: dict[str, Any]
    per_query: dict[str, float]

    @property
    def rankings(self) -> list[Path]:
        """The runs that its scores come from."""
        if self.method != "finetuned":
            return [BASELINE / f"{self.method}.tsv"]
        if self.params["protocol"]["name"] == "kfold":
            return [CROSSVAL / f"fold-{fold}" / "run.tsv" for fold in self.params["crossval"]["folds"]]
        return [RESULTS / "run.tsv"]

    def output(self, path: Path) -> str:
        """The text of a pipeline's output as this run had it.

        Raises:
            LexfitError: It is neither in the workspace nor in DVC's cache.
        """
        if self.commit is None:
            return read_text(path)
        import dvc.api  # noqa: PLC0415  (half a second)
        from dvc.exceptions import DvcException  # noqa: PLC0415

        try:
            text: str = dvc.api.read(path.as_posix(), repo=".", rev=self.commit, encoding="utf-8")
        except (DvcException, OSError) as error:
            remedy = f"Fetch it with `git checkout {self.commit[:7]}` and `dvc pull`, or apply the experiment"
            raise LexfitError(f"{self.name}: {path}", "isn't in DVC's cache", remedy) from error
        return text


def find_system(name: str) -> System:
    """A system by its name: a DVC experiment, a commit or `workspace`, with `:untrained` or `:bm25` for a baseline.

    Raises:
        LexfitError: There is no such run or method, or the run has no scores or claims none.
    """
    run, _, method = name.partition(":")
    method = method or METHODS[0]
    if method not in METHODS:
        raise LexfitError(name, f"has no method {method!r}", f"Known: {', '.join(METHODS)}")
    commit = None if run == WORKSPACE else list_experiments().get(run) or commit_of(run)
    if commit is None and run != WORKSPACE:
        raise LexfitError(run, "is no DVC experiment and no commit", "`dvc exp list -A` and `git log` show them")
    paths = ("params.yaml", PER_QUERY, METRICS)
    if commit is None:
        missing = [path for path in paths if not Path(path).exists()]
        texts = [] if missing else [read_text(Path(path)) for path in paths]
    else:
        found = {path: committed(commit, path) for path in paths}
        missing = [path for path, text in found.items() if text is None]
        texts = [str(text) for text in found.values()]
    if missing:
        raise LexfitError(name, f"has no {' and no '.join(missing)}", "Run it to its end, `dvc repro` or `dvc exp run`")
    params, rows, metrics = texts
    if "claim" not in object_of(metrics, f"{name}: {METRICS}"):
        raise LexfitError(name, "claims no score: its model trained on every query", "Leave it out")
    per_query = scores_by_query(rows, f"{name}: {PER_QUERY}", method)
    return System(name, method, commit, params_of(params, f"{name}: params.yaml"), per_query)
