# SPDX-License-Identifier: Apache-2.0
"""A vigil under test: the built binary as a process of its own, asked through its own client commands.

    with Vigil() as vigil:
        vigil.query("up")               # the rows of an instant vector
        vigil.kill()                    # as a crash would
        vigil.start()                   # the same data again

Also here: `wait_until`, the only way a test waits, and `WebhookReceiver`, which keeps what it is sent.
"""

import collections
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

# Before anyone imports gRPC, whose handlers of fork() would complain about each process that is started.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("VIGIL_BINARY", REPOSITORY / "bazel-bin/cli/vigil"))

# Generous, because the machine may be busy; a test that passes never waits so long.
DEADLINE_SECONDS = 90
POLL_SECONDS = 0.05

EXIT_OK = 0
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_NO_CONNECTION = 3


class Timeout(AssertionError):
    """What a test waited for did not come."""


def wait_until(condition, what, deadline_seconds=DEADLINE_SECONDS):
    """Calls `condition` until it returns something true, and returns that.

    `what` names the expectation in the failure message; a function is called to tell it then.
    """
    deadline = time.monotonic() + deadline_seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise Timeout(f"not within {deadline_seconds} seconds: {text}")
        time.sleep(POLL_SECONDS)


Completed = collections.namedtuple("Completed", "code out err")


class CommandFailed(AssertionError):
    """A client command that was to succeed did not."""


class Vigil:
    """One `vigil serve` with a directory of its own; ports are free ones, new at every start.

    `options` are further flags of `serve`. The directory lives until `close`, over any number of starts.
    `start` may be called again after `stop` or `kill`. Not for several threads, except `run` and what is
    built on it.
    """

    def __init__(self, *options, data_dir=None, env=None):
        self._temporary = None if data_dir else tempfile.mkdtemp(prefix="vigil-e2e-")
        self.data_dir = pathlib.Path(data_dir or os.path.join(self._temporary, "data"))
        self.options = list(options)
        # Port 0 is a free one, another at every start; a client that waits for a restart needs the same again.
        self.grpc_listen = "127.0.0.1:0"
        self._env = dict(os.environ, **(env or {}))
        self._process = None
        self._reader = None
        self.log = []
        self.grpc_address = None
        self.http_address = None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def start(self, wait=True):
        """Starts the process and, unless told otherwise, waits until it is ready."""
        assert not self.running, "vigil runs already"
        self.log = []
        self.grpc_address = self.http_address = None
        command = [BINARY, "serve", "--data-dir", self.data_dir]
        command += ["--grpc-listen", self.grpc_listen, "--http-listen", "127.0.0.1:0", *self.options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self._env
        )
        self._reader = threading.Thread(target=self._read_log, args=(self._process,), daemon=True)
        self._reader.start()
        if wait:
            self.wait_ready()
        return self

    def _read_log(self, process):
        """Keeps the log's entries; a reader at all times, so that a full pipe never stops the server."""
        for line in process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"message": line.decode(errors="replace").rstrip("\n")}
            if entry.get("message") == "ready":
                self.http_address = entry["http_address"]
                self.grpc_address = entry["grpc_address"]
            self.log.append(entry)
        process.stderr.close()

    def wait_ready(self, deadline_seconds=DEADLINE_SECONDS):
        """Waits for the log's word that the server is ready, which also tells its ports."""

        def ready():
            if self._process.poll() is not None:
                raise AssertionError(f"vigil ended with {self._process.returncode}:\n{self.log_text()}")
            return self.grpc_address

        wait_until(ready, lambda: f"vigil is ready; its log:\n{self.log_text()}", deadline_seconds)

    def log_text(self):
        return "\n".join(json.dumps(entry) for entry in self.log)

    def logged(self, message):
        """The log's entries with this message."""
        return [entry for entry in self.log if entry.get("message") == message]

    def signal(self, number):
        self._process.send_signal(number)

    def stop(self, deadline_seconds=DEADLINE_SECONDS):
        """Ends the process as an operator would (SIGTERM); returns its exit status."""
        self._process.terminate()
        return self.wait_exit(deadline_seconds)

    def kill(self):
        """Ends the process as a crash would (SIGKILL)."""
        self._process.send_signal(signal.SIGKILL)
        return self.wait_exit()

    def wait_exit(self, deadline_seconds=DEADLINE_SECONDS):
        """Waits for the process to end by itself; returns its exit status, negative for a signal."""
        status = self._process.wait(deadline_seconds)
        self._reader.join(deadline_seconds)
        return status

    def close(self):
        """Ends the process if it still runs and removes its directory."""
        if self.running:
            self.kill()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def environment(self):
        """The environment in which a client command finds this server."""
        return dict(self._env, VIGIL_SERVER=self.grpc_address or "127.0.0.1:1")

    def run(self, *arguments, timeout=DEADLINE_SECONDS):
        """Runs a client command against this server; returns (code, out, err)."""
        return run_vigil(*arguments, env=self.environment(), timeout=timeout)

    def ask(self, *arguments, timeout=DEADLINE_SECONDS):
        """Runs a client command with `-o json`; returns the answer. Any failure is the test's."""
        done = self.run(*arguments, "-o", "json", timeout=timeout)
        if done.code != EXIT_OK:
            raise CommandFailed(f"vigil {' '.join(map(str, arguments))}: exit {done.code}: {done.err}")
        return json.loads(done.out)

    def query(self, promql, *options):
        """The result of a PromQL question: the API's list of series, each with `metric` and value(s)."""
        return self.ask("query", promql, *options)["data"]["result"]

    def values(self, promql, *labels, at=None):
        """An instant vector as {(values of `labels`): value}."""
        rows = self.query(promql, *(["--time", str(at)] if at is not None else []))
        return {tuple(row["metric"].get(name, "") for name in labels): float(row["value"][1]) for row in rows}

    def value(self, promql, at=None):
        """The only value of an instant vector; None if it is empty."""
        rows = self.query(promql, *(["--time", str(at)] if at is not None else []))
        assert len(rows) <= 1, f"{promql} has {len(rows)} series"
        return float(rows[0]["value"][1]) if rows else None

    def logs(self, logql, *options):
        """Log records as (stream labels, time in ns, line), in the order of the answer."""
        return [
            (stream["stream"], int(value[0]), value[1])
            for stream in self.ask("logs", logql, *options)["data"]["result"]
            for value in stream["values"]
        ]

    def http(self, path, method="GET", body=None):
        """Asks the HTTP port; returns (status, body as text)."""
        request = urllib.request.Request(f"http://{self.http_address}{path}", data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def run_vigil(*arguments, env=None, timeout=DEADLINE_SECONDS):
    """Runs the binary to its end; returns (code, out, err)."""
    done = subprocess.run(
        [BINARY, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Completed(done.returncode, done.stdout, done.stderr)


class WebhookReceiver:
    """An HTTP server that takes POSTs and keeps their JSON bodies in the order they came.

    `status` is what it answers; a list is used up one answer at a time, then it is 200.
    """

    def __init__(self, status=200):
        self.status = status
        self._lock = threading.Lock()
        self._bodies = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(receiver._take(json.loads(body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        self._thread.start()

    def _take(self, body):
        with self._lock:
            self._bodies.append(body)
            if isinstance(self.status, list):
                return self.status.pop(0) if self.status else 200
            return self.status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    @property
    def bodies(self):
        with self._lock:
            return list(self._bodies)

    def wait_for(self, count, deadline_seconds=DEADLINE_SECONDS):
        """Waits until at least `count` bodies have come; returns all."""

        def enough():
            bodies = self.bodies
            return bodies if len(bodies) >= count else None

        return wait_until(
            enough, lambda: f"{count} notifications; there are {json.dumps(self.bodies)}", deadline_seconds
        )

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
