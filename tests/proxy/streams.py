"""Requests of HTTP/2 by a seed, and what becomes of them: as requests.py and exchange.py for HTTP/1."""
import pathlib
import socket
import ssl
import sys

import requests
from exchange import PATIENCE, Reached
from fronts import trusting_context

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from http2 import (DATA, END_HEADERS, END_STREAM, ENDS, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS,  # noqa: E402
                   fields, frame)

ODD = {}


def odd(function):
    ODD[function.__name__.replace("_", "-")] = function
    return function


class Parts:
    """The header list, the body and the trailers of a request."""

    def __init__(self, random):
        self.random = random
        self.method = random.choice([each for each in requests.METHODS if each != "HEAD"])
        self.pseudo = [(":method", self.method), (":scheme", "https"), (":authority", "proxy.test"),
                       (":path", random.choice(requests.PLAIN_PATHS) + random.choice(requests.QUERIES))]
        self.headers = [(name.lower(), random.choice(requests.VALUES))
                        for name in random.sample(requests.NAMES, random.choice([0, 1, 3, 6]))]
        self.pieces, self.trailers = [], []
        if self.method in ("POST", "PUT", "PATCH", "PROPFIND", "BREW"):
            self.add_body(random.choice([0, 1, 300, 5000]))
            if random.random() < 0.5:
                self.headers.append(("content-length", str(sum(map(len, self.pieces)))))

    def add_body(self, size):
        body = bytes(self.random.choices(b"abcdefgh\r\n\0\xff 0123:", k=size))
        step = self.random.choice([1000, 5000])
        self.pieces = [body[at:at + step] for at in range(0, size, step)]

    def bare(self, method="GET"):
        self.set(":method", method)
        self.pieces, self.headers = [], [each for each in self.headers if each[0] != "content-length"]

    def set(self, name, value):
        self.pseudo = [(each, value if each == name else old) for each, old in self.pseudo]

    def insert(self, name, value):
        self.headers.insert(self.random.randint(0, len(self.headers)), (name, value))

    def frames(self, stream):
        ends = not self.pieces and not self.trailers
        out = frame(HEADERS, ENDS if ends else END_HEADERS, stream, fields(*self.pseudo, *self.headers))
        for number, piece in enumerate(self.pieces):
            last = number == len(self.pieces) - 1 and not self.trailers
            out += frame(DATA, END_STREAM if last else 0, stream, piece)
        if self.trailers:
            out += frame(HEADERS, ENDS, stream, fields(*self.trailers))
        return out


def value_is(name, pseudo, *values):
    def change(parts):
        parts.bare()
        parts.set(pseudo, parts.random.choice(values))
    ODD[name] = change


def header_is(name, *pairs):
    def change(parts):
        parts.bare()
        parts.insert(*parts.random.choice(pairs))
    ODD[name] = change


value_is("odd-path", ":path", "//", "/a/../b", "/%zz", "/%00", "/a;b", "/a|b", "/{x}", "/?a?b", "/\"q\"", "/a\\b")
value_is("path-beyond-ascii", ":path", "/caf\xc3\xa9")
value_is("path-with-fragment", ":path", "/a#b")
value_is("path-with-space", ":path", "/a b", "/ HTTP/1.1", "/\t")
value_is("path-with-line-end", ":path", "/ HTTP/1.1\r\nX-Smuggled: 1", "/\n", "/\r")
value_is("path-with-control", ":path", "/\x01", "/a\x7f", "/\0")
value_is("empty-path", ":path", "")
value_is("relative-path", ":path", "a", "?q", "http://proxy.test/a")
value_is("star", ":path", "*")
value_is("method-that-is-no-token", ":method", "GE T", "GET\r\nX: 1", "G\"T", "", "GET /x HTTP/1.1")
value_is("lower-case-method", ":method", "get")
value_is("authority-that-is-none", ":authority", "a b", "a/b", "a\r\nb", "a@b", "", "a,b")
value_is("authority-with-port", ":authority", "proxy.test:8443")
value_is("other-scheme", ":scheme", "ftp", "")
value_is("scheme-http", ":scheme", "http")
header_is("of-the-connection", ("connection", "close"), ("connection", "x-a"), ("keep-alive", "timeout=5"),
          ("proxy-connection", "close"), ("upgrade", "websocket"))
header_is("transfer-encoding", ("transfer-encoding", "chunked"), ("transfer-encoding", "identity"))
header_is("te", ("te", "trailers"))
header_is("other-te", ("te", "gzip"), ("te", "trailers, deflate"))
header_is("upper-case-name", ("X-Upper", "1"), ("Content-Length", "5"))
header_is("name-that-is-no-token", ("x y", "1"), ("x(", "1"), ("x:y", "1"), ("x\r\ny", "1"), ("", "1"), ("\xe4", "1"))
header_is("underscore-in-name", ("x_under", "1"))
header_is("value-with-line-end", ("x-line", "a\r\nx-smuggled: 1"), ("x-line", "a\nb"), ("x-line", "a\rb"))
header_is("value-with-nul", ("x-nul", "a\0b"))
header_is("value-with-control", ("x-control", "a\x01b"), ("x-control", "\x7f"))
header_is("value-in-spaces", ("x-spaces", " a"), ("x-spaces", "a "), ("x-spaces", "\ta\t"))
header_is("empty-value", ("x-empty", ""))
header_is("beyond-ascii", ("x-bytes", "\xc3\xa9\xff"))
header_is("pseudo-header-after-others", (":path", "/twice"), (":authority", "other.test"))
header_is("unknown-pseudo-header", (":unknown", "1"))
header_is("expectation", ("expect", "100-continue"))
header_is("resembling-length", ("content_length", "5"), ("contentlength", "5"))
header_is("length-without-body", ("content-length", "5"))
header_is("length-that-is-none", ("content-length", "-1"), ("content-length", "+0"), ("content-length", "0x0"),
          ("content-length", "five"), ("content-length", ""))
header_is("length-of-nothing", ("content-length", "0"))


@odd
def pseudo_header_twice(parts):
    parts.bare()
    parts.pseudo.append(parts.random.choice([(":path", "/twice"), (":method", "POST"), (":authority", "other.test")]))


@odd
def pseudo_header_missing(parts):
    parts.bare()
    gone = parts.random.choice([":method", ":path", ":scheme"])
    parts.pseudo = [each for each in parts.pseudo if each[0] != gone]


@odd
def host_instead_of_authority(parts):
    parts.bare()
    parts.pseudo = [each for each in parts.pseudo if each[0] != ":authority"]
    parts.insert("host", "proxy.test")


@odd
def neither_host_nor_authority(parts):
    parts.bare()
    parts.pseudo = [each for each in parts.pseudo if each[0] != ":authority"]


@odd
def host_beside_authority(parts):
    parts.bare()
    parts.insert("host", "proxy.test")


@odd
def host_unlike_authority(parts):
    parts.bare()
    parts.insert("host", "other.test")


@odd
def cookie_in_pieces(parts):
    parts.bare()
    parts.headers = [each for each in parts.headers if each[0] != "cookie"]
    for piece in ("a=1", "b=2", "c=3"):
        parts.headers.append(("cookie", piece))


@odd
def repeated_header(parts):
    parts.bare()
    for value in ("one", "two", "three, four"):
        parts.insert("x-repeated", value)


@odd
def long_value(parts):
    parts.bare()
    parts.insert("x-long", "v" * 6000)


@odd
def body_beyond_its_length(parts):
    parts.bare("POST")
    parts.pieces = [b"0123456789"]
    parts.insert("content-length", "4")


@odd
def body_short_of_its_length(parts):
    parts.bare("POST")
    parts.pieces = [b"0123"]
    parts.insert("content-length", "10")


@odd
def different_lengths(parts):
    parts.bare("POST")
    parts.pieces = [b"0123"]
    parts.headers += [("content-length", "4"), ("content-length", "5")]


@odd
def body_of_get(parts):
    parts.bare()
    parts.pieces = [b"0123"]


@odd
def trailers(parts):
    parts.bare("POST")
    parts.pieces, parts.trailers = [b"0123"], [("x-trailer", "1")]


@odd
def pseudo_header_in_trailers(parts):
    parts.bare("POST")
    parts.pieces, parts.trailers = [b"0123"], [(":path", "/other")]


@odd
def connect(parts):
    parts.bare()
    parts.pseudo = [(":method", "CONNECT"), (":authority", "proxy.test:443")]


NAMES_OF_ODD = sorted(ODD)


def connection(random):
    """Requests for streams of one connection, with the name of what is odd. Who is odd is alone: fronts differ in what
    becomes of its neighbours."""
    if random.random() < 0.6:
        name = random.choice(NAMES_OF_ODD)
        parts = Parts(random)
        ODD[name](parts)
        made = [(parts, name)]
    else:
        made = [(Parts(random), "") for _ in range(random.choice([2, 4, 8]))]
    return [(parts.frames(2 * number + 1), name) for number, (parts, name) in enumerate(made)]


CONTEXT = trusting_context()


def read_frame(secure, kept):
    while len(kept) < 9 or len(kept) < 9 + int.from_bytes(kept[:3], "big"):
        got = secure.recv(65536)
        if not got:
            return None
        kept += got
    size = int.from_bytes(kept[:3], "big")
    kind, flags, stream = kept[3], kept[4], int.from_bytes(kept[5:9], "big") & 0x7FFFFFFF
    payload = bytes(kept[9:9 + size])
    del kept[:9 + size]
    return kind, flags, stream, payload


def outcomes(front, sent):
    """What became of each request: a Reached, or "refused"."""
    bodies, ended = {}, set()
    with socket.create_connection(("127.0.0.1", front.secure), timeout=PATIENCE) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        secure = CONTEXT.wrap_socket(plain, server_hostname="proxy.test")
        kept = bytearray()
        try:
            secure.sendall(PREFACE + frame(SETTINGS) + b"".join(data for data, _ in sent))
            while len(ended) < len(sent):
                got = read_frame(secure, kept)
                if got is None or got[0] == GOAWAY:
                    # What the others of a connection get that was broken is no matter here.
                    if got is None:
                        break
                    continue
                kind, flags, stream, payload = got
                if kind == SETTINGS and not flags & 1:
                    secure.sendall(frame(SETTINGS, 1))
                if kind == DATA:
                    bodies[stream] = bodies.get(stream, b"") + payload
                if kind == RST_STREAM or (kind in (DATA, HEADERS) and flags & END_STREAM):
                    ended.add(stream)
        except (OSError, ssl.SSLError):
            pass
    found = []
    for number in range(len(sent)):
        body = bodies.get(2 * number + 1, b"")
        found.append(Reached(body) if body.startswith((b"RECORDED", b"DEVIANT")) else "refused")
    return found
