"""OpenSSH's server on loopback, with keys of its own."""

from __future__ import annotations

import getpass
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class SshServer:
    """Where it listens, whom it lets in, and what clients need to know."""

    user: str
    port: int
    folder: Path

    def url(self, path: Path) -> str:
        """An ssh:// address of a folder on this machine."""
        return f"ssh://{self.user}@127.0.0.1:{self.port}{path}"

    @property
    def key(self) -> Path:
        """The private key of the user who is let in."""
        return self.folder / "own"

    @property
    def env(self) -> dict[str, str]:
        """What makes Git and DVC use OpenSSH, with settings that stand for those of a user's home.

        Without the variable DVC takes a client of its own for Git, which doesn't check the host's key.
        """
        programs = [str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        return {"GIT_SSH_COMMAND": "ssh", "PATH": os.pathsep.join(programs)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _make_key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text()


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """A server for the block; the test is skipped, saying so, where there is none or DVC lacks its SSH remote."""
    daemon = shutil.which("sshd", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if daemon is None:
        pytest.skip("sshd absent: apt-get install openssh-server")
    if importlib.util.find_spec("dvc_ssh") is None:
        pytest.skip("dvc-ssh absent: pip install -c requirements-remotes.lock dvc-ssh")
    (folder / "bin").mkdir(parents=True)
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where the server drops its privileges to
    host, own = _make_key(folder / "host"), _make_key(folder / "own")
    server = SshServer(getpass.getuser(), _free_port(), folder)
    (folder / "authorized_keys").write_text(own)
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {host}")
    (folder / "server_config").write_text(
        f"Port {server.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nSubsystem sftp internal-sftp\n"
    )
    (folder / "client_config").write_text(
        f"IdentityFile {server.key}\nIdentitiesOnly yes\nUserKnownHostsFile {folder}/known_hosts\n"
        "GlobalKnownHostsFile none\nStrictHostKeyChecking yes\nBatchMode yes\n"
    )
    wrapper = folder / "bin/ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/client_config "$@"\n')
    wrapper.chmod(0o755)
    command = [daemon, "-D", "-e", "-f", str(folder / "server_config")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "Server listening" in line:
                break
        else:
            raise AssertionError("".join(said))
        try:
            yield server
        finally:
            process.terminate()
