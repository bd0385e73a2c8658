"""Requests of HTTP/1 by a seed: what clients send, and what nobody should.

A request is its bytes and the names of what is odd about it, by which differences.py explains what fronts make of it.
At most one odd thing is in a request, so that an explanation is of that thing and of no other."""

PLAIN_PATHS = ["/", "/index.html", "/a/b/c", "/images/logo.svg", "/search", "/api/v1/items/17", "/a-b_c~d.e", "/%41%20b"]
QUERIES = ["", "?", "?q=1", "?a=1&b=2&a=3", "?q=a%20b+c", "?x=%2F%3f", "?redirect=https://example.com/", "?a[]=1;b"]
METHODS = ["GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "BREW",
           "M-SEARCH"]
NAMES = ["Accept", "accept-language", "USER-AGENT", "Cookie", "X-Request-Id", "x-custom", "Referer", "If-None-Match",
         "Cache-Control", "Range", "Authorization", "Origin", "X-a.b", "Via", "Max-Forwards", "Accept-Encoding",
         "Content-Language", "X!#$%&'*+^`|~"]
VALUES = ["*/*", "en, de;q=0.5", "Mozilla/5.0 (X11; Linux)", "a=b; c=d", "\"quoted, string\"", "bytes=0-10", "W/\"etag\"",
          "no-cache", "x" * 200, "1", "Basic dXNlcjpwYXNz", "caf\xe9", "(comment (nested))", "a,b,,c", "=", "%0d%0a"]

# What is odd: name → how it changes the parts of a request.
ODD = {}


def odd(function):
    ODD[function.__name__.replace("_", "-")] = function
    return function


class Parts:
    """A request before it is bytes."""

    def __init__(self, random, allows_body=True):
        self.random = random
        self.method = random.choice(METHODS)
        self.target = random.choice(PLAIN_PATHS) + random.choice(QUERIES)
        self.version = "HTTP/1.1"
        self.separators = (" ", " ")
        self.before = ""
        self.end = "\r\n"
        self.host = "proxy.test"
        self.lines = []
        for name in random.sample(NAMES, random.choice([0, 1, 2, 3, 5, 8])):
            self.add(name, random.choice(VALUES), random.choice([": ", ": ", ": ", ":", ":  "]))
        self.body = b""
        self.framed = False
        if allows_body and self.method in ("POST", "PUT", "PATCH", "PROPFIND", "BREW"):
            self.add_body(random.choice([0, 1, 10, 300, 5000]))

    def add(self, name, value, colon=": "):
        self.lines.append(f"{name}{colon}{value}")

    def add_body(self, size, chunked=None):
        body = bytes(self.random.choices(b"abcdefgh\r\n\0\xff 0123:", k=size))
        self.framed = True
        if chunked if chunked is not None else self.random.random() < 0.5:
            self.add(self.random.choice(["Transfer-Encoding", "transfer-encoding"]), self.random.choice(["chunked", "Chunked"]))
            self.body = chunks(self.random, body) + b"0\r\n\r\n"
        else:
            self.add(self.random.choice(["Content-Length", "content-length"]), str(len(body)))
            self.body = body

    def bare(self, method="POST"):
        """Without a body so far, for oddities that bring one of their own."""
        self.method, self.body, self.framed = method, b"", False
        self.lines = [line for line in self.lines if not line.lower().startswith(("content-length", "transfer-enc"))]

    def insert(self, line):
        self.lines.insert(self.random.randint(0, len(self.lines)), line)

    def bytes(self):
        lines = list(self.lines)
        if self.host is not None:
            lines.insert(0 if self.random.random() < 0.8 else len(lines), f"Host: {self.host}")
        start = f"{self.method}{self.separators[0]}{self.target}{self.separators[1]}{self.version}"
        head = self.before + self.end.join([start, *lines, "", ""])
        return head.encode("latin-1") + self.body


def chunks(random, body):
    out, at = b"", 0
    while at < len(body):
        size = random.choice([1, 7, 100, 4000])
        piece = body[at:at + size]
        form = random.choice([b"%x", b"%X", b"%04x"])
        out += form % len(piece) + b"\r\n" + piece + b"\r\n"
        at += size
    return out


# ---- Targets.
def target_is(name, *targets):
    def change(parts):
        parts.target = parts.random.choice(targets)
    ODD[name] = change


target_is("dot-segments", "/a/../b", "/./a", "/a/./b/..", "/../../etc/passwd", "/a/%2e%2e/b")
target_is("several-slashes", "//", "//a", "/a//b", "///")
target_is("odd-escapes", "/%zz", "/%", "/%4", "/a%00b", "/%0d%0aX:y", "/%e4%bd", "/a%2Fb", "/%25%32%46", "/?%")
target_is("odd-characters", "/a|b", "/{x}", "/a\\b", "/\"q\"", "/<b>", "/a^b", "/`x`", "/?a|b", "/[x]")
target_is("beyond-ascii", "/caf\xc3\xa9", "/\xff", "/?q=\xe4")
target_is("fragment", "/#top", "/a?b#c", "/#")
target_is("control-in-target", "/a\x01b", "/a\x7fb", "/?\x1f")
target_is("nul-in-target", "/a\0b")
target_is("tab-in-target", "/a\tb")
target_is("space-in-target", "/a b", "/?a b", "/a b c")
target_is("absolute-form", "http://proxy.test/a", "http://proxy.test/", "HTTP://proxy.test/b?c", "http://proxy.test/?q")
target_is("absolute-form-without-path", "http://proxy.test", "http://proxy.test?q=1")
target_is("absolute-form-of-another-host", "http://other.test/a")
target_is("absolute-form-with-a-user", "http://user@proxy.test/a", "http://u:p@proxy.test/")
target_is("absolute-form-of-another-scheme", "ftp://proxy.test/a", "https://proxy.test/a")
target_is("relative-target", "a", "index.html", "?q")


@odd
def star_of_get(parts):
    parts.bare("GET")
    parts.target = "*"


target_is("too-long-a-target", "/" + "x" * 20000)


@odd
def long_target(parts):
    parts.bare("GET")
    parts.target = parts.random.choice(["/" + "x" * 9000, "/?" + "a=1&" * 2500])


@odd
def star_of_options(parts):
    parts.bare("OPTIONS")
    parts.target = "*"


@odd
def connect(parts):
    parts.bare("CONNECT")
    parts.target = "proxy.test:443"


@odd
def trace(parts):
    parts.bare("TRACE")


# ---- The request line.
@odd
def lower_case_method(parts):
    parts.bare(parts.random.choice(["get", "Post", "head"]))


@odd
def method_that_is_no_token(parts):
    parts.bare(parts.random.choice(["GE:T", "G(T", "\xc4T", "GET,", "\"GET\""]))


@odd
def method_of_odd_characters(parts):
    parts.bare(parts.random.choice(["!X", "A.B", "X_Y", "G'ET", "X1"]))


@odd
def several_spaces(parts):
    parts.separators = parts.random.choice([("  ", " "), (" ", "  "), ("   ", "   ")])


@odd
def tab_between_parts(parts):
    parts.separators = parts.random.choice([("\t", " "), (" ", "\t")])


@odd
def empty_line_before(parts):
    parts.before = parts.random.choice(["\r\n", "\r\n\r\n"])


@odd
def space_after_version(parts):
    parts.version = "HTTP/1.1 "


@odd
def http_1_0(parts):
    parts.version = "HTTP/1.0"
    parts.bare(parts.random.choice(["GET", "HEAD", "DELETE"]))
    if parts.random.random() < 0.5:
        parts.add("Connection", "keep-alive")


@odd
def http_1_0_without_host(parts):
    http_1_0(parts)
    parts.host = None


@odd
def http_1_0_chunked(parts):
    parts.bare()
    parts.version = "HTTP/1.0"
    parts.add_body(20, chunked=True)


@odd
def http_1_0_with_length(parts):
    parts.bare()
    parts.version = "HTTP/1.0"
    parts.add_body(20, chunked=False)


@odd
def later_minor_version(parts):
    parts.version = parts.random.choice(["HTTP/1.2", "HTTP/1.9"])


@odd
def other_version(parts):
    parts.version = parts.random.choice(["HTTP/2.0", "HTTP/3.0", "HTTP/0.8"])


@odd
def version_that_is_none(parts):
    parts.version = parts.random.choice(["http/1.1", "HTTP/1", "HTTP/11", "HTTP/1.1.1", "HTTP /1.1", "XTTP/1.1", "HTTP/1,1"])


@odd
def no_version(parts):
    parts.bare("GET")
    parts.version, parts.separators = "", (" ", "")


# ---- Header lines.
@odd
def folded_header(parts):
    parts.insert(parts.random.choice(["X-Folded: one\r\n two", "X-Folded: one\r\n\ttwo\r\n three", "X-Folded:\r\n one"]))


@odd
def folded_first_header(parts):
    parts.host = None
    parts.lines.insert(0, " X-First: folded\r\nHost: proxy.test")


@odd
def space_before_colon(parts):
    parts.insert(parts.random.choice(["X-Spaced : value", "X-Spaced\t: value"]))


@odd
def no_colon(parts):
    parts.insert("X-Nothing")


@odd
def empty_name(parts):
    parts.insert(": value")


@odd
def name_that_is_no_token(parts):
    parts.insert(parts.random.choice(["X(Y): 1", "X Y: 1", "\xc4: 1", "X@Y: 1", "X[0]: 1", "X\"Y: 1"]))


@odd
def underscore_in_name(parts):
    parts.insert("X_Under: value")


@odd
def control_in_value(parts):
    parts.insert(parts.random.choice(["X-Control: a\x01b", "X-Control: \x7f", "X-Control: a\x0bb"]))


@odd
def nul_in_value(parts):
    parts.insert("X-Nul: a\0b")


@odd
def bare_cr_in_value(parts):
    parts.insert(parts.random.choice(["X-Return: a\rb", "X-Return: a\r"]))


@odd
def bare_lf(parts):
    parts.insert("X-Line: a\nX-Next: b")


@odd
def bare_lf_throughout(parts):
    parts.end = "\n"


@odd
def empty_value(parts):
    parts.insert(parts.random.choice(["X-Empty:", "X-Empty: ", "X-Empty: \t "]))


@odd
def space_around_value(parts):
    parts.insert(parts.random.choice(["X-Wide:   value   ", "X-Wide:\tvalue\t", "X-Wide: a \t b"]))


@odd
def repeated_header(parts):
    for value in parts.random.sample(["one", "two", "", "three, four"], 3):
        parts.insert(f"X-Repeated: {value}")


@odd
def repeated_single_header(parts):
    name = parts.random.choice(["Authorization", "User-Agent", "Referer", "If-None-Match", "Range"])
    parts.insert(f"{name}: one")
    parts.insert(f"{name}: two")


@odd
def repeated_cookie(parts):
    parts.insert("Cookie: a=1")
    parts.insert("cookie: b=2")


@odd
def many_headers(parts):
    parts.bare("GET")
    for number in range(90):
        parts.add(f"X-Many-{number}", str(number))


@odd
def long_value(parts):
    parts.bare("GET")
    parts.insert("X-Long: " + "v" * 12000)


@odd
def header_beyond_limits(parts):
    parts.insert("X-Huge: " + "v" * 20000)


@odd
def forwarded_headers(parts):
    parts.insert("X-Forwarded-For: 192.0.2.1")
    parts.insert("X-Forwarded-Proto: https")


# ---- Who is meant.
@odd
def no_host(parts):
    parts.host = None


@odd
def several_hosts(parts):
    parts.insert("Host: other.test")


@odd
def same_host_twice(parts):
    parts.insert("Host: proxy.test")


@odd
def empty_host(parts):
    parts.host = ""


@odd
def host_with_port(parts):
    parts.host = "proxy.test:8080"


@odd
def host_that_is_none(parts):
    parts.host = parts.random.choice(["a b", "a/b", "a@b", "a?b", "a,b", "a\x01"])


# ---- Where the body ends.
@odd
def body_of_get(parts):
    parts.bare(parts.random.choice(["GET", "HEAD"]))
    parts.add_body(12, chunked=False)


@odd
def chunked_get(parts):
    parts.bare(parts.random.choice(["GET", "HEAD"]))
    parts.add_body(12, chunked=True)


@odd
def length_of_nothing(parts):
    parts.bare(parts.random.choice(["GET", "HEAD"]))
    parts.add("Content-Length", "0")


@odd
def body_of_delete(parts):
    parts.bare(parts.random.choice(["DELETE", "OPTIONS"]))
    parts.add_body(12)


def framed_by(name, body, *headers):
    def change(parts):
        parts.bare()
        parts.body = body
        for header in parts.random.choice(headers):
            parts.insert(header)
    ODD[name] = change


framed_by("length-twice", b"hello", ["Content-Length: 5", "Content-Length: 5"])
framed_by("different-lengths", b"hello", ["Content-Length: 5", "Content-Length: 4"], ["Content-Length: 4", "Content-Length: 5"])
framed_by("listed-length", b"hello", ["Content-Length: 5, 5"], ["Content-Length: 5,"])
framed_by("length-that-is-none", b"hello", ["Content-Length: +5"], ["Content-Length: 0x5"], ["Content-Length: 5 5"],
          ["Content-Length: -5"], ["Content-Length: 5.0"], ["Content-Length: five"], ["Content-Length:"],
          ["Content-Length: 99999999999999999999999999"])
framed_by("length-with-zeros", b"hello", ["Content-Length: 005"])
framed_by("length-and-chunked", b"5\r\nhello\r\n0\r\n\r\n", ["Content-Length: 5", "Transfer-Encoding: chunked"],
          ["Transfer-Encoding: chunked", "Content-Length: 15"])
framed_by("chunked-twice", b"5\r\nhello\r\n0\r\n\r\n", ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
          ["Transfer-Encoding: chunked, chunked"])
framed_by("other-coding", b"5\r\nhello\r\n0\r\n\r\n", ["Transfer-Encoding: gzip, chunked"])
framed_by("unknown-coding", b"5\r\nhello\r\n0\r\n\r\n", ["Transfer-Encoding: xchunked"], ["Transfer-Encoding: chunkedx"],
          ["Transfer-Encoding: \"chunked\""], ["Transfer-Encoding: chunked, x"], ["Transfer-Encoding: \x0bchunked"])
framed_by("identity-coding", b"", ["Transfer-Encoding: identity"])
framed_by("empty-coding", b"", ["Transfer-Encoding:"])
framed_by("spaced-transfer-encoding", b"0\r\n\r\n", ["Transfer-Encoding : chunked", "Content-Length: 0"])
framed_by("resembling-transfer-encoding", b"", ["Transfer_Encoding: chunked"], ["Transfer-Encodin\xc7: chunked"],
          ["X-Transfer-Encoding: chunked"])
framed_by("resembling-length", b"", ["Content_Length: 5"], ["ContentLength: 5"])
framed_by("chunk-extensions", b"5;a=b\r\nhello\r\n0;last\r\n\r\n", ["Transfer-Encoding: chunked"])
framed_by("chunk-size-of-zeros", b"00000005\r\nhello\r\n000\r\n\r\n", ["Transfer-Encoding: chunked"])
framed_by("chunk-size-with-space", b"5 \r\nhello\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"])
framed_by("chunk-size-that-is-none", b"5x\r\nhello\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"])
framed_by("chunk-size-with-prefix", b"0x5\r\nhello\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"])
framed_by("chunk-size-beyond-bounds", b"fffffffffffffffff5\r\nhello\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"])
framed_by("negative-chunk-size", b"-5\r\nhello\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"])
framed_by("chunk-line-with-bare-lf", b"5\nhello\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"])
framed_by("chunk-without-end", b"5\r\nhelloX\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"])
framed_by("trailers", b"5\r\nhello\r\n0\r\nX-Trailer: yes\r\n\r\n", ["Transfer-Encoding: chunked", "Trailer: X-Trailer"],
          ["Transfer-Encoding: chunked"])
framed_by("framing-in-trailers", b"5\r\nhello\r\n0\r\nContent-Length: 9\r\nHost: other.test\r\n\r\n",
          ["Transfer-Encoding: chunked"])
framed_by("malformed-trailers", b"5\r\nhello\r\n0\r\nX Y Z\r\n\r\n", ["Transfer-Encoding: chunked"])


# ---- Connections.
@odd
def connection_names_headers(parts):
    parts.add("X-Hop", "for the next only")
    parts.insert(parts.random.choice(["Connection: X-Hop", "connection: keep-alive, x-hop", "Connection: ,X-HOP ,"]))


@odd
def connection_names_framing(parts):
    parts.bare()
    parts.add_body(10)
    parts.insert(parts.random.choice(["Connection: Content-Length", "Connection: Transfer-Encoding"]))


@odd
def connection_names_host(parts):
    parts.insert(parts.random.choice(["Connection: Host", "Connection: X-Forwarded-For"]))


@odd
def hop_by_hop_headers(parts):
    for line in parts.random.sample(["Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: trailers", "TE: gzip"], 2):
        parts.insert(line)


@odd
def proxy_authorization(parts):
    parts.insert("Proxy-Authorization: Basic dXNlcjpwYXNz")


@odd
def connection_close(parts):
    parts.insert("Connection: close")


@odd
def expect_continue(parts):
    parts.bare()
    parts.add_body(30)
    parts.insert("Expect: 100-continue")


@odd
def other_expectation(parts):
    parts.insert("Expect: tea")


@odd
def upgrade(parts):
    parts.bare("GET")
    parts.insert("Connection: Upgrade")
    if parts.random.random() < 0.5:
        parts.insert("Upgrade: unknown/1")
        return
    for line in ("Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="):
        parts.insert(line)


@odd
def websocket_without_key(parts):
    parts.bare("GET")
    parts.insert("Connection: Upgrade")
    parts.insert("Upgrade: websocket")


@odd
def upgrade_without_connection(parts):
    parts.bare("GET")
    parts.insert("Upgrade: websocket")


@odd
def upgrade_to_http_2(parts):
    parts.bare("GET")
    for line in ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"):
        parts.insert(line)


NAMES_OF_ODD = sorted(ODD)
LAST = b"GET /last HTTP/1.1\r\nHost: proxy.test\r\nConnection: close\r\n\r\n"


def one(random, name=None):
    """(bytes, name of what is odd, or an empty one)."""
    parts = Parts(random)
    if name:
        ODD[name](parts)
    return parts.bytes(), name or ""


def connection(random):
    """Requests that a client sends on one connection, and whether without waiting for answers. The last says goodbye."""
    made = []
    for _ in range(random.choice([1, 2, 3, 4])):
        made.append(one(random))
    if random.random() < 0.6:
        made[random.randrange(len(made))] = one(random, random.choice(NAMES_OF_ODD))
    made.append((LAST, ""))
    return made, random.random() < 0.5
