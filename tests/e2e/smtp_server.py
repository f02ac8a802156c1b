# SPDX-License-Identifier: Apache-2.0
"""An SMTP server that keeps what it is sent; with a certificate it speaks TLS, at once or after STARTTLS.

    with SmtpServer(certificate=pem, implicit=False) as server:
        server.mails    # [(from, [to], login, message as email.message.Message)]
"""

import base64
import email
import socketserver
import ssl
import threading


class _Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def read(self):
        return self.rfile.readline().decode().rstrip("\r\n")

    def start_tls(self):
        self.request = self.server.owner.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)

    def handle(self):
        owner = self.server.owner
        secure = owner.implicit
        if owner.implicit:
            self.start_tls()
        self.say("220 test")
        sender, recipients, login = None, [], None
        while True:
            line = self.read()
            if not line:
                return
            word = line.split(" ", 1)[0].upper()
            if word == "EHLO":
                if owner.context and not secure:
                    self.say("250-STARTTLS")
                self.say("250 AUTH PLAIN LOGIN")
            elif word == "STARTTLS":
                self.say("220 go on")
                self.start_tls()
                secure = True
            elif word == "AUTH":
                parts = line.split(" ")
                if len(parts) < 3:
                    self.say("334 ")
                    parts.append(self.read())
                login = (base64.b64decode(parts[2]).decode().split("\0"), secure)
                self.say("235 welcome")
            elif word == "MAIL":
                sender = line.partition(":")[2]
                self.say("250 ok")
            elif word == "RCPT":
                recipients.append(line.partition(":")[2].strip("<> "))
                self.say("250 ok")
            elif word == "DATA":
                self.say("354 go on")
                lines = []
                while (data := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(data[1:] if data.startswith(b"..") else data)
                owner.mails.append((sender, recipients, login, email.message_from_bytes(b"".join(lines))))
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("500 what?")


class SmtpServer:
    def __init__(self, certificate=None, implicit=False):
        self.mails = []
        self.implicit = implicit
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # Clients that hang up are part of the tests.
        self._server.owner = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self):
        return self._server.server_address[1]
