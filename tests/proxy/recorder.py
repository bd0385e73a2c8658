"""The target behind every front: answers each request with what reached it, byte by byte.

Usage: recorder.py PORT. An answer's body is "RECORDED", the number of bytes of the head, that head as it came, and the
body, decoded; in answer to HEAD a header has it. Requests that are not as RFC 9112 wants them are marked DEVIANT: a
front must not let them through."""
import re
import selectors
import socket
import sys

HEADER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t \x21-\x7e\x80-\xff]*$")
START = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21-\x7e\x80-\xff]+ HTTP/1\.[01]$")
SIZE = re.compile(rb"[0-9a-fA-F]{1,15}$")


class Broken(Exception):
    """What came is no request."""


class Incomplete(Exception):
    """More has to come."""


def decode_chunks(data, start):
    """(body, trailers, where it ends)."""
    body, at = b"", start
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            raise Incomplete
        size_text = data[at:end].split(b";")[0].strip()
        if not SIZE.match(size_text):
            raise Broken
        size, at = int(size_text, 16), end + 2
        if size == 0:
            break
        if len(data) < at + size + 2:
            raise Incomplete
        if data[at + size:at + size + 2] != b"\r\n":
            raise Broken
        body += data[at:at + size]
        at += size + 2
    if data[at:at + 2] == b"\r\n":
        return body, b"", at + 2
    end = data.find(b"\r\n\r\n", at)
    if end < 0:
        raise Incomplete
    return body, data[at:end + 2], end + 4


def read_request(data):
    """(head, body, trailers, whether it deviates, where it ends)."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        raise Incomplete
    head = data[:end]
    lines = head.split(b"\r\n")
    deviant = not START.match(lines[0]) or not all(HEADER.match(line) for line in lines[1:])
    lengths, codings, hosts = [], [], 0
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        if name == b"content-length":
            lengths.append(value.strip())
        elif name == b"transfer-encoding":
            codings.append(value.strip().lower())
        elif name == b"host":
            hosts += 1
    deviant = deviant or hosts != 1 or len(lengths) + len(codings) > 1
    if codings:
        if codings != [b"chunked"]:
            raise Broken
        body, trailers, at = decode_chunks(data, end + 4)
        return head, body, trailers, deviant, at
    length = 0
    if lengths:
        if not lengths[0].isdigit():
            raise Broken
        length = int(lengths[0])
    at = end + 4 + length
    if len(data) < at:
        raise Incomplete
    return head, data[end + 4:at], b"", deviant, at


def answer(head, body, trailers, deviant):
    record = b"%s %d %d\n" % (b"DEVIANT" if deviant else b"RECORDED", len(head), len(trailers)) + head + trailers + body
    if head.startswith(b"HEAD "):
        return b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Record: " + record.hex().encode() + b"\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Recorder: yes\r\n\r\n" % len(record) + record


def serve(port):
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    listener.setblocking(False)
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ, None)
    kept = {}

    def close(connection):
        waiting.unregister(connection)
        del kept[connection]
        connection.close()

    def take(connection):
        got = connection.recv(1 << 18)
        if not got:
            return close(connection)
        data = kept[connection] + got
        while data:
            try:
                *request, at = read_request(data)
            except Incomplete:
                break
            except Broken:
                connection.sendall(b"HTTP/1.1 599 Broken\r\nContent-Length: 0\r\nX-Recorder: broken\r\n\r\n")
                return close(connection)
            data = data[at:]
            connection.sendall(answer(*request))
        kept[connection] = data

    while True:
        for key, _ in waiting.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                kept[connection] = b""
                waiting.register(connection, selectors.EVENT_READ, connection)
                continue
            try:
                take(key.data)
            except OSError:
                close(key.data)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
