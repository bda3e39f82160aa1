"""What a process keeps of freed memory: all of it, for the next step, or none."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lexfit.config import Params
from lexfit.training import freed_memory, giving_back
from lexfit.training.freed_memory import RETURN_MEMORY, give_back, memory_limit
from lexfit.training.trainer import fine_tune
from tests.training.test_batches import build

PROGRAM = """
import psutil, torch
from lexfit.training.freed_memory import keep_freed_memory
keep_freed_memory()
before = psutil.Process().memory_info().rss
held = [torch.ones(2**21) for _ in range(40)]
del held
print(psutil.Process().memory_info().rss - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
@pytest.mark.parametrize("returned", [False, True])
def test_freed_tensors_are_kept_or_returned(returned: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != RETURN_MEMORY}
    environment |= {RETURN_MEMORY: "1"} if returned else {}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    kept = int(done.stdout)
    assert kept < 40 * 2**20 if returned else kept > 250 * 2**20


GROWING = """
import psutil, torch
from lexfit.training.freed_memory import give_back, keep_freed_memory
keep_freed_memory()
process, most = psutil.Process(), 0
before = process.memory_info().rss
for step in range(12):  # each step's blocks are a little larger, so that none fits where one of the last was
    held = [torch.ones(2**18 + 2**13 * (8 * step + i)) for i in range(60)]
    between = [torch.ones(2**12) for _ in range(60)]
    del held
    if {gives}:
        give_back(before + 2**20)
    most = max(most, process.memory_info().rss - before)
print(most)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_what_is_free_goes_back_where_much_is_held() -> None:
    found = {}
    for gives in (True, False):
        program = GROWING.format(gives=gives)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        found[gives] = int(done.stdout)
    assert found[True] < found[False] / 2


def test_the_limit_is_the_smaller_of_machine_and_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = memory_limit()
    monkeypatch.setattr(freed_memory, "CGROUP", tmp_path / "memory.max")
    assert memory_limit() >= machine
    for text, expected in (("max\n", memory_limit()), ("1048576\n", 2**20)):
        (tmp_path / "memory.max").write_text(text)
        assert memory_limit() == expected
    assert give_back()  # this process holds more than half a megabyte
    assert not give_back(2**60)


def test_every_training_looks_after_each_step(
    tiny_model: Path, make_params: Callable[..., Params], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(giving_back, "give_back", lambda: looked.append(1))
    full = ["adapter=full", "loss=corpus_softmax", "batches=full", "train.epochs=3"]
    params = make_params(f"model.path={tiny_model}", *full)
    trained = fine_tune(params, build(), tmp_path)
    assert len(looked) == len(trained.curve) == 3
