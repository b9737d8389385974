"""The audit log as the tests look at it."""


def entries(api, **filters):
    """All entries that match, the oldest first."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return api.pages("/api/audit-log" + ("?" + query if query else ""))[::-1]


class Grown:
    """
    with Grown(api) as log: what is done here is in log.entries afterwards, the oldest first.
    """

    def __init__(self, api):
        self.api, self.entries = api, None

    def __enter__(self):
        self.known = {entry["id"] for entry in entries(self.api)}
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.entries = [entry for entry in entries(self.api) if entry["id"] not in self.known]

    @property
    def one(self):
        assert len(self.entries) == 1, self.entries
        return self.entries[0]

    @property
    def actions(self):
        return [entry["action"] for entry in self.entries]
