"""A steady load of requests through the edge, each on a connection of its own, and what became of each."""
import dataclasses
import http.client
import threading
import time


@dataclasses.dataclass
class Request:
    begun: float
    ended: float = 0.0
    status: int = 0       # 0: no answer.
    problem: str = ""     # The exception's name.

    def failed(self):
        return not 200 <= self.status < 400


class Load:
    """`rate` requests a second whatever happens to those before, until the block ends; then all are answered or lost."""

    def __init__(self, region, host, path, rate, timeout=15):
        self.place = ("127.0.0.1", region.edge_port)
        self.host, self.path, self.timeout = host, path, timeout
        self.pause = 1 / rate
        self.requests = []
        self.over = threading.Event()
        self.beat = threading.Thread(target=self.run)

    def __enter__(self):
        self.beat.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.beat.join()

    def run(self):
        callers, due = [], time.monotonic()
        while not self.over.is_set():
            caller = threading.Thread(target=self.send)
            caller.start()
            callers.append(caller)
            due += self.pause
            self.over.wait(max(0.0, due - time.monotonic()))
        for caller in callers:
            caller.join()

    def send(self):
        request = Request(time.monotonic())
        connection = http.client.HTTPConnection(*self.place, timeout=self.timeout)
        try:
            connection.request("GET", self.path, headers={"Host": self.host, "Connection": "close"})
            answer = connection.getresponse()
            answer.read()
            request.status = answer.status
        except (OSError, http.client.HTTPException) as error:
            request.problem = type(error).__name__
        finally:
            connection.close()
            request.ended = time.monotonic()
            self.requests.append(request)

    def answered(self):
        return len([each for each in self.requests if not each.failed()])

    def failures(self, since=0.0):
        """Those that were begun since then and failed, as "status or problem"."""
        return [str(each.status or each.problem) for each in self.requests if each.begun >= since and each.failed()]
