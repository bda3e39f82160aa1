"""Energy is read from the machine's counters where they may be read, over their end as well; else it is nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lexfit.energy import Counter, gpu_counters, read_counters, used


def package(folder: Path, number: int, micro: str, end: str = "262143328850") -> None:
    own = folder / f"intel-rapl:{number}"
    own.mkdir(parents=True)
    (own / "energy_uj").write_text(micro + "\n")
    (own / "max_energy_range_uj").write_text(end + "\n")


def test_packages_are_read_in_joules(tmp_path: Path) -> None:
    package(tmp_path, 0, "2500000")
    package(tmp_path, 1, "500000", "1000000")
    (tmp_path / "intel-rapl:0:0").mkdir()  # a part of package 0, whose energy is in it
    assert read_counters(tmp_path, tmp_path / "none") == {
        "RAPL 0": Counter(2.5, 262143.32885),
        "RAPL 1": Counter(0.5, 1.0),
    }


def test_what_may_not_be_read_is_left_out(tmp_path: Path) -> None:
    package(tmp_path, 0, "no number")
    (tmp_path / "intel-rapl:1").mkdir()
    assert read_counters(tmp_path, tmp_path / "none") == {}
    assert read_counters(tmp_path / "absent", tmp_path / "none") == {}
    assert used({}, {}) == {}


def test_use_is_summed_by_kind_and_goes_on_over_a_counters_end() -> None:
    before = {"RAPL 0": Counter(90.0, 100.0), "RAPL 1": Counter(10.0, 100.0), "NVML 0": Counter(5.0, None)}
    after = {"RAPL 0": Counter(5.0, 100.0), "RAPL 1": Counter(12.0, 100.0), "NVML 0": Counter(8.0, None)}
    assert used(before, after) == {"NVML": 3.0, "RAPL": 17.0}
    assert used(before, {"RAPL 1": Counter(11.0, 100.0)}) == {"RAPL": 1.0}


class NVMLError(Exception):
    """As the library's own."""


def test_gpus_are_read_in_joules_and_those_without_a_counter_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    def energy(handle: int) -> int:
        if handle == 1:
            raise NVMLError
        return 4500

    library = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlShutdown=lambda: closed.append(True),
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetTotalEnergyConsumption=energy,
    )
    monkeypatch.setitem(sys.modules, "pynvml", library)
    assert gpu_counters() == {"NVML 0": Counter(4.5, None)}
    assert closed == [True]

    def absent() -> None:
        raise NVMLError

    library.nvmlInit = absent
    assert gpu_counters() == {}
