"""A person with a browser: signs in, keeps the cookie, sends what a browser sends."""

import subprocess

from .api import Api
from .server import program

PASSWORD = "correct horse battery"


def set_password(server, user, password=PASSWORD, check=True):
    """herald admin employee password, which reads it from its standard input."""
    done = subprocess.run([program(), "admin", *server.place, "employee", "password", "--user", user],
                          input=password + "\n", capture_output=True, text=True, check=False, timeout=120)
    if check:
        assert done.returncode == 0, done.stderr
        server.secrets.add(password)
    return done


class Person(Api):
    """`credentials` are the cookie and what goes with writes."""

    def __init__(self, server):
        super().__init__(server)
        self.credentials = {"Origin": f"http://{server.address}", "X-Herald-Session": "1"}

    def request(self, method, target, body=None, headers=None):
        self.disconnect()  # a clock that a test moves ends kept connections as it likes
        answer = super().request(method, target, body, headers)
        cookie = answer.headers.get("Set-Cookie")
        if cookie:
            value = cookie.split(";")[0].split("=", 1)[1]
            self.credentials.pop("Cookie", None)
            if value:
                self.credentials["Cookie"] = f"herald_session={value}"
                self.server.secrets.add(value)
        return answer

    @property
    def cookie(self):
        return self.credentials.get("Cookie")

    def sign_in(self, email="alex@acme.test", password=PASSWORD, headers=None, **more):
        return self.post("/api/session", {"email": email, "password": password, **more}, headers=headers)

    @property
    def signed_in(self):
        return self.get("/api/session").status == 200


def signed_in(server, **more):
    person = Person(server)
    answer = person.sign_in(**more)
    assert answer.status == 201, answer
    return person
