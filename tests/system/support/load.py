"""Load that remembers exactly what was acknowledged."""

import http.client
import threading


class Load:
    """`clients` threads log activities as fast as they are answered, until stopped or the server is gone."""

    def __init__(self, world, clients=8, most=None):
        self.world = world
        self.acknowledged = []  # ids answered with a 201
        self.refused = []       # other answers
        self.broken = []        # errors of the test itself
        self._most = most
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(90)
        assert not any(thread.is_alive() for thread in self._threads), "a client hangs"
        assert not self.broken, self.broken[0]

    @property
    def count(self):
        return len(self.acknowledged)

    def _more(self):
        with self._lock:
            if self._stop.is_set() or self._most == 0:
                return False
            if self._most is not None:
                self._most -= 1
            return True

    def _run(self):
        while self._more():
            try:
                answer = self.world.api.post("/api/activities/logged", self.world.body())
            except (OSError, http.client.HTTPException):
                if not self.world.server.running:
                    return
                self._stop.wait(0.005)
                continue
            except AssertionError as error:
                self.broken.append(error)
                return
            with self._lock:
                if answer.status == 201:
                    self.acknowledged.append(answer.json["id"])
                else:
                    self.refused.append(answer)
