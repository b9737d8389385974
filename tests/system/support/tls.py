"""Certificates of a test's own, and clients that trust them: by openssl, as an operator would make them."""

import functools
import pathlib
import ssl
import subprocess
import tempfile

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"
KEYS = {"ec": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "rsa": ("-newkey", "rsa:2048")}


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, stdin=subprocess.DEVNULL)


class Authority:
    """A certification authority with one intermediate, as real ones have."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root = self.folder / "root.pem"
        self._make("root", "-x509", "-days", "2", "-subj", "/CN=Test Root", "-out", self.root)
        self._sign("middle", "root", "basicConstraints=critical,CA:true")

    def _make(self, name, *more, kind="ec"):
        openssl("req", *KEYS[kind], "-nodes", "-keyout", self.folder / f"{name}.key", *more)

    def _sign(self, name, by, extension, kind="ec"):
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        self._make(name, "-new", "-subj", f"/CN={name}", "-out", request, kind=kind)
        extensions.write_text(extension + "\n", encoding="ascii")
        openssl("x509", "-req", "-in", request, "-CA", self.folder / f"{by}.pem", "-CAkey", self.folder / f"{by}.key",
                "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", self.folder / f"{name}.pem")

    def issue(self, name, kind="ec"):
        """(certificates, key): the server's own certificate, then the one that leads to the root."""
        self._sign(name, "middle", NAMES, kind)
        chain = self.folder / f"{name}.chain.pem"
        chain.write_bytes((self.folder / f"{name}.pem").read_bytes() + (self.folder / "middle.pem").read_bytes())
        return chain, self.folder / f"{name}.key"

    @functools.cached_property
    def client(self):
        """The usual client, made once."""
        return self.context()

    def context(self):
        """A client that trusts nobody else, to be changed at will."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.root)
        return context


@functools.lru_cache(maxsize=1)
def shared():
    """One for all tests of this process: making it takes a moment."""
    authority = Authority(tempfile.mkdtemp(prefix="herald-ca-"))
    authority.identity = authority.issue("server")
    return authority
