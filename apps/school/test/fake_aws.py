"""Just enough of S3 and of the Lambda runtime API to try the school on one machine: objects in
memory, CORS for browsers, and an event for each upload below source/yearbook/. Signatures are not
checked here; the unit tests compare them with AWS's own vectors."""
import hashlib
import json
import queue
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

objects = {}
uploads = queue.Queue()
outcomes = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Methods", "PUT")
        self.send_header("Access-Control-Allow-Headers", "content-type")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def path_only(self):
        return urllib.parse.unquote(self.path.split("?")[0])

    def do_OPTIONS(self):
        self.answer(204)

    def do_PUT(self):
        body, key = self.body(), self.path_only()
        objects[key] = (body, self.headers.get("Content-Type", ""))
        etag = hashlib.md5(body).hexdigest()
        bucket, name = key[1:].split("/", 1)
        if name.startswith("source/yearbook/"):
            uploads.put({"bucket": bucket, "key": name, "etag": etag, "size": len(body)})
        self.answer(200, ETag=f'"{etag}"')

    def do_DELETE(self):
        objects.pop(self.path_only(), None)
        self.answer(204)

    def do_GET(self):
        path = self.path_only()
        if path.endswith("/runtime/invocation/next"):
            return self.next_invocation()
        if path == "/outcomes":
            return self.answer(200, json.dumps(outcomes).encode())
        if path == "/keys":
            return self.answer(200, json.dumps(sorted(objects)).encode())
        if path not in objects:
            return self.answer(404)
        body, content_type = objects[path]
        self.answer(200, body, Content_Type=content_type)

    def next_invocation(self):
        upload = uploads.get()
        event = {"Records": [{
            "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": upload["bucket"]},
                   "object": {"key": urllib.parse.quote_plus(upload["key"], safe="/"),
                              "size": upload["size"], "eTag": upload["etag"]}}}]}
        self.answer(200, json.dumps(event).encode(), Lambda_Runtime_Aws_Request_Id="request-1",
                    Content_Type="application/json")

    def do_POST(self):
        outcomes.append({"path": self.path, "body": self.body().decode()})
        self.answer(202)


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    threading.Thread(target=server.serve_forever).start()
