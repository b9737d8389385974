"""Checks the OpenAPI file: openapi_lint.py FILE. References resolve; operations are named once and describe their
parameters and every answer that the program can give; each body has examples, which are valid and name only ids that
tests can replace; what callers send is closed, unless it is wire, and what they get is open; nothing is left over."""

import json
import re
import sys

import jsonschema
import yaml

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What a schema of ours may say; anything else is a slip, such as an unquoted comma in a description.
KEYWORDS = {
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "default", "description", "enum", "examples",
    "exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maxProperties", "maximum",
    "minItems", "minLength", "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern", "properties",
    "propertyNames", "readOnly", "required", "title", "type", "uniqueItems",
}


class Lint:
    def __init__(self, document):
        self.document = document
        self.complaints = []
        self.used = set()

    def complain(self, where, what):
        self.complaints.append(f"{where}: {what}")

    def resolve(self, ref, where="?"):
        node = self.document
        if not ref.startswith("#/"):
            self.complain(where, f"reference outside this file: {ref}")
            return {}
        for word in ref[2:].split("/"):
            word = word.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or word not in node:
                self.complain(where, f"reference to nothing: {ref}")
                return {}
            node = node[word]
        return node

    def follow(self, node, where):
        return self.resolve(node["$ref"], where) if "$ref" in node else node

    def references(self, node, where):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                self.used.add(node["$ref"])
                self.resolve(node["$ref"], where)
            for key, value in node.items():
                self.references(value, f"{where}/{key}")
        elif isinstance(node, list):
            for i, value in enumerate(node):
                self.references(value, f"{where}/{i}")

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in METHODS & item.keys():
                yield path, method, item, item[method]

    def names(self):
        seen = {}
        for path, method, _, operation in self.operations():
            name = operation.get("operationId")
            where = f"{method.upper()} {path}"
            if not name:
                self.complain(where, "no operationId")
            elif name in seen:
                self.complain(where, f"operationId {name} is taken by {seen[name]}")
            seen[name] = where
            for key in ("summary", "tags", "responses"):
                if not operation.get(key):
                    self.complain(where, f"no {key}")

    def parameters(self):
        for path, method, item, operation in self.operations():
            where = f"{method.upper()} {path}"
            listed = [self.follow(p, where) for p in item.get("parameters", []) + operation.get("parameters", [])]
            in_path = {p["name"] for p in listed if p.get("in") == "path"}
            if in_path != set(re.findall(r"{(\w+)}", path)):
                self.complain(where, "path parameters and the path disagree")
            for parameter in listed:
                if parameter.get("in") == "path" and not parameter.get("required"):
                    self.complain(where, f"path parameter {parameter['name']} must be required")

    def responses(self):
        for path, method, item, operation in self.operations():
            where = f"{method.upper()} {path}"
            responses = operation.get("responses", {})
            for status, why in self.expected(path, method, item, operation):
                if status not in responses:
                    self.complain(where, f"{why}, but describes no {status}")
            for status, response in responses.items():
                self.response(f"{where} {status}", status, self.follow(response, where))

    def expected(self, path, method, item, operation):
        """Statuses that such an operation can answer with, and why."""
        secured = operation.get("security", self.document.get("security"))
        wire = "wire" in operation.get("tags", [])
        listed = [self.follow(p, path) for p in item.get("parameters", []) + operation.get("parameters", [])]
        if secured:
            yield from ((status, "needs credentials and a database") for status in ("401", "503"))
            if method != "get":
                yield "403", "is a write, which a browser may try without its header"
        if "requestBody" in operation:
            yield from ((status, "takes a body") for status in ("400", "413", "415", "422"))
        if not wire and secured:
            yield "400", "refuses unknown parameters"
        if "{" in path:
            yield "404", "names something in its path"
        for match in (p for p in listed if p.get("name") == "If-Match"):
            yield "412", "takes If-Match"
            if match.get("required"):
                yield "428", "needs If-Match"

    def response(self, where, status, response):
        if not response.get("description"):
            self.complain(where, "no description")
        content = response.get("content", {})
        if status >= "400" and set(content) != {"application/problem+json"}:
            self.complain(where, "a refusal is an application/problem+json")
        if status == "204" and content:
            self.complain(where, "a 204 has no content")
        if status >= "500" and status != "503":
            self.complain(where, "the program must never answer so")
        for body in content.values():
            schema = self.follow(body.get("schema", {}), where)
            missing = {"results", "next", "previous"} - set(schema.get("required", []))
            if "results" in schema.get("properties", {}) and missing:
                self.complain(where, f"a list always has {', '.join(sorted(missing))}")

    # ── bodies ──

    def bodies(self):
        known = set(self.document.get("x-example-ids", {}).values())
        for path, method, _, operation in self.operations():
            content = self.follow(operation.get("requestBody", {}), path).get("content", {})
            for media in content.values():
                where = f"{method.upper()} {path}"
                examples = [self.follow(e, where).get("value") for e in media.get("examples", {}).values()]
                if not examples:
                    self.complain(where, "takes a body, but has no named example of one")
                for unknown in set(UUID.findall(json.dumps(examples))) - known:
                    self.complain(where, f"{unknown} in an example is not among x-example-ids")

    def reached(self, node, found):
        """All object schemas within a node, near and far, by identity."""
        if isinstance(node, list):
            for part in node:
                self.reached(part, found)
        elif isinstance(node, dict) and id(node) not in found:
            if isinstance(node.get("$ref"), str):
                self.reached(self.resolve(node["$ref"]), found)
            found[id(node)] = node
            for key, part in node.items():
                if key not in ("examples", "example", "default", "enum", "const"):
                    self.reached(part, found)
        return found

    def openness(self):
        """Own input is closed, so that a slip is found; wire input and all answers are open, so that they can grow."""
        own, wire, answers = {}, {}, {}
        for _, _, _, operation in self.operations():
            self.reached(operation.get("requestBody", {}), wire if "wire" in operation.get("tags", []) else own)
            self.reached(operation.get("responses", {}), answers)
        names = {id(s): n for n, s in self.document.get("components", {}).get("schemas", {}).items()}
        for key, schema in {**own, **wire, **answers}.items():
            if not isinstance(schema.get("properties"), dict) or schema.get("type") != "object":
                continue
            where = names.get(key) or f"an object with {', '.join(schema['properties'])}"
            closed = schema.get("additionalProperties") is False
            if closed and (key in wire or key in answers and key not in own):
                self.complain(where, "must take members that are not known (no additionalProperties: false)")
            if not closed and key in own and key not in wire and key not in answers:
                self.complain(where, "is Herald's own input and needs additionalProperties: false")

    def example_ids(self):
        ids = self.document.get("x-example-ids", {})
        for name, value in ids.items():
            if not UUID.fullmatch(str(value)):
                self.complain(f"x-example-ids {name}", f"{value} is no UUID")
        if len(set(ids.values())) != len(ids):
            self.complain("x-example-ids", "an id has two names")

    # ── schemas and their examples ──

    def schemas(self, node, where):
        """Each schema is one; each example fits its schema."""
        if isinstance(node, dict):
            schema = node.get("schema") if isinstance(node.get("schema"), dict) else None
            if schema is not None:
                self.schema(schema, where)
                if "example" in node:
                    self.example(schema, node["example"], where)
                for name, example in node.get("examples", {}).items():
                    self.example(schema, self.follow(example, where).get("value"), f"{where} {name}")
            for key, value in node.items():
                self.schemas(value, f"{where}/{key}")
        elif isinstance(node, list):
            for i, value in enumerate(node):
                self.schemas(value, f"{where}/{i}")

    def schema(self, schema, where):
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            self.complain(where, f"not a schema: {error.message}")
        self.keywords(schema, where)

    def keywords(self, schema, where):
        """Goes through a schema and those within it, by the keywords that hold schemas."""
        if not isinstance(schema, dict):
            return
        for key in schema.keys() - KEYWORDS:
            self.complain(where, f"a schema has no '{key}'; is a comma within a text not quoted?")
        inner = list(schema.get("properties", {}).values()) + schema.get("allOf", []) + schema.get("oneOf", []) + \
            schema.get("anyOf", []) + [schema.get("items"), schema.get("additionalProperties")]
        for part in inner:
            self.keywords(part, where)

    def example(self, schema, value, where):
        resolver = jsonschema.RefResolver("", self.document)
        validator = jsonschema.Draft202012Validator(schema, resolver=resolver)
        for error in validator.iter_errors(value):
            self.complain(where, f"the example does not fit: {error.message}")

    def components(self):
        for kind, members in self.document.get("components", {}).items():
            for name, member in members.items():
                where = f"#/components/{kind}/{name}"
                if kind == "schemas":
                    self.schema(member, where)
                    for example in member.get("examples", []):
                        self.example(member, example, where)
                if kind != "securitySchemes" and where not in self.used:
                    self.complain(where, "used by nobody")
        known = self.document.get("components", {}).get("securitySchemes", {})
        for scheme in (s for entry in self.document.get("security", []) for s in entry):
            if scheme not in known:
                self.complain("security", f"unknown scheme {scheme}")

    def run(self):
        if not str(self.document.get("openapi", "")).startswith("3.1."):
            self.complain("openapi", "not OpenAPI 3.1")
        self.references(self.document, "#")
        self.names()
        self.parameters()
        self.responses()
        self.bodies()
        self.openness()
        self.example_ids()
        self.schemas(self.document["paths"], "#/paths")
        self.components()
        return list(dict.fromkeys(self.complaints))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        complaints = Lint(yaml.safe_load(file)).run()
    for complaint in complaints:
        print(f"{sys.argv[1]}: {complaint}")
    sys.exit(1 if complaints else 0)


main()
