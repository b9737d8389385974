"""
Requests made from api/openapi.yaml: valid and invalid bodies, parameters, paths and headers, by a seeded random. What
is made says what is known of it: whether it must be refused.
"""

import json
import string
import urllib.parse
import uuid

import jsonschema

from .contract import contract
from .examples import ExampleWorld, QUERY

DEEP = 40  # more than --json-depth
TEXTS = ["", " ", "a", "Zoe\u0308", "Zoë", "\U0001f469\u200d\U0001f52c", "שלום \u200fمرحبا", "\ufeff", "\uffff", "\u2028", "\x01\x1f\x7f",
         "'; DROP TABLE employee; --", "%00", "../../etc/passwd", "<script>", "${jndi:x}", "a\r\nX-Odd: 1", "null", "0", "-1",
         "NaN", "1e999", "١٢٣", "A\u030a" * 40, "\U0001f600" * 40, "%s%n", "\\", '"', "\u00a0"]
NUMBERS = [0, -0.0, 1, -1, 0.5, 1e308, 5e-324, 2**31, -2**31 - 1, 2**53 + 1, 2**63 - 1, 2**63, -2**63, -2**63 - 1, 10**30]
IDS = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "", "x", "0", "null",
       "0193b3a0-0001-7000-8000-00000000000", "0193b3a0-0001-7000-8000-0000000000011", "0193b3a000017000800000000000000a",
       "{0193b3a0-0001-7000-8000-000000000001}", "%00", "..", "a" * 500, "\U0001f419"]
# One field of each type, with what defines it besides; and a value that it takes.
FIELDS = {
    "text": ({}, "spring"), "long_text": ({}, "a\nb"), "integer": ({"limits": {"min": -5, "max": 99}}, 7),
    "decimal": ({"limits": {"scale": 3}}, "12.345"), "money": ({"limits": {"currency": "EUR"}}, "99.90"),
    "yes_no": ({}, True), "date": ({}, "2030-02-28"), "datetime": ({}, "2030-02-28T12:00:00+02:00"),
    "single_select": ({"options": ["A", "B"]}, "A"), "multi_select": ({"options": ["A", "B", "C"]}, ["C", "A"]),
    "status": ({"options": ["New", "Done"]}, "Done"), "rating": ({}, 5), "email": ({}, "x@y.test"),
    "phone": ({}, "+1 555 010 0199"), "url": ({}, "https://example.test/a?b=c"), "team_member": ({}, "alex"),
    "record": ({}, "maria"), "tags": ({}, ["red", "Zoe\u0308"]),
}
VALUES = [value for _, value in FIELDS.values()] + [
    "0.0000000001", "-92233720368547758.08", "1e5", "100", "2030-02-29", "0000-00-00", "+0", "javascript:alert(1)", "@",
    ["A", "A"], ["nobody"], [["A"]], {"id": None}, {"name": "A"}, 6, -1, 1.0, 1.5, "", [], None]
KEYS_REFUSED = ["k" * 300, "key with blanks", ""]
# What breaks the text of a body, whatever it says: (name, how). Each must be refused.
RAW = {
    "cut off": lambda rng, body: body[:rng.randrange(len(body))],
    "text after it": lambda rng, body: body + rng.choice([b"x", b"{}", b",", b"\x00"]),
    "a byte order mark": lambda rng, body: b"\xef\xbb\xbf" + body,
    "a nul byte": lambda rng, body: inserted(rng, body, b"\x00"),
    "no UTF-8": lambda rng, body: inserted(rng, body, rng.choice([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x82"])),
    "too deep": lambda rng, body: with_member(body, b"[" * DEEP + b"]" * DEEP),
    "too many values": lambda rng, body: with_member(body, b"[" + b"0," * 20_000 + b"0]"),
    "a lone surrogate": lambda rng, body: with_member(body, b'"\\ud800"'),
    "an escaped nul": lambda rng, body: with_member(body, b'"a\\u0000"'),
    "a number that no double holds": lambda rng, body: with_member(body, rng.choice([b"1e999", b"-1e400", b"9" * 400])),
    "a member twice": lambda rng, body: with_member(with_member(body, b"1"), b"1"),
    "no object": lambda rng, body: rng.choice([b"[]", b"null", b"7", b'"x"', b"[" + body + b"]"]),
    "nothing": lambda rng, body: rng.choice([b"", b" ", b"\n\n"]),
}


def inserted(rng, body, what):
    at = rng.randrange(1, len(body))
    return body[:at] + what + body[at:]


def with_member(body, value):
    return body[:-1] + (b"," if len(body) > 2 else b"") + b'"odd":' + value + b"}"


class GeneratedWorld(ExampleWorld):
    """With fields of all types, that what is sent has something to get wrong."""

    def _make_sales_call(self):
        made = super()._make_sales_call()
        self._add_all_fields(f"/api/activities/objects/{made}/fields")
        return made

    def _make_vehicles(self):
        made = super()._make_vehicles()
        self._add_all_fields(f"/api/records/objects/{made}/fields")
        return made

    def _add_all_fields(self, path):
        for kind, (more, _) in FIELDS.items():
            self._add(path, {"name": "f_" + kind, "display_name": kind, "field_type": kind, **more})


class Maker:
    """Values that fit a schema, with ids of a world's things."""

    def __init__(self, rng, world):
        self.rng, self.world = rng, world

    def value(self, schema, name="", depth=0):
        schema = contract()._follow(schema)
        rng = self.rng
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return rng.choice(schema["enum"])
        if "allOf" in schema:
            return {k: v for part in schema["allOf"] for k, v in self.value(part, name, depth).items()}
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return self.value(rng.choice(schema[key]), name, depth)
        kind = schema.get("type", ["string", "integer", "boolean", "null", "number", "array"] if depth < 6 else "null")
        kind = rng.choice(kind) if isinstance(kind, list) else kind
        return getattr(self, "_" + kind)(schema, name, depth)

    def _null(self, *_):
        return None

    def _boolean(self, *_):
        return self.rng.random() < 0.5

    def _integer(self, schema, *_):
        least, most = schema.get("minimum", -1000), schema.get("maximum", 100_000)
        return self.rng.choice([least, most, schema.get("default", least), self.rng.randint(least, most)])

    def _number(self, schema, *_):
        return self.rng.choice([0, 1.5, -2, self._integer(schema)])

    def _given_fields(self):
        """Values by the names of fields: often those that fit."""
        rng, given = self.rng, []
        for kind in rng.sample(list(FIELDS), rng.randint(0, 5)):
            value = FIELDS[kind][1] if rng.random() < 0.8 else rng.choice(VALUES)
            value = self.world.id(value) if value in ("alex", "maria") else value
            given.append({"name": "f_" + kind, "value": value})
        return given

    def _array(self, schema, name, depth):
        if name == "fields" and "value" in contract()._follow(schema.get("items", {})).get("properties", {}):
            return self._given_fields()
        most = min(schema.get("maxItems", 4), 4)
        count = self.rng.randint(min(schema.get("minItems", 0), most), most)
        made = [self.value(schema.get("items", {}), name, depth + 1) for _ in range(count)]
        return made if not schema.get("uniqueItems") else list({json.dumps(m): m for m in made}.values())

    def _object(self, schema, _name, depth):
        required = schema.get("required", [])
        made = {}
        for name, member in schema.get("properties", {}).items():
            if name in required or self.rng.random() < (0.5 if depth < 3 else 0.1):
                made[name] = self.value(member, name, depth + 1)
        return made

    def _string(self, schema, name, _depth):
        rng = self.rng
        shaped = {"uuid": lambda: self.some_id(name), "date-time": self.time, "date": lambda: "2030-02-28",
                  "email": lambda: f"{rng.getrandbits(40):x}@example.test", "uri": lambda: "https://example.test/hook"}
        if schema.get("format") in shaped:
            return shaped[schema["format"]]()
        if schema.get("examples"):
            return rng.choice(schema["examples"])
        least, most = schema.get("minLength", 0), schema.get("maxLength", 60)
        if "pattern" in schema:
            return "".join(rng.choice("abcdef") for _ in range(max(least, min(8, most))))
        length = rng.choice([least, most, rng.randint(least, min(most, least + 40))]) if most <= 20_000 else least + 3
        letters = rng.choice([string.ascii_letters, "äßœ漢字", "\U0001f419\U0001f600", "שלום", string.ascii_letters])
        return "".join(rng.choice(letters) for _ in range(length))

    def time(self):
        return self.rng.choice(["2031-05-04T10:00:00Z", "2031-05-04T10:00:00.123456+02:00", "2024-02-29T23:59:59Z",
                                "1970-01-01T00:00:01Z", "2099-12-31T23:59:59.999999Z"])

    def some_id(self, name):
        wanted = QUERY.get(name)
        if wanted and self.rng.random() < 0.8:
            return self.world.id(wanted)
        return self.rng.choice(list(self.world.ids.values()))


class Breaker:
    """Makes one or more places of a value wrong, or odd."""

    def __init__(self, rng, strangers):
        self.rng, self.strangers = rng, strangers  # ids of another Business

    def broken(self, value, schema):
        for _ in range(self.rng.choice([1, 1, 1, 2, 4])):
            value = self._at_some_place(value, schema)
        return value

    def _at_some_place(self, value, schema):
        schema = contract()._follow(schema)
        rng = self.rng
        if isinstance(value, dict) and value and rng.random() < 0.85:
            name = rng.choice(list(value))
            changed = dict(value)
            if rng.random() < 0.15:
                del changed[name]
            elif rng.random() < 0.1:
                changed[rng.choice(["odd", "", "a/b~c", "\U0001f419", name + "_", name.upper(), "x" * 300])] = self.odd({})
            else:
                changed[name] = self._at_some_place(value[name], schema.get("properties", {}).get(name, {}))
            return changed
        if isinstance(value, list) and value and rng.random() < 0.7:
            at = rng.randrange(len(value))
            inner = schema.get("items", {})
            return rng.choice([
                lambda: value[:at] + [self._at_some_place(value[at], inner)] + value[at + 1:],
                lambda: value + [value[at]],
                lambda: [value[at]] * (schema.get("maxItems", 150) + 1),
                lambda: value[:at] + value[at + 1:]])()
        return self.odd(schema)

    def odd(self, schema):
        rng = self.rng
        choices = [
            lambda: None, lambda: rng.choice(TEXTS), lambda: rng.choice(NUMBERS), lambda: rng.random() < 0.5,
            lambda: [], lambda: {}, lambda: [[]], lambda: {"id": None}, lambda: [None], lambda: "x" * 100_000,
            lambda: rng.choice(IDS), lambda: str(uuid.UUID(int=rng.getrandbits(128))), lambda: rng.choice(self.strangers),
            lambda: rng.choice(VALUES), lambda: [rng.choice(self.strangers)] * 3, lambda: "2031-02-30T10:00:00Z", lambda: "99999-01-01T00:00:00Z"]
        if "maxLength" in schema and schema["maxLength"] <= 20_000:
            choices += [lambda: "ü" * (schema["maxLength"] + 1), lambda: "\U0001f419" * schema["maxLength"]] * 3
        if "maximum" in schema:
            choices += [lambda: schema["maximum"] + 1, lambda: schema["minimum"] - 1] * 3
        return rng.choice(choices)()


class Request:
    """One request: what is sent, and what is known of it."""

    def __init__(self, operation):
        self.operation = operation
        self.method, self.target, self.headers, self.body = operation.method, None, {}, None
        self.wrong = None  # why it must be refused; None: nobody knows
        self.value = None  # what the body says, if it can be read
        self.readable = True  # no reason for a 400

    def __str__(self):
        body = "" if self.body is None else f" {self.body[:500]!r}{'…' if len(self.body) > 500 else ''}"
        return f"{self.method} {self.target[:300]} {self.headers}{body} [{self.wrong or 'may be right'}]"


class Generator:
    """Requests for the operations of a world, with ids of a foreign one among them."""

    def __init__(self, rng, world, foreign):
        self.rng, self.world, self.foreign = rng, world, foreign
        self.maker = Maker(rng, world)
        self.breaker = Breaker(rng, list(foreign.ids.values()))

    def request(self, operation):
        request = Request(operation)
        self._path(request)
        self._query(request)
        if operation.content:
            self._body(request)
        self._headers(request)
        return request

    # ── path ──

    def _path(self, request):
        path = request.operation.path
        for parameter in request.operation.parameters:
            if parameter["in"] == "path":
                name = parameter["name"]
                path = path.replace("{" + name + "}", self._segment(request, request.operation.place(name)))
        request.target = path

    def _segment(self, request, thing):
        draw = self.rng.random()
        if draw < 0.85:
            return self.world.id(thing)
        if draw < 0.9:
            request.wrong = "a path into another Business"
            return self.foreign.id(thing)
        if draw < 0.95:
            request.wrong = "a path to nothing"
            return str(uuid.UUID(int=self.rng.getrandbits(128)))
        request.wrong, request.readable = "a path that is none", False
        return urllib.parse.quote(self.rng.choice(IDS) or "%", safe="%")

    # ── query ──

    def _query(self, request):
        listed = request.operation.in_query()
        pairs = []
        for parameter in listed:
            if parameter.get("required") or self.rng.random() < min(0.3, 1 / len(listed)):
                pairs.append((parameter["name"], self._parameter(request, parameter)))
        draw = self.rng.random()
        if draw < 0.05:
            pairs.append((self.rng.choice(["odd", "", "limit[]", "\U0001f419", "Limit"]), self.rng.choice(TEXTS)))
            request.wrong = request.wrong or (None if request.operation.wire else "an unknown parameter")
            request.readable = False
        elif draw < 0.08 and pairs:
            pairs.append(self.rng.choice(pairs))
            request.readable = False
            request.wrong = request.wrong or (None if request.operation.wire else "a parameter twice")
        if pairs:
            request.target += "?" + urllib.parse.urlencode(pairs, errors="surrogatepass")

    def _parameter(self, request, parameter):
        rng, schema = self.rng, contract()._follow(parameter["schema"])
        if rng.random() < 0.6 and parameter["name"] != "cursor":
            return self.world.query_value(parameter)
        request.readable = False
        odd = [lambda: rng.choice(TEXTS), lambda: rng.choice(IDS), lambda: str(rng.choice(NUMBERS)),
               lambda: rng.choice(self.breaker.strangers), lambda: "x" * 3000]
        if schema.get("type") == "integer":
            odd += [lambda: str(rng.choice([schema.get("minimum", 0) - 1, schema.get("maximum", 0) + 1, "+5", " 5", "5 "]))] * 4
        if parameter["name"] == "cursor":
            odd += [lambda: "bnxudWxs", lambda: "bnwwfDAxOTNiM2EwLTAwMDEtNzAwMC04MDAwLTAwMDAwMDAwMDAwMXw", lambda: "====",
                    lambda: "cHwtMXwwMTkzYjNhMC0wMDAxLTcwMDAtODAwMC0wMDAwMDAwMDAwMDF8w6k"] * 2
        return rng.choice(odd)()

    # ── body ──

    def _body(self, request):
        schema = request.operation.content["schema"]
        value = self._value(request, schema)
        draw = self.rng.random()
        if draw > 0.35:
            value = self.breaker.broken(value, schema)
        request.value = value
        request.readable &= isinstance(value, dict)
        request.body = json.dumps(value, ensure_ascii=self.rng.random() < 0.5).encode("utf-8", "surrogatepass")
        if not fits(value, schema):
            request.wrong = request.wrong or "a body that its schema does not allow"
        if draw > 0.88 and isinstance(value, dict) and "odd" not in value:
            how = self.rng.choice(list(RAW))
            request.body = RAW[how](self.rng, request.body)
            request.wrong, request.readable = how, False

    def _value(self, request, schema):
        """What may be right."""
        draw, path = self.rng.random(), request.target.split("?")[0]
        if path.endswith("/fields/order") and not request.wrong and draw < 0.5:
            fields = self.world.api.get(path.rsplit("/", 1)[0]).json["results"]
            own = [field["id"] for field in fields if not field["standard"]]
            return {"fields": self.rng.sample(own, len(own))}
        if draw < 0.7:
            return self.world.replaced(self.rng.choice(list(request.operation.examples.values())))
        return self.maker.value(schema)

    # ── headers ──

    def _headers(self, request):
        operation, rng = request.operation, self.rng
        if request.body is not None:
            request.headers["Content-Type"] = "application/json"
            if rng.random() < 0.02:
                request.headers["Content-Type"] = rng.choice(["text/plain", "application/xml", "application/jsonx"])
                request.wrong, request.readable = "another media type", False
        if operation.takes("If-Match"):
            self._if_match(request)
        if operation.takes("Idempotency-Key") and rng.random() < 0.5:
            request.headers["Idempotency-Key"] = rng.choice(["a", f"{rng.getrandbits(64):x}"] * 3 + KEYS_REFUSED)
            request.readable &= request.headers["Idempotency-Key"] not in KEYS_REFUSED

        if operation.takes("Last-Event-ID") and rng.random() < 0.3:
            request.headers["Last-Event-ID"] = rng.choice(["", "x", "1", "bnxudWxs", "9" * 300, "0:0", "-1", "a b"])
            request.readable = False

    def _if_match(self, request):
        draw, path = self.rng.random(), request.target.split("?")[0]
        if draw < 0.85:
            request.headers.update(self.world.if_match(path) if not request.wrong else {"If-Match": '"1"'})
            return
        odd = self.rng.choice([None, "", "*", '"0"', '"-1"', '"999999"', "1", '"x"', 'W/"1"', '"1", "2"', '"' + "9" * 60 + '"'])
        if odd is not None:
            request.headers["If-Match"] = odd
        if self._is_required(request.operation):
            request.wrong = request.wrong or "an If-Match that is not its ETag"

    @staticmethod
    def _is_required(operation):
        return any(p["name"] == "If-Match" and p.get("required") for p in operation.parameters)


def names_a_place(pointer, value):
    """Whether a JSON pointer leads to a member of the value, or to one that is missing from it."""
    if pointer[:1] != "/":
        return False
    for word in pointer[1:].split("/"):
        word = word.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and word.isdigit():
            if int(word) >= len(value):
                return False
            value = value[int(word)]
        elif isinstance(value, dict) and word in value:
            value = value[word]
        else:
            return True  # a member that is missing, from here on; a long name is cut
    return True


def without_null(value):
    """A member that is null counts as absent."""
    if isinstance(value, dict):
        return {name: without_null(member) for name, member in value.items() if member is not None}
    return [without_null(member) for member in value] if isinstance(value, list) else value


def fits(value, schema):
    validator = jsonschema.Draft202012Validator(schema, resolver=contract().resolver, format_checker=lenient)
    return validator.is_valid(value) or validator.is_valid(without_null(value))


# Of what callers send: a UUID in any case, a time with any offset. The program says more precisely what it takes.
lenient = jsonschema.FormatChecker(formats=())


@lenient.checks("uuid", raises=ValueError)
def is_uuid(value):
    return not isinstance(value, str) or str(uuid.UUID(value)) == value.lower()


