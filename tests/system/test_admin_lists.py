"""What herald admin shows of what is there: columns for people, JSON for programs."""

import yaml

from support.server import ROOT, run
from support.world import World


def people(server, *words):
    """The lines that a person sees."""
    return run("admin", *server.place, *words, env=server.env).stdout.splitlines()


def test_lists_of_the_example(make_server):
    server = make_server()
    run("admin", *server.place, "apply", "--file", str(ROOT / "examples" / "business.yaml"))
    [business] = server.admin("business", "list")["results"]
    assert (business["name"], business["employees"]) == ("Acme Field Services", 2)
    shown = server.admin("business", "show", "--business", "Acme Field Services")
    assert shown["business_id"] == business["id"] and shown["employees"] == "2"
    groups = server.admin("group", "list")["results"]
    assert [(g["name"], g["members"]) for g in groups] == [("Field staff", 0), ("Office", 0), ("Owners", 1)]
    assert groups[0]["grants"] == ("activities.view=my,activities.log=all,scheduled.view=my,scheduled.log=my,"
                                   "records.view=all,records.edit=my,people.view=all")
    assert groups[2]["grants"] == "everything"
    made = server.admin("group", "add", "--business", business["id"], "--name", "Copy", "--grant", groups[0]["grants"])
    listed = {g["id"]: g for g in server.admin("group", "list")["results"]}
    assert listed[made["group_id"]]["grants"] == groups[0]["grants"]
    roles = server.admin("role", "list", "--business", business["id"])["results"]
    assert [(r["name"], r["members"]) for r in roles] == [("Inspectors", 1), ("Sales team", 1)]
    objects = server.admin("object", "list")["results"]
    assert [(o["api_name"], o["default_submission_action"], o["url"], o["archived_at"]) for o in objects] == [
        ("inspection", "redirect", "https://example.com/thanks", None),
        ("sales_call", "trigger_webhook", "https://hooks.example.com/sales-calls", None)]
    employees = server.admin("employee", "list", "--business", business["id"])["results"]
    assert [e["email"] for e in employees] == ["alex.rivera@example.com", "sam.okafor@example.com"]
    assert server.admin("key", "add", "--user", employees[1]["user_id"], "--name", "x")["api_key"]


def test_an_object_is_shown_as_a_file_has_it(make_server):
    server = make_server(start=False)
    text = (ROOT / "examples" / "business.yaml").read_text(encoding="utf-8")
    run("admin", *server.place, "apply", "--file", str(ROOT / "examples" / "business.yaml"))
    lines = people(server, "object", "show", "--object", "sales_call")
    assert lines[0].startswith("# id: ")
    shown = yaml.safe_load("\n".join(lines))
    written = yaml.safe_load(text)["businesses"][0]["activity_objects"][0]
    assert {name: shown[name] for name in written if name not in ("fields", "rules")} == {
        name: value for name, value in written.items() if name not in ("fields", "rules")}
    by_id = server.admin("object", "show", "--object", lines[0][len("# id: "):])
    assert by_id["settings"] == shown and by_id["id"] == lines[0][len("# id: "):] and by_id["version"] > 1


def test_columns_are_aligned(make_server):
    server = make_server(start=False)
    business = server.admin("business", "add", "--name", "One")["business_id"]
    for name in ("A", "Ängström \U0001f600", "line\nbreak", "B" * 60):
        server.admin("role", "add", "--business", business, "--name", name)
    header, *rows = people(server, "role", "list")
    at = header.index("NAME")
    assert len(rows) == 4 and all(row[at - 1] == " " and row[at] != " " for row in rows)
    assert [row[at:] for row in rows] == ["A", "B" * 60, "line break", "Ängström \U0001f600"]
    assert all(row[:36] and row[header.index("MEMBERS") + 6] == "0" for row in rows)


def test_contacts_are_found(make_server, receiver):
    world = World(make_server(), webhook=receiver.url())
    server = world.server
    server.admin("contact", "add", "--business", world.business, "--first-name", "Noor", "--last-name", "Haddad")
    listed = server.admin("contact", "list")["results"]
    assert [(c["name"], c["email"]) for c in listed] == [("Maria Thompson", "maria@thompson.test"), ("Noor Haddad", None)]
    assert [c["name"] for c in server.admin("contact", "list", "--search", "haddad")["results"]] == ["Noor Haddad"]
    assert len(server.admin("contact", "list", "--limit", "1")["results"]) == 1
    assert people(server, "contact", "list", "--search", "nobody") == ["No contacts."]


def test_which_business_is_meant(make_server):
    server = make_server(start=False)
    first = server.admin("business", "add", "--name", "One")["business_id"]
    assert server.admin("business", "show")["business_id"] == first
    server.admin("business", "add", "--name", "Two")
    for words, word in [((), "more than one"), (("--business", "Three"), "there is no Business 'Three'"),
                        (("--business", "00000000-0000-7000-8000-000000000000"), "no such Business")]:
        done = run("admin", *server.place, "role", "list", *words, check=False)
        assert done.returncode != 0 and word in done.stderr
    for verb in ("show", "list"):
        done = run("admin", *server.place, "object", verb, "--business", "Two", "--object", "none", check=False)
        assert done.returncode in (1, 2) and done.stderr


def test_long_lists_are_whole(make_server, tmp_path):
    server = make_server(start=False)
    names = [f"Role {i:03}" for i in range(450)]
    path = tmp_path / "b.yaml"
    path.write_text(yaml.safe_dump({"businesses": [{"name": "B", "roles": [{"name": n} for n in names]}]}), encoding="utf-8")
    run("admin", *server.place, "apply", "--file", str(path))
    assert [r["name"] for r in server.admin("role", "list")["results"]] == names
