"""A real SMTP server (aiosmtpd) whose behaviour a test sets: what it refuses, TLS, who may sign in."""

import email
import email.policy
import re
import ssl
import subprocess

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from .ports import free_port
from .wait import PATIENCE, wait_for

USER, PASSWORD = "herald", "smtp secret 81f2"


class Mail:
    """One that was taken."""

    def __init__(self, envelope, encrypted):
        self.sender, self.recipients, self.encrypted = envelope.mail_from, envelope.rcpt_tos, encrypted
        self.raw = envelope.content
        self.message = email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def text(self):
        return self.message.get_content()

    @property
    def to(self):
        [address] = self.message["To"].addresses
        return address.addr_spec

    @property
    def link(self):
        [link] = re.findall(r"^https?://\S+#\S+$", self.text.replace("\r", ""), re.MULTILINE)
        return link

    @property
    def token(self):
        return self.link.rsplit("#", 1)[1]


class Mailbox:
    """Starts at once. `answers`: what is said to the next RCPT or end of DATA, in order, instead of taking it."""

    def __init__(self, folder, tls=None, login=False):
        self.port = free_port()
        self.folder = folder
        self.tls, self.login = tls, login  # tls: None, "starttls", "smtps"
        self.mails, self.rcpt_answers, self.data_answers = [], [], []
        self.attempts = 0
        self.logins = []
        self.controller = None
        self.start()

    def start(self):
        context = self._context() if self.tls else None
        more = {}
        if self.tls == "starttls":
            more = {"tls_context": context, "require_starttls": True}
        if self.login:
            more |= {"authenticator": self._authenticate, "auth_required": True,
                     "auth_require_tls": self.tls == "starttls"}
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=30,
                                     ssl_context=context if self.tls == "smtps" else None, **more)
        self.controller.start()

    def stop(self):
        if self.controller:
            self.controller.stop()
        self.controller = None

    def _context(self):
        self.ca = certificate(self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return context

    def _authenticate(self, server, session, envelope, mechanism, data):
        good = (isinstance(data, LoginPassword) and data.login == USER.encode()
                and data.password == PASSWORD.encode())
        self.logins.append(good)
        return AuthResult(success=good)

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.attempts += 1
        if self.rcpt_answers:
            answer = self.rcpt_answers.pop(0)
            if answer:
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.data_answers:
            answer = self.data_answers.pop(0)
            if answer:
                return answer
        self.mails.append(Mail(envelope, session.ssl is not None or self.tls == "smtps"))
        return "250 OK"

    @property
    def flags(self):
        """What herald serve needs to send by it."""
        scheme = "smtps" if self.tls == "smtps" else "smtp"
        flags = ["--smtp-url", f"{scheme}://localhost:{self.port}", "--smtp-from", "Herald <herald@acme.test>",
                 "--public-url", "http://herald.test:8080/", "--smtp-retry", "100ms"]
        if not self.tls:
            flags += ["--smtp-plain"]
        else:
            flags += ["--smtp-ca", str(self.folder / "ca.pem")]
        if self.login:
            file = self.folder / "smtp-password"
            file.write_text(PASSWORD + "\n", encoding="ascii")
            flags += ["--smtp-user", USER, "--smtp-password-file", str(file)]
        return flags

    def wait(self, count=1, to=None, seconds=PATIENCE):
        """The first `count` mails (to that address)."""
        def look():
            found = [mail for mail in list(self.mails) if to in (None, mail.to)]
            return found if len(found) >= count else None

        return wait_for(look, f"{count} emails" + (f" to {to}" if to else ""), seconds)


def certificate(folder):
    """A CA and the certificate of localhost that it signed, in folder."""
    if (folder / "ca.pem").exists():
        return
    def openssl(*words):
        done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n", encoding="ascii")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "server.pem")
