#!/usr/bin/env python3
"""A steady load on a site: so many requests a second whatever becomes of those before, each on its own connection.

Usage: steady.py PORT HOST PATH RATE OUTPUT. A line of standard input is a new rate; its end ends the load, once every
request was answered or given up. OUTPUT gets a line a request: begun, ended (both CLOCK_MONOTONIC), status or 0, why.
Requests that this program could not begin in time are written as "begun begun 0 NotBegun": the machine had no time for
it, or there are WAITING_MAX already that wait for the site, which count as whatever becomes of them."""
import selectors
import socket
import sys
import time

PATIENCE = 15  # Seconds; then a visitor is gone.
LATE_MAX = 1  # Seconds that a request may begin late.
WAITING_MAX = 5000


class Visit:
    """One request from its connection to its answer."""

    def __init__(self, address, request, begun):
        self.begun, self.request, self.answer, self.length = begun, request, b"", None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self.socket.connect(address)
        except BlockingIOError:
            pass

    def step(self, events):
        """The status once the whole answer is there."""
        if events & selectors.EVENT_WRITE and self.request:
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, "connect")
            self.request = self.request[self.socket.send(self.request):]
        if not events & selectors.EVENT_READ:
            return None
        piece = self.socket.recv(65536)
        self.answer += piece
        head, found, body = self.answer.partition(b"\r\n\r\n")
        if found and self.length is None:
            fields = dict(line.lower().partition(b":")[::2] for line in head.split(b"\r\n")[1:])
            self.length = int(fields.get(b"content-length", 1 << 60))
        if found and len(body) >= self.length:
            return int(head.split()[1])
        if not piece and found and self.length == 1 << 60:
            return int(head.split()[1])
        if not piece:
            raise EOFError
        return None


class Load:
    def __init__(self, port, host, path, rate, output):
        self.address, self.rate, self.output = ("127.0.0.1", int(port)), float(rate), output
        self.request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self.selector = selectors.EpollSelector()
        self.selector.register(sys.stdin, selectors.EVENT_READ)
        self.under_way = {}  # Those that were begun first come first.
        self.is_over = False

    def write(self, begun, ended, status, why):
        self.output.write(f"{begun:.4f} {ended:.4f} {status} {why}\n")

    def end(self, visit, status, why="-"):
        self.selector.unregister(visit.socket)
        visit.socket.close()
        del self.under_way[visit]
        self.write(visit.begun, time.monotonic(), status, why)

    def begin(self, due):
        now = time.monotonic()
        if now - due > LATE_MAX or len(self.under_way) >= WAITING_MAX:
            return self.write(due, due, 0, "NotBegun")
        try:
            visit = Visit(self.address, self.request, now)
        except OSError as error:
            return self.write(now, time.monotonic(), 0, type(error).__name__)
        self.under_way[visit] = None
        self.selector.register(visit.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, visit)
        return None

    def go_on(self, visit, events):
        try:
            status = visit.step(events)
        except BlockingIOError:
            return
        except (OSError, EOFError, ValueError, IndexError) as error:
            return self.end(visit, 0, type(error).__name__)
        if status:
            self.end(visit, status)
        elif not visit.request and events & selectors.EVENT_WRITE:
            self.selector.modify(visit.socket, selectors.EVENT_READ, visit)

    def listen(self):
        line = sys.stdin.readline()
        if line:
            self.rate = float(line)
        else:
            self.is_over = True
            self.selector.unregister(sys.stdin)

    def give_up(self):
        latest = time.monotonic() - PATIENCE
        while self.under_way and (visit := next(iter(self.under_way))).begun <= latest:
            self.end(visit, 0, "TimeoutError")

    def run(self):
        due = time.monotonic()
        while not self.is_over or self.under_way:
            while not self.is_over and due <= time.monotonic():
                self.begin(due)
                due += 1 / self.rate
            pause = max(0.0, min(due - time.monotonic(), 0.05)) if not self.is_over else 0.05
            for key, events in self.selector.select(pause):
                if key.data is None:
                    self.listen()
                else:
                    self.go_on(key.data, events)
            self.give_up()
            self.output.flush()


if __name__ == "__main__":
    with open(sys.argv[5], "w") as written:
        Load(*sys.argv[1:5], written).run()
