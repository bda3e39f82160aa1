"""What a process keeps of freed memory: all of it, for the next step, or none."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from lexfit.training.base_models import RETURN_MEMORY

PROGRAM = """
import psutil, torch
from lexfit.training.base_models import keep_freed_memory
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
