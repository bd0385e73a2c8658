"""A client of HTTP/2 that says what it is told to, right or wrong: frames as bytes, headers without compression."""
import socket
import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR = 0, 1, 3, 5, 6
COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 9, 11
ENDS = END_STREAM | END_HEADERS


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def integer(value, bits, first=0):
    """RFC 7541, section 5.1."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([first | value])
    out, value = [first | limit], value - limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def fields(*pairs):
    """Each as a literal that is not indexed."""
    out = b""
    for name, value in pairs:
        out += b"\0" + integer(len(name), 7) + name.encode() + integer(len(value), 7) + value.encode("latin-1")
    return out


def request(method="GET", path="/", authority="h2.test", scheme="https", more=()):
    return fields((":method", method), (":scheme", scheme), (":path", path), (":authority", authority), *more)


def error_code(payload):
    return struct.unpack(">I", payload[-4:])[0]


class Client:
    def __init__(self, port, authority_file, name="h2.test", preface=PREFACE, settings=b""):
        context = ssl.create_default_context(cafile=authority_file)
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname=name)
        assert self.socket.selected_alpn_protocol() == "h2"
        self.left = b""
        self.send(preface + (frame(SETTINGS, 0, 0, settings) if preface == PREFACE else b""))

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # The server has had enough; what it said is still there to be read.

    def get(self, stream=1, flags=ENDS, **words):
        self.send(frame(HEADERS, flags, stream, request(**words)))

    def receive(self, count):
        while len(self.left) < count:
            try:
                got = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                got = b""
            if not got:
                return None
            self.left += got
        taken, self.left = self.left[:count], self.left[count:]
        return taken

    def next(self):
        """(kind, flags, stream, payload), or None at the end."""
        head = self.receive(9)
        if head is None:
            return None
        size = int.from_bytes(head[:3], "big")
        return head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF, self.receive(size)

    def answer(self, stream=1):
        """(flags of HEADERS, its block, body), or the error that took the answer's place."""
        block, body = None, b""
        while True:
            got = self.next()
            if got is None:
                return "closed"
            kind, flags, of, payload = got
            if kind == GOAWAY:
                return ("goaway", error_code(payload[:8]))
            if of != stream:
                continue
            if kind == RST_STREAM:
                return ("reset", error_code(payload))
            if kind == HEADERS:
                block = payload
            if kind == DATA:
                body += payload
            if flags & END_STREAM:
                return (block, body)

    def error(self):
        """What ended the connection or the stream: the code, or "closed" without a word; None: it lives."""
        self.send(frame(PING, 0, 0, b"theprobe"))
        while True:
            got = self.next()
            if got is None:
                return "closed"
            kind, flags, _, payload = got
            if kind == GOAWAY:
                return error_code(payload[:8])
            if kind == RST_STREAM:
                return error_code(payload)
            if kind == PING and flags & ACK and payload == b"theprobe":
                return None

    def close(self):
        self.socket.close()
