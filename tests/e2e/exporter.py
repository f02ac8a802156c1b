# SPDX-License-Identifier: Apache-2.0
"""An endpoint that exposes what a test tells it to, over HTTP or TLS, and remembers how it was asked.

    with Exporter() as exporter:
        exporter.body = "a 1\\n"
        exporter.address            # host:port
        exporter.requests           # headers and paths, the last one last
"""

import base64
import gzip
import http.server
import pathlib
import ssl
import subprocess
import threading

TEXT = "text/plain; version=0.0.4"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


class Exporter:
    """`tls` is a pair of files, certificate and key; `user` a pair of name and password."""

    def __init__(self, body="", content_type=TEXT, tls=None, user=None, token=None):
        self.body = body
        self.content_type = content_type
        self.status = 200
        self.always_gzip = False  # Whatever coding is accepted.
        self.requests = []
        self._expected = f"Bearer {token}" if token else None
        if user:
            self._expected = "Basic " + base64.b64encode(":".join(user).encode()).decode()
        exporter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                exporter._answer(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            # The handshake is each connection's own: one that fails must not stop the others.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self):
        return self._server.server_address[1]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _answer(self, handler):
        self.requests.append((handler.path, dict(handler.headers)))
        status, body = self.status, self.body() if callable(self.body) else self.body
        if self._expected and handler.headers.get("Authorization") != self._expected:
            status, body = 401, "who are you?"
        data = body.encode() if isinstance(body, str) else body
        if self.always_gzip:
            data = gzip.compress(data)
        handler.send_response(status)
        if self.content_type:
            handler.send_header("Content-Type", self.content_type)
        if self.always_gzip:
            handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def make_certificate(directory, name):
    """A certificate for `name` that signs itself: the paths of certificate and key."""
    certificate, key = pathlib.Path(directory) / "cert.pem", pathlib.Path(directory) / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
        check=True, stderr=subprocess.DEVNULL,
    )
    return certificate, key
