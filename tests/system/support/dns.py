"""A name server of the tests' own, on a loopback address, and a herald that asks it."""

import ipaddress
import random
import socket
import struct
import subprocess
import threading


def possible():
    """A resolver configuration of its own needs a mount namespace: root, and permission."""
    return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0


class Dns:
    """Answers queries for A and AAAA by `answers`: a name to a function that gives its addresses, called for each
    query. Other names do not exist. With `silent` it never answers."""

    def __init__(self, answers=None, silent=False):
        self.answers = answers or {}
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _ in range(50):
            self.address = f"127.{random.randint(64, 127)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
            try:
                self.socket.bind((self.address, 53))
                break
            except OSError:
                continue
        self._silent = silent
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(4096)
            except OSError:
                return
            name, kind = self._question(query)
            self.asked.append(name)
            if not self._silent:
                self.socket.sendto(self._answer(query, name, kind), client)

    @staticmethod
    def _question(query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii"))
            at += 1 + query[at]
        return ".".join(labels).lower(), struct.unpack(">H", query[at + 1:at + 3])[0]

    def _answer(self, query, name, kind):
        end = query.index(b"\0", 12) + 5
        found = [ipaddress.ip_address(a) for a in self.answers[name]()] if name in self.answers else []
        wanted = [a for a in found if (a.version, kind) in ((4, 1), (6, 28))]
        code = 0 if name in self.answers else 3
        rows = [b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(a.packed)) + a.packed for a in wanted]
        return query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(rows), 0, 0) + query[12:end] + b"".join(rows)

    def prefix(self, folder):
        """For Server(prefix=…): the process sees this name server, and what the hosts file knows."""
        resolv, nsswitch = folder / "resolv.conf", folder / "nsswitch.conf"
        resolv.write_text(f"nameserver {self.address}\noptions timeout:30 attempts:3\n")
        nsswitch.write_text("hosts: files dns\n")
        return ("unshare", "--mount", "sh", "-c",
                f"mount --bind {resolv} /etc/resolv.conf && mount --bind {nsswitch} /etc/nsswitch.conf && exec \"$@\"",
                "sh")

    def close(self):
        self.socket.close()
