"""Energy that processors and GPUs have used, by their own counters; nothing where a program may not read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

POWERCAP, DRIVER = Path("/sys/class/powercap"), Path("/proc/driver/nvidia")


class Counter(NamedTuple):
    """What a counter shows: joules, and at how many it starts anew (None: never)."""

    joules: float
    wraps_at: float | None


def read_counters(powercap: Path = POWERCAP, driver: Path = DRIVER) -> dict[str, Counter]:
    """The counters by name: `RAPL 0` for a processor package, `NVML 0` for a GPU.

    Args:
        powercap: Where the kernel shows RAPL's counters; many machines let only root read them.
        driver: Is there where NVIDIA's driver is loaded; else NVML isn't asked.
    """
    found = {}
    for package in sorted(powercap.glob("intel-rapl:?")):
        try:
            now, end = (int((package / name).read_text()) for name in ("energy_uj", "max_energy_range_uj"))
        except (OSError, ValueError):
            continue
        found[f"RAPL {package.name[-1]}"] = Counter(now / 1e6, end / 1e6)
    return found | (gpu_counters() if driver.exists() else {})


def gpu_counters() -> dict[str, Counter]:
    """What NVML tells of each GPU since its driver was loaded; GPUs without a counter are left out."""
    import pynvml  # noqa: PLC0415  (only where there is a driver)

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return {}
    found = {}
    try:
        for index in range(pynvml.nvmlDeviceGetCount()):
            try:
                handle = pynvml.nvmlDeviceGetHandleByIndex(index)
                found[f"NVML {index}"] = Counter(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3, None)
            except pynvml.NVMLError:
                continue
    finally:
        pynvml.nvmlShutdown()
    return found


def used(before: Mapping[str, Counter], after: Mapping[str, Counter]) -> dict[str, float]:
    """Joules between two readings by kind of counter (`RAPL`, `NVML`); a counter that wrapped did so once."""
    joules: dict[str, float] = {}
    for name in sorted(before.keys() & after.keys()):
        kind, spent = name.split()[0], after[name].joules - before[name].joules
        if spent < 0 and (wraps_at := after[name].wraps_at) is not None:
            spent += wraps_at
        joules[kind] = joules.get(kind, 0.0) + spent
    return joules
