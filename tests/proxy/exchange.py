"""Sends requests through a front, and tells what became of each of them."""
import socket

PATIENCE = 30.0
# Between one client, or target, and a front; what frames a message; what each front adds of itself.
LEFT_OUT = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect", "transfer-encoding",
            "content-length", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "x-amzn-trace-id"}


class Reached:
    """A request as the target has got it, after what is allowed to differ was taken out."""

    def __init__(self, record):
        self.raw = record
        first, _, rest = record.partition(b"\n")
        word, head_bytes, trailer_bytes = first.split()
        self.deviant = word == b"DEVIANT"
        head, rest = rest[:int(head_bytes)], rest[int(head_bytes):]
        lines = head.decode("latin-1").split("\r\n")
        self.method, _, rest_of_line = lines[0].partition(" ")
        self.target = rest_of_line.rpartition(" ")[0]
        self.trailers = rest[:int(trailer_bytes)]
        self.body = rest[int(trailer_bytes):]
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.strip(" \t").lower()
            if name not in LEFT_OUT:
                self.headers.setdefault(name, []).append(value.strip(" \t"))

    def differences(self, other):
        """In what the two differ."""
        found = [each for each in ("method", "target", "body", "trailers") if getattr(self, each) != getattr(other, each)]
        for name in sorted(self.headers.keys() | other.headers.keys()):
            if self.headers.get(name) != other.headers.get(name):
                found.append("header " + name)
        return found


def connect(port):
    made = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Ports are not to be used up by thousands of connections that wait for their end.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return made


class Answers:
    """Reads the answers on a connection. Each is a Reached, or the status of an answer that is the front's own."""

    def __init__(self, connection):
        self.connection, self.data, self.ended = connection, b"", False

    def fill(self):
        if self.ended:
            return False
        try:
            got = self.connection.recv(1 << 18)
        except (ConnectionError, socket.timeout):
            got = b""
        self.ended = not got
        self.data += got
        return not self.ended

    def next(self):
        """None when no answer comes."""
        while b"\r\n\r\n" not in self.data:
            if not self.fill():
                return None
        head, _, rest = self.data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        if not lines[0].startswith(b"HTTP/1."):
            return None
        status = int(lines[0].split(b" ")[1])
        if status < 200:
            self.data = rest
            return self.next()
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
        self.data = rest
        if b"x-record" in headers:
            return Reached(bytes.fromhex(headers[b"x-record"].decode()))
        body = self.body(headers)
        if b"x-recorder" not in headers:
            return status
        return Reached(body) if body.startswith((b"RECORDED", b"DEVIANT")) else 599

    def body(self, headers):
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            body = b""
            while True:
                while b"\r\n" not in self.data and self.fill():
                    pass
                size, _, self.data = self.data.partition(b"\r\n")
                count = int(size or b"0", 16)
                while len(self.data) < count + 2 and self.fill():
                    pass
                body, self.data = body + self.data[:count], self.data[count + 2:]
                if count == 0:
                    return body
        if b"content-length" in headers:
            count = int(headers[b"content-length"])
            # Answers of their own to HEAD have a length and no body.
            while len(self.data) < count and not self.data.startswith(b"HTTP/1.") and self.fill():
                pass
            if self.data.startswith(b"HTTP/1."):
                return b""
        else:
            while self.fill():
                pass
            count = len(self.data)
        body, self.data = self.data[:count], self.data[count:]
        return body


def outcomes(front, requests, at_once):
    """What became of each request, in order; there are fewer where the connection has ended."""
    connection = connect(front.clear)
    answers = Answers(connection)
    found = []
    try:
        if at_once:
            connection.sendall(b"".join(each for each, _ in requests))
        for each, _ in requests:
            if not at_once:
                connection.sendall(each)
            got = answers.next()
            if got is None:
                break
            found.append(got)
    except (ConnectionError, socket.timeout):
        while (got := answers.next()) is not None:
            found.append(got)
    finally:
        connection.close()
    return found
