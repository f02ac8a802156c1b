# SPDX-License-Identifier: Apache-2.0
"""An Alertmanager beside the vigil under test, and its amtool: the newest that can be had without installing anything.

Debian's build reads its templates from below /usr/share; the unpacked ones are laid over that for its process alone,
in a name space of its own.
"""

import http.client
import os
import pathlib
import shutil
import subprocess
import tempfile

from prometheus_process import FETCH, FETCH_SECONDS, cache_directory, free_port
from vigil_process import DEADLINE_SECONDS, wait_until

PACKAGE = "prometheus-alertmanager"
TEMPLATES = "prometheus/alertmanager/default.tmpl"


def find(program):
    """The path of `prometheus-alertmanager` or `amtool`, or None: $VIGIL_ALERTMANAGER or $VIGIL_AMTOOL, else the one
    unpacked into the cache, else the installed one."""
    if named := os.environ.get(f"VIGIL_{program.removeprefix('prometheus-').upper()}"):
        return named
    unpacked = cache_directory() / "usr/bin" / program
    if not unpacked.exists():
        try:
            subprocess.run(
                [FETCH, cache_directory(), PACKAGE],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=FETCH_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            pass
    return str(unpacked) if unpacked.exists() else shutil.which(program)


def _in_name_space(program):
    """The command that runs `program` where it finds its templates."""
    share = pathlib.Path(program).resolve().parents[1] / "share"
    if str(share) == "/usr/share" or not (share / TEMPLATES).exists():
        return []
    mount = f"mount -t overlay overlay -o lowerdir={share}:/usr/share /usr/share"
    return ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$0" "$@"']


def usable(program):
    """Whether `program` (of `find`, may be None) can be run here."""
    if program is None:
        return False
    try:
        done = subprocess.run(
            [*_in_name_space(program), program, "--version"], capture_output=True, timeout=DEADLINE_SECONDS, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


class Alertmanager:
    """One process with a directory of its own, alone in its cluster. `config` is the text of its configuration."""

    def __init__(self, program, config):
        self.program = program
        self.config = config
        self._directory = tempfile.mkdtemp(prefix="vigil-alertmanager-")
        self._process = None
        self.http_address = None

    def __enter__(self):
        directory = pathlib.Path(self._directory)
        (directory / "alertmanager.yml").write_text(self.config, encoding="utf-8")
        self.http_address = f"127.0.0.1:{free_port()}"
        with (directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *_in_name_space(self.program),
                    self.program,
                    f"--config.file={directory}/alertmanager.yml",
                    f"--storage.path={directory}/data",
                    f"--web.listen-address={self.http_address}",
                    "--cluster.listen-address=",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(self._ready, lambda: f"Alertmanager is ready; its log:\n{self.log_text()}", DEADLINE_SECONDS)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def log_text(self):
        return (pathlib.Path(self._directory) / "log").read_text(encoding="utf-8", errors="replace")

    def _ready(self):
        if self._process.poll() is not None:
            raise AssertionError(f"Alertmanager ended with {self._process.returncode}:\n{self.log_text()}")
        connection = http.client.HTTPConnection(self.http_address, timeout=5)
        try:
            connection.request("GET", "/-/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def close(self):
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(DEADLINE_SECONDS)
        shutil.rmtree(self._directory, ignore_errors=True)
