"""Coverage-guided fuzzing of every reader by atheris, over the registry of tests/fuzz/readers.py.

Needs requirements-fuzz.lock; run in the repository's root:

    python -m tests.fuzz.atheris_targets NAME [-runs=10000] [CORPUS]    one reader, with libFuzzer's own options
    python -m tests.fuzz.atheris_targets any -runs=2000 -seed=1         all of them: the first byte chooses
    python -m tests.fuzz.atheris_targets --all RUNS                     each in turn, in a process of its own
    python -m tests.fuzz.atheris_targets --list

The valid files are the first inputs. A crash is an exception other than `LexfitError`, an error that names no file, a
write outside the folder, 2 GiB of memory or 30 seconds; libFuzzer writes the input to crash-… in the working directory.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

MEGABYTES, SECONDS = 2048, 30
LIMITS = [f"-rss_limit_mb={MEGABYTES}", f"-timeout={SECONDS}", "-max_len=65536", "-print_final_stats=1"]
MEASURED = ["lexfit"]  # what coverage is of
ANY = "any"
SLOW_SHARE = 10
PACKED = b"p"  # in front of what is packed anew, so that the contents of zips are damaged too


def fuzz(target: str, options: list[str]) -> None:
    """Run a target until libFuzzer is done; it ends the process.

    lexfit is first imported here: what was imported before has no coverage.
    """
    import atheris

    with atheris.instrument_imports(include=MEASURED):
        from tests.fuzz.readers import READERS
        from tests.fuzz.test_readers import check, warmed, whole

        readers = [warmed(name) for name in READERS if target in {name, ANY}]
    if not readers:
        sys.exit(f"There is no reader {target!r}; --list shows them.")

    def one_input(data: bytes) -> None:
        """What libFuzzer calls."""
        reader = readers[(data[0] if data else 0) % len(readers)]
        given = data[1:]
        packed = reader.wrap is not None and given[:1] == PACKED
        check(reader, reader.wrap(given[1:]) if reader.wrap and packed else given)

    with tempfile.TemporaryDirectory() as folder:
        for number, reader in enumerate(readers):
            Path(folder, f"{number}-whole").write_bytes(bytes([number]) + whole(reader))
            if reader.wrap:
                Path(folder, f"{number}-packed").write_bytes(bytes([number]) + PACKED + reader.seed())
        atheris.Setup([target, *LIMITS, *options, folder], one_input)
        atheris.Fuzz()


def fuzz_all(runs: int) -> int:
    """Every target in a process of its own, with a fixed seed; how many failed."""
    from tests.fuzz.readers import READERS

    failed = 0
    for name, reader in READERS.items():
        count = max(1, runs // SLOW_SHARE if reader.slow else runs)
        command = [sys.executable, "-m", "tests.fuzz.atheris_targets", name, f"-runs={count}", "-seed=1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
        sys.stdout.write(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name}, {count} runs\n")
        if done.returncode != 0:
            failed += 1
            sys.stdout.write(done.stderr[-4000:] + "\n")
        sys.stdout.flush()
    return failed


def main(arguments: list[str]) -> int:
    """Fuzz what the command line names; the exit status is the number of targets that failed."""
    if arguments[:1] == ["--list"]:
        from tests.fuzz.readers import READERS

        sys.stdout.write("\n".join([ANY, *READERS]) + "\n")
        return 0
    if arguments[:1] == ["--all"]:
        return fuzz_all(int(arguments[1]))
    fuzz(arguments[0], arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
