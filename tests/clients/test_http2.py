"""HTTP/2 as far as RFC 9113 and RFC 7541 go: what is right is served, what is wrong ends as they say."""
import struct
import subprocess

import pytest
from conftest import wait_until
from http2 import (ACK, COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENDS, ENHANCE_YOUR_CALM,
                   FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, GOAWAY, HEADERS, NO_ERROR, PADDED, PING, PRIORITY,
                   PROTOCOL_ERROR, PUSH, RST_STREAM, SETTINGS, STREAM_CLOSED, WINDOW_UPDATE, Client, fields, frame,
                   request)
from web import Web


class Site(Web):
    def __init__(self, region, folder):
        super().__init__(region, 88)
        self.authority = folder / "authority.pem"
        self.authority.write_text(subprocess.run(region.command("env", "--ca"), check=True, capture_output=True,
                                                 text=True).stdout)
        self.port = int(region.environment["HOLM_SECURE_SITE_PORT"])
        acm = region.client("acm")
        certificate = acm.request_certificate(DomainName="h2.test", KeyAlgorithm="EC_prime256v1")["CertificateArn"]
        self.balancer, self.name = self.load_balancer("h2")
        self.group = self.target_group("h2")
        self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": certificate}],
            SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {
                "StatusCode": "200", "ContentType": "text/plain", "MessageBody": "fixed"}}])
        listener = self.elb.describe_listeners(LoadBalancerArn=self.balancer)["Listeners"][0]["ListenerArn"]
        self.elb.create_rule(ListenerArn=listener, Priority=1, Actions=[
            {"Type": "forward", "TargetGroupArn": self.group}],
            Conditions=[{"Field": "path-pattern", "Values": ["/server*"]}])
        wait_until(lambda: self.curl("/").stdout == "fixed", what="the listener")

    def curl(self, path, *words):
        return subprocess.run(["curl", "-sS", "--cacert", self.authority, "--resolve",
                               f"h2.test:{self.port}:127.0.0.1", *words, f"https://h2.test:{self.port}{path}"],
                              capture_output=True, text=True, timeout=20)

    def client(self, **options):
        return Client(self.port, self.authority, **options)


@pytest.fixture(scope="module")
def site(region, tmp_path_factory):
    return Site(region, tmp_path_factory.mktemp("http2"))


def test_curl_speaks_it_unless_the_attribute_says_no(site):
    def version():
        return site.curl("/", "-o", "/dev/null", "-w", "%{http_version}").stdout

    assert version() == "2"

    def set_to(value):
        site.elb.modify_load_balancer_attributes(LoadBalancerArn=site.balancer, Attributes=[
            {"Key": "routing.http2.enabled", "Value": value}])

    set_to("false")
    wait_until(lambda: version() == "1.1", what="HTTP/1.1 alone")
    set_to("true")
    wait_until(lambda: version() == "2", what="HTTP/2 again")


def test_many_requests_share_a_connection(site):
    client = site.client()
    for stream in range(1, 200, 2):
        client.get(stream)
    for stream in range(1, 200, 2):
        block, body = client.answer(stream) if stream == 1 else (None, b"fixed")
        assert body == b"fixed"
    client.close()


def test_requests_reach_targets_as_http_1(site):
    server = site.run_server(site.subnets[0])
    wait_until(lambda: site.ec2.describe_instances(InstanceIds=[server])["Reservations"][0]["Instances"][0]["State"][
        "Name"] == "running", what="a running server")
    site.elb.register_targets(TargetGroupArn=site.group, Targets=[{"Id": server}])
    wait_until(lambda: site.states(site.group) == ["healthy"], what="a healthy target")
    client = site.client()
    client.get(path="/server?a=b", more=[("cookie", "a=1"), ("cookie", "b=2"), ("x-own", "yes")])
    _, body = client.answer()
    text = body.decode()
    assert '"path": "/server?a=b"' in text and "a=1; b=2" in text and '"yes"' in text
    assert '"Host": "h2.test"' in text and '"X-Forwarded-Proto": "https"' in text
    assert '"X-Forwarded-Port": "443"' in text
    client.close()
    site.ec2.terminate_instances(InstanceIds=[server])


def test_bodies_are_held_back_by_the_windows(site):
    # A window of 1 byte gives the body byte by byte.
    client = site.client(settings=struct.pack(">HI", 4, 1))
    client.get()
    seen = b""
    while len(seen) < 5:
        kind, flags, stream, payload = client.next()
        if kind == DATA:
            assert len(payload) <= 1
            seen += payload
            client.send(frame(WINDOW_UPDATE, 0, 1, struct.pack(">I", 1)))
    assert seen == b"fixed"
    client.close()


OPEN = frame(HEADERS, END_HEADERS, 1, request(method="POST"))
GET = frame(HEADERS, ENDS, 1, request())
BIG = b"x" * 16385

# What is sent after the preface, and the codes that may answer it. None: the connection lives on.
WRONG = [
    ("DATA on stream 0", frame(DATA, 0, 0, b"x"), {PROTOCOL_ERROR}),
    ("DATA on an idle stream", frame(DATA, END_STREAM, 1, b"x"), {PROTOCOL_ERROR, STREAM_CLOSED}),
    ("RST_STREAM on an idle stream", frame(RST_STREAM, 0, 1, bytes(4)), {PROTOCOL_ERROR}),
    ("WINDOW_UPDATE on an idle stream", frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), {PROTOCOL_ERROR}),
    ("CONTINUATION without HEADERS", frame(CONTINUATION, END_HEADERS, 1, request()), {PROTOCOL_ERROR}),
    ("DATA after the end", GET + frame(DATA, END_STREAM, 1, b"x"), {STREAM_CLOSED}),
    ("HEADERS after the end", GET + GET, {STREAM_CLOSED, PROTOCOL_ERROR}),
    ("DATA after a reset", OPEN + frame(RST_STREAM, 0, 1, b"\0\0\0\x08") + frame(DATA, 0, 1, b"x"), {STREAM_CLOSED}),
    ("HEADERS after a reset", OPEN + frame(RST_STREAM, 0, 1, b"\0\0\0\x08") + GET, {STREAM_CLOSED}),
    ("an even stream", frame(HEADERS, ENDS, 2, request()), {PROTOCOL_ERROR}),
    ("a lower stream than before", frame(HEADERS, ENDS, 5, request()) + frame(HEADERS, ENDS, 3, request()),
     {PROTOCOL_ERROR}),
    ("a frame between HEADERS and CONTINUATION", frame(HEADERS, END_STREAM, 1, request()) + frame(PRIORITY, 0, 1,
                                                                                                b"\0\0\0\0\1"),
     {PROTOCOL_ERROR}),
    ("CONTINUATION of another stream", frame(HEADERS, END_STREAM, 1, request()) + frame(CONTINUATION, END_HEADERS, 3,
                                                                                      request()), {PROTOCOL_ERROR}),
    ("a frame above the limit", OPEN + frame(DATA, END_STREAM, 1, BIG), {FRAME_SIZE_ERROR}),
    ("padding longer than the frame", OPEN + frame(DATA, END_STREAM | PADDED, 1, b"\x09x"), {PROTOCOL_ERROR}),
    ("HEADERS on stream 0", frame(HEADERS, ENDS, 0, request()), {PROTOCOL_ERROR}),
    ("a stream that depends on itself", frame(PRIORITY, 0, 1, b"\0\0\0\1\1"), {PROTOCOL_ERROR, None}),
    ("PRIORITY of 4 bytes", frame(PRIORITY, 0, 1, bytes(4)), {FRAME_SIZE_ERROR}),
    ("RST_STREAM of 3 bytes", OPEN + frame(RST_STREAM, 0, 1, bytes(3)), {FRAME_SIZE_ERROR}),
    ("SETTINGS with ACK and payload", frame(SETTINGS, ACK, 0, bytes(6)), {FRAME_SIZE_ERROR}),
    ("SETTINGS on a stream", frame(SETTINGS, 0, 1, b""), {PROTOCOL_ERROR}),
    ("SETTINGS of 5 bytes", frame(SETTINGS, 0, 0, bytes(5)), {FRAME_SIZE_ERROR}),
    ("ENABLE_PUSH of 2", frame(SETTINGS, 0, 0, struct.pack(">HI", 2, 2)), {PROTOCOL_ERROR}),
    ("INITIAL_WINDOW_SIZE of 2^31", frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1 << 31)), {FLOW_CONTROL_ERROR}),
    ("MAX_FRAME_SIZE of 16383", frame(SETTINGS, 0, 0, struct.pack(">HI", 5, 16383)), {PROTOCOL_ERROR}),
    ("an unknown setting", frame(SETTINGS, 0, 0, struct.pack(">HI", 0xff, 1)), {None}),
    ("PUSH_PROMISE of a client", frame(PUSH, END_HEADERS, 1, b"\0\0\0\2" + request()), {PROTOCOL_ERROR}),
    ("PING on a stream", frame(PING, 0, 1, bytes(8)), {PROTOCOL_ERROR}),
    ("PING of 7 bytes", frame(PING, 0, 0, bytes(7)), {FRAME_SIZE_ERROR}),
    ("GOAWAY on a stream", frame(GOAWAY, 0, 1, bytes(8)), {PROTOCOL_ERROR}),
    ("WINDOW_UPDATE by 0", frame(WINDOW_UPDATE, 0, 0, bytes(4)), {PROTOCOL_ERROR}),
    ("WINDOW_UPDATE above 2^31-1", frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"), {FLOW_CONTROL_ERROR}),
    ("an unknown frame", frame(0x42, 0, 0, b"whatever"), {None}),
    ("bad HPACK", frame(HEADERS, ENDS, 1, b"\xff\xff\xff\xff\xff"), {COMPRESSION_ERROR}),
    ("HPACK's index 0", frame(HEADERS, ENDS, 1, b"\x80"), {COMPRESSION_ERROR}),
    ("an upper-case name", frame(HEADERS, ENDS, 1, request(more=[("X-A", "1")])), {PROTOCOL_ERROR}),
    ("an unknown pseudo-header", frame(HEADERS, ENDS, 1, request(more=[(":a", "1")])), {PROTOCOL_ERROR}),
    ("a pseudo-header after others", frame(HEADERS, ENDS, 1, fields((":method", "GET"), (":scheme", "https"),
                                                                   ("a", "b"), (":path", "/"))), {PROTOCOL_ERROR}),
    ("a header of the connection", frame(HEADERS, ENDS, 1, request(more=[("connection", "close")])), {PROTOCOL_ERROR}),
    ("Transfer-Encoding", frame(HEADERS, ENDS, 1, request(more=[("transfer-encoding", "chunked")])), {PROTOCOL_ERROR}),
    ("TE but for trailers", frame(HEADERS, ENDS, 1, request(more=[("te", "gzip")])), {PROTOCOL_ERROR}),
    ("an empty path", frame(HEADERS, ENDS, 1, request(path="")), {PROTOCOL_ERROR}),
    ("no path", frame(HEADERS, ENDS, 1, fields((":method", "GET"), (":scheme", "https"))), {PROTOCOL_ERROR}),
    ("two paths", frame(HEADERS, ENDS, 1, request(more=[(":path", "/b")])), {PROTOCOL_ERROR}),
    ("a space in the path", frame(HEADERS, ENDS, 1, request(path="/ HTTP/1.1")), {PROTOCOL_ERROR}),
    ("a line end in a value", frame(HEADERS, ENDS, 1, request(more=[("a", "b\r\nc: d")])), {PROTOCOL_ERROR}),
    ("a length that is not the body's", frame(HEADERS, END_HEADERS, 1, request(
        method="POST", more=[("content-length", "1")])) + frame(DATA, END_STREAM, 1, b"test"), {PROTOCOL_ERROR}),
    ("trailers without an end", OPEN + frame(HEADERS, END_HEADERS, 1, fields(("x", "y"))), {PROTOCOL_ERROR}),
    ("a pseudo-header in trailers", OPEN + frame(HEADERS, ENDS, 1, fields((":method", "x"))), {PROTOCOL_ERROR}),
]


@pytest.mark.parametrize("sent, codes", [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_what_is_wrong_ends_as_the_standard_says(site, sent, codes):
    client = site.client()
    client.send(sent)
    got = client.error()
    while got == NO_ERROR:
        got = client.error()
    assert got in codes or (got == "closed" and None not in codes), got
    client.close()


def test_the_rest_of_a_short_body_is_looked_at_before_the_response(site):
    client = site.client()
    client.send(OPEN)
    # The server has the head alone when this comes back.
    client.send(frame(PING, 0, 0, bytes(8)))
    while client.next()[0] != PING:
        pass
    client.send(frame(DATA, END_STREAM | PADDED, 1, b"\x09x"))
    assert client.error() == PROTOCOL_ERROR
    client.close()
    # One that does not come is not waited for long.
    client = site.client()
    client.send(OPEN)
    assert client.answer()[1] == b"fixed"
    client.close()


def test_a_preface_that_is_none_is_not_served(site):
    client = site.client(preface=b"GET / HTTP/1.1\r\nHost: h2.test\r\n\r\n")
    assert client.error() in (PROTOCOL_ERROR, "closed")


@pytest.mark.parametrize("name, step", [
    ("rapid reset", lambda i: frame(HEADERS, ENDS, 2 * i + 1, request()) + frame(RST_STREAM, 0, 2 * i + 1,
                                                                              b"\0\0\0\x08")),
    ("settings", lambda i: frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535))),
    ("ping", lambda i: frame(PING, 0, 0, bytes(8))),
    ("empty data", lambda i: OPEN if i == 0 else frame(DATA, 0, 1, b"")),
    ("continuation", lambda i: frame(HEADERS, 0, 1, request()) if i == 0 else frame(
        CONTINUATION, 0, 1, fields(("a", "b" * 100)))),
], ids=["rapid reset", "settings", "ping", "empty data", "continuation"])
def test_floods_are_ended_and_others_served(site, name, step):
    client = site.client()
    for i in range(0, 20000, 100):
        client.send(b"".join(step(j) for j in range(i, i + 100)))
    assert client.error() in (ENHANCE_YOUR_CALM, PROTOCOL_ERROR, "closed")
    client.close()
    assert site.curl("/").stdout == "fixed"


def test_headers_that_are_too_large_are_told_so(site):
    client = site.client()
    block = request(more=[("a", "b" * 12000)] + [("c", "d" * 3000)])
    client.send(frame(HEADERS, END_STREAM, 1, block[:16000]) + frame(CONTINUATION, END_HEADERS, 1, block[16000:]))
    answer, _ = client.answer()
    assert answer[0] == 0x88, "200 from the static table"
    client.close()
    client = site.client()
    block = request(more=[("a", "b" * 17000)])
    client.send(frame(HEADERS, END_STREAM, 1, block[:16000]) + frame(CONTINUATION, END_HEADERS, 1, block[16000:]))
    answer, _ = client.answer()
    assert b"431" in answer or answer[0] not in (0x88,)
    client.close()
