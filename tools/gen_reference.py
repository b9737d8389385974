"""Makes the page at /reference from the OpenAPI file: gen_reference.py OPENAPI.yaml OUTPUT.html

Static HTML: no script, nothing that is not on this server. Its styles are api/reference.css."""

import html
import json
import re
import sys

import yaml

METHODS = ("get", "post", "put", "patch", "delete")
CREDENTIALS = ('-H "X-API-KEY: $KEY"', '-H "X-BUSINESS-ID: $BUSINESS"', '-H "X-USER-ID: $USER_ID"')
WORDS = {"string": "text", "integer": "whole number", "boolean": "true or false"}
FORMATS = {"uuid": "UUID", "date-time": "date and time", "date": "date", "email": "email address", "uri": "URL"}
MARK = ('<svg width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M2.5 13.5 15 9.2l5.5-3.7v11L15 '
        '13.6l-11.5 2z" fill="currentColor" fill-opacity=".22"/><path d="M7 15v5.5l2.2-1.5 2.3 1.5v-6.3"/></svg>')


WIDTH = 76


def escape(text):
    return html.escape(str(text), quote=True)


def breaking(path):
    """A path that breaks between its parts where there is no room."""
    return escape(path).replace("/", "/<wbr>")


def shown(value, indent=""):
    """JSON as a person would write it: on one line what fits on one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or len(indent) + len(line) <= WIDTH:
        return line
    deeper = indent + "  "
    parts = [f"{deeper}{json.dumps(n, ensure_ascii=False)}: {shown(v, deeper)}" for n, v in value.items()] \
        if isinstance(value, dict) else [deeper + shown(v, deeper) for v in value]
    left, right = "{}" if isinstance(value, dict) else "[]"
    return left + "\n" + ",\n".join(parts) + f"\n{indent}{right}"


# ── Descriptions: the little Markdown that they use ─────────────────────────────────────────────────────────


LINKED = set()  # names of schemas: as code in a description they are links


def code(word):
    return f'<a href="#schema-{word}">{word}</a>' if word in LINKED else f"<code>{escape(word)}</code>"


def inline(text):
    parts = re.split(r"(`[^`]+`|\*\*[^*]+\*\*)", " ".join(text.split()))
    return "".join(code(p[1:-1]) if p.startswith("`") and len(p) > 1 else
                   f"<strong>{escape(p[2:-2])}</strong>" if p.startswith("**") else escape(p) for p in parts)


def table(lines):
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]
    head, body = rows[0], rows[2:]
    return ('<table><thead><tr>' + "".join(f"<th scope=\"col\">{inline(cell)}</th>" for cell in head)
            + "</tr></thead><tbody>"
            + "".join("<tr>" + "".join(f"<td>{inline(cell)}</td>" for cell in row) + "</tr>" for row in body)
            + "</tbody></table>")


def block(text):
    lines = [line.strip() for line in text.splitlines()]
    if text.startswith("    "):
        return f"<pre><code>{escape(re.sub('^    ', '', text, flags=re.MULTILINE))}</code></pre>"
    if lines[0].startswith("## "):
        return f"<h2>{inline(lines[0][3:])}</h2>" + (block("\n".join(lines[1:])) if lines[1:] else "")
    if all(line.startswith("|") for line in lines):
        return table(lines)
    if lines[0].startswith("- "):
        items = re.split(r"^- ", "\n".join(lines), flags=re.MULTILINE)[1:]
        return "<ul>" + "".join(f"<li>{inline(item)}</li>" for item in items) + "</ul>"
    return f"<p>{inline(text)}</p>"


def prose(text):
    """Blocks of a description; "" for none."""
    return "".join(block(part) for part in re.split(r"\n\s*\n", (text or "").rstrip()) if part.strip())


# ── The document ────────────────────────────────────────────────────────────────────────────────────────────


class Reference:
    def __init__(self, document):
        self.document = document
        self.schemas = document["components"]["schemas"]
        self.sent = set()  # names of the schemas of what callers send
        for _, _, _, operation in (o for tag in self.tags() for o in self.operations(tag["name"])):
            self.collect(operation.get("requestBody", {}))

    def follow(self, node):
        while "$ref" in node:
            target = self.document
            for word in node["$ref"][2:].split("/"):
                target = target[word]
            node = target
        return node

    def operations(self, tag):
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item and next(t for t in item[method]["tags"] if t != "wire") == tag:
                    yield method, path, item, item[method]

    def collect(self, node):
        """Adds the names of all schemas that a node refers to, near and far, to those that are sent."""
        if isinstance(node, list):
            for part in node:
                self.collect(part)
        elif isinstance(node, dict):
            name = node.get("$ref", "").rsplit("/", 1)[-1] if isinstance(node.get("$ref"), str) else ""
            if name in self.schemas and name not in self.sent:
                self.sent.add(name)
                self.collect(self.schemas[name])
            for part in node.values():
                self.collect(part)

    # ── schemas ──

    def type_of(self, schema):
        """A schema in a few words, as HTML; a named one is a link."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            target = self.follow(schema)
            if "properties" in target or "allOf" in target or "enum" in target or "oneOf" in target:
                return f'<a href="#schema-{name}">{name}</a>'
            return self.type_of(target)
        if "const" in schema:
            return f"<code>{escape(json.dumps(schema['const']))}</code>"
        if "enum" in schema:
            return "one of " + ", ".join(f"<code>{escape('null' if v is None else v)}</code>" for v in schema["enum"])
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return " or ".join(dict.fromkeys(self.type_of(part) for part in schema[key]))
        if "allOf" in schema:
            return " with ".join(self.type_of(part) for part in schema["allOf"])
        return self.plain_type(schema)

    def plain_type(self, schema):
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        words = []
        for kind in kinds:
            if kind == "array":
                words.append("array of " + self.type_of(schema.get("items", {})))
            elif kind == "string":
                words.append(FORMATS.get(schema.get("format"), WORDS["string"]))
            else:
                words.append(WORDS.get(kind, kind))
        return " or ".join(words) or "any value"

    @staticmethod
    def bounds(schema):
        """What else a schema says of a value, in words."""
        said = []
        if "minLength" in schema or "maxLength" in schema:
            least, most = schema.get("minLength", 0), schema.get("maxLength")
            said.append(f"{least} to {most} characters" if most is not None else f"at least {least} characters")
        if "minimum" in schema or "maximum" in schema:
            least, most = schema.get("minimum"), schema.get("maximum")
            said.append(f"{least} to {most}" if None not in (least, most) else
                        f"at least {least}" if most is None else f"at most {most}")
        if "minItems" in schema or "maxItems" in schema:
            least, most = schema.get("minItems", 0), schema.get("maxItems")
            said.append(f"{least} to {most} elements" if most is not None else f"at least {least} elements")
        if "pattern" in schema:
            said.append(f"matches <code>{escape(schema['pattern'])}</code>")
        if "default" in schema:
            said.append(f"<code>{escape(json.dumps(schema['default'], ensure_ascii=False))}</code> if absent")
        return said

    def member(self, name, schema, required, sent=True):
        own = self.follow(schema) if "$ref" in schema else schema
        notes = "".join(f" <span>{note}</span>" for note in self.bounds(own))
        must = ' <span class="must">required</span>' if required and sent else \
            ' <span class="type">· may be absent</span>' if not required and not sent else ""
        inner = own.get("items", own) if "$ref" not in schema else {}
        nested = self.members(inner, sent) if "$ref" not in inner else ""
        return (f'<dt><code>{escape(name)}</code> <span class="type">{self.type_of(schema)}</span>{must}</dt>'
                f"<dd>{prose(schema.get('description') or own.get('description'))}"
                + (f'<p class="bounds">{notes}</p>' if notes else "") + nested + "</dd>")

    def members(self, schema, sent=True):
        """The members of an object, also of one that is put together; "" for what is none."""
        if "$ref" in schema and not self.follow(schema).get("properties"):
            return ""
        schema = self.follow(schema)
        parts = "".join(self.members(part, sent) for part in schema.get("allOf", []) if "$ref" not in part)
        rows = "".join(self.member(name, member, name in schema.get("required", []), sent)
                       for name, member in schema.get("properties", {}).items())
        return (f'<dl class="members">{rows}</dl>' if rows else "") + parts

    def schema_section(self, name, schema):
        also = [part for part in schema.get("allOf", []) if "$ref" in part]
        more = f"<p>All of {', '.join(self.type_of(part) for part in also)}, and:</p>" if also else ""
        kind = "" if "properties" in schema or also else f"<p>{self.type_of(schema)}</p>"
        return (f'<section class="schema" id="schema-{name}"><h3>{self.anchor("schema-" + name, name)}</h3>'
                + prose(schema.get("description")) + more + kind + self.members(schema, name in self.sent) + "</section>")

    # ── operations ──

    @staticmethod
    def anchor(target, text):
        return f'<a class="anchor" href="#{target}">{escape(text)}</a>'

    @staticmethod
    def method(method):
        return f'<span class="method" data-method="{method}">{method.upper()}</span>'

    @staticmethod
    def variable(name):
        """The shell's name for a part of a path; $OBJECT is an Activity Object in the guide."""
        return "$RECORD_OBJECT" if name == "object" else "$" + name.upper()

    def curl(self, method, path, operation, listed, example):
        target = re.sub(r"{(\w+)}", lambda match: self.variable(match.group(1)), path)
        query = "&".join(f"{p['name']}=${p['name'].upper()}" for p in listed if p["in"] == "query" and p.get("required"))
        documents = [p for p in listed if p["in"] == "query" and str(p.get("example", "")).startswith("{")]
        stream = any("text/event-stream" in self.follow(r).get("content", {}) for r in operation["responses"].values())
        words = ["curl -G" if documents else "curl -N" if stream else "curl" if method == "get" else
                 f"curl -X {method.upper()}"]
        words[0] += f' "$HERALD{target}{"?" + query if query else ""}"'
        if operation.get("security") != []:
            words.append(" ".join(CREDENTIALS))
        words += [f"--data-urlencode '{p['name']}={p['example']}'" for p in documents]
        words += ['-H "If-Match: $ETAG"' for p in listed if p["name"] == "If-Match"]
        if "requestBody" in operation:
            quoted = shown(example).replace("'", "'\\''")
            words += ['-H "Content-Type: application/json"', f"-d '{quoted}'"]
        command = escape(" \\\n  ".join(words))
        return f'<pre class="command"><code>{command}</code></pre>'

    def parameters(self, listed):
        rows = "".join(self.parameter(p) for p in listed)
        return f'<h4>Parameters</h4><dl class="members">{rows}</dl>' if rows else ""

    def parameter(self, parameter):
        schema = {**self.follow(parameter["schema"]), "description": parameter.get("description", "")} \
            if "properties" not in self.follow(parameter["schema"]) else parameter["schema"]
        row = self.member(parameter["name"], schema, parameter.get("required"))
        return row.replace("</code>", f'</code> <span class="place">in the {parameter["in"]} ·</span>', 1)

    def body(self, operation):
        content = operation["requestBody"]["content"]["application/json"]
        schema, examples = content["schema"], self.examples(content)
        named = "$ref" in schema
        shape = f"<p>{self.type_of(schema)}</p>" if named else ""
        more = "".join(
            f"<details><summary>Example: {escape(example.get('summary', name))}</summary>"
            f"{prose(example.get('description'))}"
            f"<pre><code>{escape(shown(example['value']))}</code></pre></details>"
            for name, example in list(examples.items())[1:])
        return f"<h4>Body</h4>{shape}{self.members(schema)}{more}"

    def examples(self, content):
        return {name: self.follow(example) for name, example in content.get("examples", {}).items()}

    def first_example(self, operation):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        return next((e["value"] for e in self.examples(content).values()), {})

    def response(self, status, response):
        response = self.follow(response)
        content = response.get("content", {})
        kinds = [self.type_of(body["schema"]) if media.endswith("json") else f"<code>{media}</code>"
                 for media, body in content.items() if media != "application/problem+json"]
        headers = "".join(f" <span>Header <code>{escape(name)}</code>: {inline(header.get('description', ''))}</span>"
                          for name, header in response.get("headers", {}).items())
        return (f'<dt><code class="status" data-class="{status[0]}">{status}</code> '
                f'<span class="type">{" or ".join(kinds)}</span></dt>'
                f"<dd>{prose(response['description'])}" + (f'<p class="bounds">{headers}</p>' if headers else "")
                + "</dd>")

    def responses(self, operation):
        shared = {"#/components/responses/Problem", "#/components/responses/Unavailable"}
        plain = [s for s, r in operation["responses"].items() if r.get("$ref") in shared]
        rows = "".join(self.response(s, r) for s, r in operation["responses"].items() if s not in plain)
        codes = " ".join(f'<code class="status" data-class="{s[0]}">{s}</code>' for s in plain)
        if plain:
            rows += (f'<dt>{codes} <span class="type"><a href="#schema-Problem">Problem</a></span></dt>'
                     "<dd><p>Refused, and nothing has changed; the codes are explained under "
                     '<a href="#about">About this API</a>.</p></dd>')
        return f'<h4>Answers</h4><dl class="members">{rows}</dl>'

    def operation(self, method, path, item, operation):
        name = operation["operationId"]
        listed = [self.follow(p) for p in item.get("parameters", []) + operation.get("parameters", [])]
        wire = '<span class="wire">wire</span>' if "wire" in operation["tags"] else ""
        free = "<p>Needs no credentials.</p>" if operation.get("security") == [] else ""
        return (f'<section class="operation" id="{name}">'
                f'<h3>{self.anchor(name, operation["summary"])}</h3>'
                f'<p class="line">{self.method(method)} <code>{breaking(path)}</code> {wire}</p>'
                + prose(operation.get("description")) + free
                + self.curl(method, path, operation, listed, self.first_example(operation))
                + self.parameters(listed) + (self.body(operation) if "requestBody" in operation else "")
                + self.responses(operation) + "</section>")

    # ── the page ──

    def tags(self):
        return [tag for tag in self.document["tags"] if tag["name"] != "wire" and any(self.operations(tag["name"]))]

    def contents(self):
        groups = "".join(
            f'<li><a href="#tag-{tag["name"]}">{escape(tag["name"].capitalize())}</a><ul>'
            + "".join(f'<li><a href="#{o["operationId"]}">{escape(o["summary"])}</a></li>'
                      for _, _, _, o in self.operations(tag["name"])) + "</ul></li>"
            for tag in self.tags())
        return (f'<nav class="contents" aria-label="Contents"><ul><li><a href="#about">About this API</a></li>{groups}'
                '<li><a href="#schemas">Schemas</a></li></ul></nav>')

    def tag_section(self, tag):
        name, listed = tag["name"], list(self.operations(tag["name"]))
        lines = "".join(f'<li>{self.method(m)} <a href="#{o["operationId"]}"><code>{breaking(p)}</code></a> '
                        f'<span>{escape(o["summary"])}</span></li>' for m, p, _, o in listed)
        return (f'<section id="tag-{name}" class="tag"><h2>{self.anchor("tag-" + name, name.capitalize())}</h2>'
                f'<p>{inline(tag["description"])}</p><ul class="overview">{lines}</ul>'
                + "".join(self.operation(*operation) for operation in listed) + "</section>")

    def page(self):
        info = self.document["info"]
        shown = [(n, s) for n, s in sorted(self.schemas.items()) if f'"#schema-{n}"' in self.type_of(
            {"$ref": f"#/components/schemas/{n}"})]
        LINKED.update(name for name, _ in shown)
        schemas = "".join(self.schema_section(name, schema) for name, schema in shown)
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(info["title"])} API reference</title>
<link rel="icon" href="favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="reference.css">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="bar"><p><a class="brand" href="./">{MARK} {escape(info["title"])}</a> <span>API reference</span></p>
<p><a href="api/openapi.yaml">openapi.yaml</a></p></header>
<div class="columns">
{self.contents()}
<main id="content" tabindex="-1">
<section id="about"><h1>{escape(info["title"])} API, version {escape(info["version"])}</h1>
{prose(info["description"])}</section>
{"".join(self.tag_section(tag) for tag in self.tags())}
<section id="schemas"><h2>{self.anchor("schemas", "Schemas")}</h2>{schemas}</section>
</main>
</div>
</body>
</html>
"""


def main():
    source, output = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    with open(output, "w", encoding="utf-8") as file:
        file.write(Reference(document).page())


if __name__ == "__main__":
    main()
