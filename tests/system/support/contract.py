"""api/openapi.yaml as a judge: every response that a test gets must be one that it describes."""

import datetime
import functools
import pathlib
import re
import uuid

import jsonschema
import yaml

FILE = pathlib.Path(__file__).resolve().parents[3] / "api" / "openapi.yaml"
formats = jsonschema.FormatChecker(formats=())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@formats.checks("uuid", raises=ValueError)
def is_uuid(value):
    return not isinstance(value, str) or str(uuid.UUID(value)) == value


@formats.checks("date-time", raises=ValueError)
def is_time(value):
    """UTC with microseconds, as the description promises."""
    if not isinstance(value, str):
        return True
    datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return bool(TIME.fullmatch(value))


class Contract:
    def __init__(self):
        with open(FILE, encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        self.resolver = jsonschema.RefResolver("", self.document)
        self.routes = []
        for path, item in self.document["paths"].items():
            pattern = re.compile(re.sub(r"{\w+}", "[^/]+", path.replace(".", r"\.")))
            # A path without parameters goes before one with them that also matches.
            self.routes.append(("{" in path, pattern, item))
        self.routes.sort(key=lambda route: route[0])

    def _item(self, path):
        for _, pattern, item in self.routes:
            if pattern.fullmatch(path):
                return item
        return None

    def _follow(self, node):
        return self.resolver.resolve(node["$ref"])[1] if "$ref" in node else node

    def _described(self, method, path, status):
        item = self._item(path)
        operation = item.get(method.lower()) if item else None
        early = (400, 413, 414, 421, 429, 431, 501, 505)  # refused before any route is looked for
        if operation is None or (status in early and str(status) not in operation["responses"]):
            assert status in (*early, 404, 405), f"{method} {path}: an undescribed {status}"
            return self.document["components"]["responses"]["Limited" if status == 429 else "Problem"]
        assert str(status) in operation["responses"], \
            f"{method} {path}: {status} is not among {sorted(operation['responses'])}"
        return self._follow(operation["responses"][str(status)])

    @functools.lru_cache(maxsize=None)
    def _validator(self, method, path, status, media):
        response = self._described(method, path, status)
        content = response.get("content", {})
        if not content:
            return None, response
        assert media in content, f"{method} {path} {status}: media type {media!r}, expected {sorted(content)}"
        schema = content[media]["schema"]
        return jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=formats), response

    def judge(self, method, target, answer, tolerate=()):
        """Fails the test if the description does not know such an answer."""
        path = target.split("?", 1)[0]
        if answer.status in tolerate:
            return
        if answer.status in (400, 414, 431, 505) and "Content-Type" not in answer.headers:
            return  # no HTTP that could be understood: the library answers by itself
        if method == "HEAD" or not (path.startswith(("/api/", "/healthz", "/readyz")) or answer.status >= 400):
            return  # a page
        media = answer.headers.get("Content-Type", "").split(";")[0].strip()
        template = re.sub(r"/[0-9a-f-]{36}(?=/|$)", "/00000000-0000-0000-0000-000000000000", path)
        assert answer.status != 401 or answer.headers["WWW-Authenticate"] == 'ApiKey realm="Herald"', f"{method} {path}: 401"
        validator, response = self._validator(method, template, answer.status, media)
        for name, header in response.get("headers", {}).items():
            if name in ("Retry-After", "ETag", "Location"):
                assert answer.headers.get_all(name, []) != [], f"{method} {path} {answer.status}: no {name}"
        if validator is None:
            assert not answer.body, f"{method} {path} {answer.status} has a body"
            return
        value = answer.json if media.endswith("json") else answer.text
        for error in validator.iter_errors(value):
            where = "/".join(str(word) for word in error.absolute_path)
            raise AssertionError(f"{method} {path} {answer.status}: /{where}: {error.message}")
        if answer.status >= 400:
            assert value["status"] == answer.status


@functools.lru_cache(maxsize=1)
def contract():
    return Contract()
