"""Requests to S3 signed by hand, right or wrong on purpose, as no client would send them."""
import base64
import datetime
import hashlib
import hmac
import http.client
import urllib.parse
import zlib

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def crc32(content):
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


class Signer:
    """One request's signature, and those of its chunks, which follow from it."""

    def __init__(self, region, service="s3", secret=None):
        self.port = region.port
        self.key_id = region.environment["AWS_ACCESS_KEY_ID"]
        self.secret = secret or region.environment["AWS_SECRET_ACCESS_KEY"]
        self.time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.time[:8]}/us-east-1/{service}/aws4_request"
        key = b"AWS4" + self.secret.encode()
        for part in self.scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        self.key = key
        self.signature = ""

    def mac(self, text):
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()

    def headers(self, method, target, payload, more):
        path, _, query = target.partition("?")
        query = "&".join(sorted(part if "=" in part else part + "=" for part in query.split("&") if part))
        headers = {"host": f"127.0.0.1:{self.port}", "x-amz-date": self.time, **more}
        if payload is not None:
            headers["x-amz-content-sha256"] = payload
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{payload or EMPTY_SHA256}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        self.signature = self.mac(f"AWS4-HMAC-SHA256\n{self.time}\n{self.scope}\n{digest}")
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.key_id}/{self.scope},"
                                    f"SignedHeaders={names},Signature={self.signature}")
        return headers

    def chunk(self, content):
        """One chunk with its signature, which the next one's begins from."""
        self.signature = self.mac("\n".join(["AWS4-HMAC-SHA256-PAYLOAD", self.time, self.scope, self.signature,
                                             EMPTY_SHA256, hashlib.sha256(content).hexdigest()]))
        return f"{len(content):x};chunk-signature={self.signature}\r\n".encode() + content + b"\r\n"

    def trailer(self, name, value):
        digest = hashlib.sha256(f"{name}:{value}\n".encode()).hexdigest()
        self.signature = self.mac("\n".join(["AWS4-HMAC-SHA256-TRAILER", self.time, self.scope, self.signature, digest]))
        return f"{name}:{value}\r\nx-amz-trailer-signature:{self.signature}\r\n\r\n".encode()


def send(port, method, target, headers, body=b"", chunked=False):
    """Status, body. Where a header is a list, each of it is a line of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            for each in value if isinstance(value, list) else [value]:
                connection.putheader(name, each)
        if chunked:
            connection.putheader("transfer-encoding", "chunked")
        else:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders()
        if chunked:
            for at in range(0, len(body), 1000):
                part = body[at:at + 1000]
                connection.send(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            connection.send(b"0\r\n\r\n")
        else:
            connection.send(body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def quoted(key):
    return urllib.parse.quote(key, safe="/-_.~")
