# SPDX-License-Identifier: Apache-2.0
"""Receivers as people set them up: tried out with `vigil receivers test`, over TLS and through mail servers; and
what did not arrive, listed, shown and sent again."""

import http.server
import json
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest

from smtp_server import SmtpServer
from vigil_process import EXIT_OK, EXIT_REFUSED, Vigil, WebhookReceiver, run_vigil, wait_until

RULES = """
groups:
- name: g
  interval: 200ms
  rules:
  - {alert: Always, expr: vector(1), annotations: {summary: "<b>on</b> & on"}}
"""


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def make_certificates(folder):
    """An authority, a server's certificate for localhost and a client's, each as a PEM with its key."""
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=test authority", cwd=folder)
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}", cwd=folder)
        (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.crt", "-days", "2", "-extfile", "names", cwd=folder)
        (folder / f"{name}.pem").write_bytes(
            (folder / f"{name}.crt").read_bytes() + (folder / f"{name}.key").read_bytes())


class HttpsReceiver:
    """A web server that takes only clients with a certificate of the authority."""

    def __init__(self, folder):
        self.subjects = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                owner.subjects.append(self.connection.getpeercert()["subject"][0][0][1])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"https://localhost:{self._server.server_port}/"


class ReceiversTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="vigil-receivers-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_certificates(cls.folder)

    def config(self, entries, name="am.yml", extra=""):
        path = self.folder / name
        path.write_text(
            f"route: {{receiver: team, group_by: [alertname], group_wait: 100ms, group_interval: 500ms}}\n{extra}"
            f"receivers:\n- name: team\n  {entries}\n")
        return path

    def try_out(self, entries, **options):
        """The answers of `vigil receivers test`, and its exit status."""
        done = run_vigil("receivers", "test", "--config", self.config(entries, **options), "--wait", "20",
                         "-o", "json")
        return json.loads(done.out)["data"]["answers"], done.code

    def test_a_webhook_with_client_certificates(self):
        with HttpsReceiver(self.folder) as receiver:
            tls = "ca_file: ca.pem, cert_file: client.crt, key_file: client.key, min_version: TLS12"
            answers, code = self.try_out(
                f"webhook_configs: [{{url: '{receiver.url}', http_config: {{tls_config: {{{tls}}}}}}}]")
            self.assertEqual([True], [answer["delivered"] for answer in answers], answers)
            self.assertEqual(EXIT_OK, code)
            self.assertEqual(["client"], receiver.subjects)
            # Without a certificate, or without the authority, nothing is sent.
            for tls in ("ca_file: ca.pem", "cert_file: client.crt, key_file: client.key"):
                answers, code = self.try_out(
                    f"webhook_configs: [{{url: '{receiver.url}', http_config: {{tls_config: {{{tls}}}}}}}]")
                self.assertEqual([False], [answer["delivered"] for answer in answers], answers)
                self.assertEqual(EXIT_REFUSED, code)
            self.assertEqual(["client"], receiver.subjects)

    def mail(self, server, more=""):
        return self.try_out(
            f"email_configs: [{{to: 'a@example.com, B <b@example.com>', from: 'Vigil <v@example.com>', "
            f"smarthost: 'localhost:{server.port}', auth_username: u, auth_password: p, "
            f"tls_config: {{ca_file: ca.pem}}{more}}}]")

    def check_mail(self, mail):
        sender, recipients, login, message = mail
        self.assertIn("<v@example.com>", sender)
        self.assertEqual(["a@example.com", "b@example.com"], recipients)
        self.assertEqual((["", "u", "p"], True), login)
        self.assertEqual("[FIRING:1] VigilTest (none)", message["Subject"])
        self.assertEqual("Vigil <v@example.com>", message["From"])
        self.assertEqual(["text/plain", "text/html"], [part.get_content_type() for part in message.get_payload()])
        for part in message.get_payload():
            self.assertIn("This is a test", part.get_payload(decode=True).decode())

    def test_mail_with_starttls(self):
        with SmtpServer(self.folder / "server.pem") as server:
            answers, code = self.mail(server)
            self.assertEqual((True, EXIT_OK), (answers[0]["delivered"], code), answers)
            self.check_mail(server.mails[0])

    def test_mail_with_tls_from_the_start(self):
        with SmtpServer(self.folder / "server.pem", implicit=True) as server:
            answers, code = self.mail(server, ", force_implicit_tls: true")
            self.assertEqual((True, EXIT_OK), (answers[0]["delivered"], code), answers)
            self.check_mail(server.mails[0])

    def test_mail_does_not_go_without_tls(self):
        with SmtpServer() as server:
            answers, code = self.mail(server)
            self.assertEqual((False, EXIT_REFUSED), (answers[0]["delivered"], code), answers)
            self.assertEqual([], server.mails)

    def test_each_integration_says_how_it_went(self):
        with WebhookReceiver() as good, WebhookReceiver(status=404) as bad:
            entries = (f"webhook_configs: [{{url: '{good.url}'}}, {{url: '{bad.url}'}}]\n"
                       f"  slack_configs: [{{api_url: '{good.url}', channel: '#x'}}]\n"
                       f"  pagerduty_configs: [{{routing_key: k, url: '{good.url}'}}]")
            answers, code = self.try_out(entries)
            self.assertEqual(EXIT_REFUSED, code)
            self.assertEqual(
                [("webhook", 0, True, 200), ("webhook", 1, False, 404), ("slack", 0, True, 200),
                 ("pagerduty", 0, True, 200)],
                [tuple(answer[key] for key in ("integration", "index", "delivered", "status"))
                 for answer in answers])
            done = run_vigil("receivers", "test", "nobody", "--config", self.config(entries))
            self.assertEqual(EXIT_REFUSED, done.code)
            self.assertIn('there is no receiver "nobody"', done.err)

    def test_what_did_not_arrive_is_sent_again(self):
        rules = self.folder / "rules.yml"
        rules.write_text(RULES)
        with WebhookReceiver(status=404) as receiver:
            config = self.config(f"webhook_configs: [{{url: '{receiver.url}'}}]", name="live.yml")
            with Vigil("--rules", rules, "--alertmanager-config", config) as vigil:

                def given_up():
                    found = vigil.ask("alerts", "undelivered")["data"]["undelivered"]
                    return [one for one in found if one["state"] == "given up"]

                lost = wait_until(given_up, "a notification is given up")[0]
                self.assertIn("unexpected status code 404", lost["reason"])
                shown = json.loads(vigil.run("alerts", "undelivered", "show", lost["id"]).out)
                self.assertEqual("Always", shown["notification"]["alerts"][0]["labels"]["alertname"])
                self.assertEqual([], vigil.ask("alerts", "deliveries")["data"]["deliveries"])
                self.assertEqual(EXIT_REFUSED, vigil.run("alerts", "undelivered", "resend", "none").code)

                def resent():
                    # A newer one for the group may be on its way, or have been given up meanwhile.
                    receiver.status = 200
                    letters = given_up()
                    if letters:
                        vigil.run("alerts", "undelivered", "resend", letters[0]["id"])
                    return vigil.ask("alerts", "deliveries")["data"]["deliveries"]

                delivered = wait_until(resent, "it is delivered")
                self.assertEqual((200, "team", "webhook"),
                                 tuple(delivered[-1][key] for key in ("status", "receiver", "integration")))
                answers = vigil.ask("receivers", "test")["data"]["answers"]
                self.assertEqual([True], [answer["delivered"] for answer in answers])


if __name__ == "__main__":
    unittest.main()
