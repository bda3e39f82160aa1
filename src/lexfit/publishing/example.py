"""The usage example of the card, run as a stranger would run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lexfit.errors import LexfitError

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "OMP_NUM_THREADS", "LD_LIBRARY_PATH")
TIMEOUT = 1800


def example_of(readme: str, repo_id: str) -> str:
    """The card's Python example that loads the model."""
    blocks = [block for block in BLOCK.findall(readme) if repo_id in block]
    if not blocks:
        raise LexfitError(
            "README.md",
            f"has no Python example that loads {repo_id}",
            "Write the card anew: `dvc repro --force --single-item model_card`",
        )
    return "\n".join(blocks)


def check_example(readme: str, repo_id: str, folder: Path) -> str:
    """Run the card's example from an exported folder, and return what it printed.

    The process is a fresh one without network, without this project on its path, without token, in an empty home.

    Args:
        readme: The card as it would stand on the Hub.
        repo_id: Address in the example, which `folder` replaces.
        folder: What would be uploaded.

    Raises:
        LexfitError: The example fails, prints nothing, or prints a number that is none.
    """
    code = example_of(readme, repo_id).replace(repo_id, folder.resolve().as_posix())
    with tempfile.TemporaryDirectory() as home:
        offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        env |= {"HOME": home, "USERPROFILE": home, "HF_HOME": str(Path(home) / "hf"), **offline}
        command = [sys.executable, "-I", "-c", code]
        try:
            done = subprocess.run(
                command, cwd=home, env=env, capture_output=True, text=True, check=False, timeout=TIMEOUT
            )
        except subprocess.TimeoutExpired as error:
            raise LexfitError(
                "README.md: usage example", f"took more than {TIMEOUT} s", "Run it on a machine that fits the model"
            ) from error
    said = done.stdout.strip()
    if done.returncode or not said or re.search(r"\b(?:nan|inf)\b", said):
        last = (done.stderr.strip() or said or "it prints nothing").splitlines()[-1]
        raise LexfitError(
            "README.md: usage example",
            f"doesn't run from the exported folder ({last})",
            "Mend the example in src/lexfit/publishing/card.md.j2 or the model, and run `dvc repro`",
        )
    return said
