"""Checks the OpenAPI file: openapi_lint.py FILE. References resolve, operations are named once, describe their
refusals and their parameters, examples are valid, nothing is left over."""

import re
import sys

import jsonschema
import yaml

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


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
        for path, method, _, operation in self.operations():
            where = f"{method.upper()} {path}"
            responses = operation.get("responses", {})
            secured = operation.get("security", self.document.get("security"))
            if secured and "401" not in responses:
                self.complain(where, "needs credentials, but describes no 401")
            if "requestBody" in operation:
                for status in ("400", "413", "415"):
                    if status not in responses:
                        self.complain(where, f"takes a body, but describes no {status}")
            for status, response in responses.items():
                self.response(f"{where} {status}", status, self.follow(response, where))

    def response(self, where, status, response):
        if not response.get("description"):
            self.complain(where, "no description")
        content = response.get("content", {})
        if status >= "400" and set(content) != {"application/problem+json"}:
            self.complain(where, "a refusal is an application/problem+json")
        if status == "204" and content:
            self.complain(where, "a 204 has no content")

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
        self.schemas(self.document["paths"], "#/paths")
        self.components()
        return self.complaints


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        complaints = Lint(yaml.safe_load(file)).run()
    for complaint in complaints:
        print(f"{sys.argv[1]}: {complaint}")
    sys.exit(1 if complaints else 0)


main()
