"""WebSockets through a load balancer, with and without TLS, by a client that knows nothing of it."""
import json
import socket
import ssl
import struct
import subprocess
import threading

import pytest
import websocket
from conftest import wait_until
from web import HEALTHY, Web, ask

# Echoes. /refuse is refused, /half ends its side after one message, /flood sends much at once; others say what they
# were asked with first.
SERVER = """#!/bin/bash
cat > /root/server.py <<'END'
import base64, hashlib, json, socketserver, struct

class Handler(socketserver.StreamRequestHandler):
    def frame(self, kind, payload):
        size = len(payload)
        head = bytes([0x80 | kind]) + (bytes([size]) if size < 126 else b"\\x7e" + struct.pack(">H", size)
                                       if size < 65536 else b"\\x7f" + struct.pack(">Q", size))
        self.wfile.write(head + payload)

    def receive(self):
        first, second = self.rfile.read(2)
        size = second & 127
        if size > 125:
            size = struct.unpack(">H" if size == 126 else ">Q", self.rfile.read(2 if size == 126 else 8))[0]
        mask, payload = self.rfile.read(4), self.rfile.read(size)
        return first & 15, bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))

    def handle(self):
        method, path, _ = self.rfile.readline().decode().split(" ", 2)
        headers = {}
        for line in iter(self.rfile.readline, b"\\r\\n"):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("upgrade") != "websocket" or path == "/refuse":
            status = "403 Forbidden" if path == "/refuse" else "200 OK"
            self.wfile.write(f"HTTP/1.1 {status}\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n".encode())
            return
        accept = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(accept.encode()).digest()).decode()
        extra = "Sec-WebSocket-Protocol: echo\\r\\n" if "sec-websocket-protocol" in headers else ""
        head = (f"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                f"Sec-WebSocket-Accept: {accept}\\r\\n{extra}\\r\\n").encode()
        told = json.dumps({"path": path, "headers": headers}).encode()
        # Head and first message may come in one piece.
        self.wfile.write(head + b"\\x81\\x7e" + struct.pack(">H", len(told)) + told)
        while path == "/flood":
            self.frame(2, bytes(65536))
        while True:
            kind, payload = self.receive()
            if kind == 8:
                self.frame(8, payload)
                return
            self.frame(10 if kind == 9 else kind, payload)
            if path == "/half":
                return

socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.ThreadingTCPServer(("", 8080), Handler).serve_forever()
END
exec python3 /root/server.py
"""


class Chat(Web):
    def __init__(self, region, folder):
        super().__init__(region, 88)
        self.ec2.authorize_security_group_ingress(GroupId=self.balancer_group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        self.server = self.run_server(self.subnets[0], SERVER)
        self.bucket = "chat-logs"
        self.balancer, self.name = self.load_balancer("chat")
        self.group = self.target_group("chat")
        forward = {"Type": "forward", "TargetGroupArn": self.group}
        self.listener(self.balancer, forward)
        self.acm = region.client("acm")
        self.certificate = self.acm.request_certificate(DomainName="chat.test", ValidationMethod="DNS")["CertificateArn"]
        wait_until(lambda: self.acm.describe_certificate(CertificateArn=self.certificate)["Certificate"]["Status"]
                   == "ISSUED", what="the certificate")
        self.elb.create_listener(LoadBalancerArn=self.balancer, Protocol="HTTPS", Port=443, DefaultActions=[forward],
                                 Certificates=[{"CertificateArn": self.certificate}])
        self.authority = folder / "authority.pem"
        self.authority.write_text(subprocess.run(region.command("env", "--ca"), check=True, capture_output=True,
                                                 text=True).stdout)
        wait_until(lambda: self.state() == "running", what="running")
        self.elb.register_targets(TargetGroupArn=self.group, Targets=[{"Id": self.server}])
        wait_until(lambda: self.health(self.group)[self.server] == HEALTHY, what="a healthy target")

    def state(self):
        found = self.ec2.describe_instances(InstanceIds=[self.server])["Reservations"][0]["Instances"][0]
        return found["State"]["Name"]

    def connect(self, path="/", secure=False, **options):
        port = int(self.region.environment["HOLM_SECURE_SITE_PORT"]) if secure else self.region.edge_port
        plain = socket.create_connection(("127.0.0.1", port), timeout=30)
        host = self.name
        if secure:
            host = "chat.test"
            context = ssl.create_default_context(cafile=self.authority)
            context.set_alpn_protocols(["http/1.1"])
            plain = context.wrap_socket(plain, server_hostname=host)
        return websocket.create_connection(f"{'wss' if secure else 'ws'}://{host}{path}", socket=plain, timeout=30,
                                           **options)

    def set_idle_timeout(self, seconds):
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=self.balancer, Attributes=[
            {"Key": "idle_timeout.timeout_seconds", "Value": str(seconds)}])


@pytest.fixture(scope="module")
def chat(region, tmp_path_factory):
    made = Chat(region, tmp_path_factory.mktemp("chat"))
    yield made
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)
    made.elb.delete_target_group(TargetGroupArn=made.group)
    made.ec2.terminate_instances(InstanceIds=[made.server])


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
def test_messages_pass_both_ways(chat, secure):
    client = chat.connect("/room?id=7", secure, subprotocols=["echo"], header={"X-Colour": "red"})
    told = json.loads(client.recv())
    assert client.getsubprotocol() == "echo"
    assert told["path"] == "/room?id=7"
    headers = told["headers"]
    assert headers["x-colour"] == "red" and headers["sec-websocket-version"] == "13"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == ("https" if secure else "http")
    assert headers["x-forwarded-port"] == ("443" if secure else "80")
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    for message in ["hello", "ä" * 40_000, ""]:
        client.send(message)
        assert client.recv() == message
    for size in (1, 125, 126, 65536, 500_000):
        client.send_binary(bytes(size))
        assert client.recv() == bytes(size)
    client.ping("are you there")
    kind, frame = client.recv_data_frame(control_frame=True)
    assert (kind, frame.data) == (websocket.ABNF.OPCODE_PONG, b"are you there")
    client.send_close(1000, b"bye")
    kind, frame = client.recv_data_frame(control_frame=True)
    assert (kind, frame.data) == (websocket.ABNF.OPCODE_CLOSE, struct.pack(">H", 1000) + b"bye")
    client.shutdown()


def test_a_target_may_refuse(chat):
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        chat.connect("/refuse")


def test_many_at_a_time(chat):
    clients = [chat.connect(f"/{number}", number % 2 == 1) for number in range(40)]
    for number, client in enumerate(clients):
        assert json.loads(client.recv())["path"] == f"/{number}"
    failed = []

    def talk(client, number):
        for count in range(20):
            client.send(f"{number} {count}")
            if client.recv() != f"{number} {count}":
                failed.append(number)

    talkers = [threading.Thread(target=talk, args=(each, number)) for number, each in enumerate(clients)]
    for each in talkers:
        each.start()
    for each in talkers:
        each.join()
    assert failed == []
    for each in clients:
        each.close()


def test_a_side_that_ends_ends_the_other(chat):
    client = chat.connect("/half")
    client.recv()
    client.send("last words")
    assert client.recv() == "last words"
    with pytest.raises(websocket.WebSocketConnectionClosedException):
        client.recv()


def test_a_client_that_leaves_is_not_waited_for(chat):
    client = chat.connect("/flood")
    for _ in range(50):
        client.recv()
    client.shutdown()
    # Its target would block for ever otherwise, and its connection count.
    assert ask(chat.region, chat.name).status == 200


def test_silence_ends_a_connection_and_pings_keep_it(chat):
    chat.set_idle_timeout(3)

    def is_cut():
        """Whether a silent connection ends well before the sixty seconds of before."""
        silent = chat.connect()
        silent.recv()
        silent.settimeout(20)
        try:
            silent.recv()
        except websocket.WebSocketConnectionClosedException:
            return True
        except websocket.WebSocketTimeoutException:
            return False

    wait_until(is_cut, what="the end of the silent")
    client = chat.connect("/", True)
    client.recv()
    for number in range(10):
        client.ping(str(number))
        assert client.recv_data_frame(control_frame=True)[1].data == str(number).encode()
        threading.Event().wait(0.5)
    with pytest.raises(websocket.WebSocketConnectionClosedException):
        client.recv()
    chat.set_idle_timeout(60)


def test_a_connection_survives_changes_of_the_configuration(chat):
    client = chat.connect()
    client.recv()
    rule = chat.elb.create_rule(
        ListenerArn=chat.elb.describe_listeners(LoadBalancerArn=chat.balancer)["Listeners"][0]["ListenerArn"],
        Priority=1, Conditions=[{"Field": "path-pattern", "Values": ["/fixed"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "204"}}])["Rules"][0]["RuleArn"]
    wait_until(lambda: ask(chat.region, chat.name, "/fixed").status == 204, what="the rule")
    client.send("still here")
    assert client.recv() == "still here"
    chat.elb.delete_rule(RuleArn=rule)
    client.close()


def test_a_connection_is_drained_and_then_gone(chat):
    chat.elb.modify_target_group_attributes(TargetGroupArn=chat.group, Attributes=[
        {"Key": "deregistration_delay.timeout_seconds", "Value": "3600"}])
    client = chat.connect()
    client.recv()
    chat.elb.deregister_targets(TargetGroupArn=chat.group, Targets=[{"Id": chat.server}])
    wait_until(lambda: ask(chat.region, chat.name).status == 503, what="nothing new")
    client.send("still here")
    assert client.recv() == "still here"
    assert chat.health(chat.group)[chat.server] == ("draining", "Target.DeregistrationInProgress")
    client.close()
    wait_until(lambda: chat.server not in chat.health(chat.group), what="the end of the deregistration")
    chat.elb.register_targets(TargetGroupArn=chat.group, Targets=[{"Id": chat.server}])
    wait_until(lambda: chat.health(chat.group)[chat.server] == HEALTHY, what="a healthy target")


def test_the_access_log_tells_of_them(chat):
    s3 = chat.region.client("s3")
    s3.create_bucket(Bucket=chat.bucket)
    s3.put_bucket_policy(Bucket=chat.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
         "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{chat.bucket}/*"}]}))
    chat.elb.modify_load_balancer_attributes(LoadBalancerArn=chat.balancer, Attributes=[
        {"Key": "access_logs.s3.enabled", "Value": "true"}, {"Key": "access_logs.s3.bucket", "Value": chat.bucket}])
    waiting = chat.region.data / "access-logs"

    def lines():
        for secure in (False, True):
            client = chat.connect("/logged", secure)
            client.recv()
            client.send("x" * 1000)
            client.recv()
            client.close()
        text = "".join(each.read_text() for each in waiting.glob("*"))
        found = [line.split(" ") for line in text.splitlines() if "/logged " in line]
        return {each[0] for each in found} == {"ws", "wss"} and found

    for each in wait_until(lines, what="lines in the log"):
        kind, sent = each[0], int(each[11])
        assert each[8:10] == ["101", "101"] and int(each[10]) > 1000 and sent > 1000, each
    chat.elb.modify_load_balancer_attributes(LoadBalancerArn=chat.balancer, Attributes=[
        {"Key": "access_logs.s3.enabled", "Value": "false"}])
