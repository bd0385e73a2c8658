"""Clients that show certificates: who is let in, and what targets are told; rules that change requests on their way."""
import json
import socket
import ssl
import subprocess

import pytest
from conftest import wait_until
from test_function_targets import CODE, TRUST, package
from web import Web

TEMPLATE = """
Parameters:
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}
  Function: {Type: String}
Resources:
  Store:
    Type: AWS::ElasticLoadBalancingV2::TrustStore
    Properties: {Name: mutual, CaCertificatesBundleS3Bucket: mutual-trust, CaCertificatesBundleS3Key: authority.pem}
  Certificate:
    Type: AWS::CertificateManager::Certificate
    Properties: {DomainName: mutual.test, ValidationMethod: DNS, KeyAlgorithm: EC_prime256v1}
  OpenCertificate:
    Type: AWS::CertificateManager::Certificate
    Properties: {DomainName: open.test, ValidationMethod: DNS, KeyAlgorithm: EC_prime256v1}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Subnets: !Ref Subnets}
  OpenBalancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Subnets: !Ref Subnets}
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {TargetType: lambda}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Action: "lambda:InvokeFunction",
                 Principal: elasticloadbalancing.amazonaws.com}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Protocol: HTTPS
      Port: 443
      Certificates: [{CertificateArn: !Ref Certificate}]
      MutualAuthentication: {Mode: verify, TrustStoreArn: !Ref Store}
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 1
      Conditions: [{Field: path-pattern, PathPatternConfig: {RegexValues: ["^/dp/[0-9]+$"]}}]
      Actions: [{Type: forward, TargetGroupArn: !Ref Group}]
      Transforms:
        - {Type: url-rewrite, UrlRewriteConfig: {Rewrites: [{Regex: "^/dp/([0-9]+)$", Replace: "/product?id=$1"}]}}
        - Type: host-header-rewrite
          HostHeaderRewriteConfig: {Rewrites: [{Regex: "^(.+)\\\\.test", Replace: "inner-$1.test"}]}
  OpenListener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref OpenBalancer
      Protocol: HTTPS
      Port: 443
      Certificates: [{CertificateArn: !Ref OpenCertificate}]
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200", MessageBody: open}}]
Outputs:
  Store: {Value: !Ref Store}
  Count: {Value: !GetAtt Store.NumberOfCaCertificates}
  Listener: {Value: !Ref Listener}
"""
SETTINGS = """
[ca]
default_ca = own
[own]
database = {folder}/index.txt
default_md = sha256
default_crl_days = 30
"""


class Authority:
    """A team's own authority, by openssl."""

    def __init__(self, folder, name):
        folder.mkdir()
        self.folder, self.name = folder, name
        self.run("req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                 "authority.key", "-out", "authority.pem", "-days", "30", "-subj", f"/CN={name}",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        (folder / "index.txt").touch()
        (folder / "settings").write_text(SETTINGS.format(folder=folder))

    def run(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def client(self, name):
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                 f"{name}.key", "-out", f"{name}.csr", "-subj", f"/O=team/CN={name}")
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                 "-CAcreateserial", "-out", f"{name}.pem", "-days", "30")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def revoke(self, certificate):
        own = ("-config", "settings", "-keyfile", "authority.key", "-cert", "authority.pem")
        self.run("ca", *own, "-revoke", str(certificate))
        self.run("ca", *own, "-gencrl", "-out", "list.pem")
        return (self.folder / "list.pem").read_bytes()


class Site(Web):
    def __init__(self, region, folder):
        super().__init__(region, 93)
        self.s3, self.stacks = region.client("s3"), region.client("cloudformation")
        self.good, self.bad = Authority(folder / "good", "good"), Authority(folder / "bad", "bad")
        self.s3.create_bucket(Bucket="mutual-trust")
        self.s3.put_object(Bucket="mutual-trust", Key="authority.pem",
                           Body=(self.good.folder / "authority.pem").read_bytes())
        self.trusted = folder / "region.pem"
        self.trusted.write_text(subprocess.run(region.command("env", "--ca"), check=True, capture_output=True,
                                               text=True).stdout)
        self.port = int(region.environment["HOLM_SECURE_SITE_PORT"])
        functions = region.client("lambda")
        role = region.client("iam").create_role(RoleName="mutual", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.function = functions.create_function(
            FunctionName="mutual", Runtime="python3.11", Role=role["Role"]["Arn"], Handler="index.handler", Timeout=2,
            Code={"ZipFile": package(CODE)})["FunctionArn"]
        functions.get_waiter("function_active_v2").wait(FunctionName="mutual")
        given = {"Subnets": ",".join(self.subnets[:2]), "Function": self.function}
        self.stacks.create_stack(StackName="mutual", TemplateBody=TEMPLATE, Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()])
        self.stacks.get_waiter("stack_create_complete").wait(StackName="mutual", WaiterConfig={"Delay": 1})
        stack = self.stacks.describe_stacks(StackName="mutual")["Stacks"][0]
        self.out = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        group = self.elb.describe_target_groups()["TargetGroups"]
        arn = next(each["TargetGroupArn"] for each in group if each["TargetGroupName"].startswith("mutual-"))
        self.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": self.function}])

    def ask(self, path="/", client=None, name="mutual.test", host=None, headers=""):
        """The status and the body; None where the client is turned away."""
        context = ssl.create_default_context(cafile=self.trusted)
        if client:
            context.load_cert_chain(*client)
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
                with context.wrap_socket(plain, server_hostname=name) as secure:
                    secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {host or name}\r\n{headers}"
                                   "Connection: close\r\n\r\n".encode())
                    text = b"".join(iter(lambda: secure.recv(4096), b"")).decode()
        except (ssl.SSLError, ConnectionError):
            return None
        return (int(text.split(" ")[1]), text.partition("\r\n\r\n")[2]) if text else None

    def told(self, path="/", **options):
        status, text = self.ask(path, **options)
        assert status == 200, text
        return json.loads(text)


@pytest.fixture(scope="module")
def site(region, tmp_path_factory):
    made = Site(region, tmp_path_factory.mktemp("mutual"))
    yield made
    made.stacks.delete_stack(StackName="mutual")
    made.stacks.get_waiter("stack_delete_complete").wait(StackName="mutual", WaiterConfig={"Delay": 1})


def test_the_store_is_made_of_the_bundle(site):
    assert site.out["Count"] == "1"
    stores = site.elb.describe_trust_stores(TrustStoreArns=[site.out["Store"]])["TrustStores"]
    assert [each["Status"] for each in stores] == ["ACTIVE"]


def test_targets_are_told_of_clients_that_were_verified(site):
    alice = site.good.client("alice")
    headers = site.told(client=alice, headers="X-Amzn-Mtls-Clientcert-Subject: CN=mallory\r\n")["headers"]
    assert headers["x-amzn-mtls-clientcert-subject"] == "CN=alice,O=team"
    assert headers["x-amzn-mtls-clientcert-issuer"] == "CN=good"
    serial = subprocess.run(["openssl", "x509", "-in", alice[0], "-noout", "-serial"], check=True, capture_output=True,
                            text=True).stdout.strip()
    assert f"serial={headers['x-amzn-mtls-clientcert-serial-number']}" == serial
    assert headers["x-amzn-mtls-clientcert-validity"].startswith("NotBefore=20")
    leaf = headers["x-amzn-mtls-clientcert-leaf"].replace("%20", " ").replace("%0A", "\n")
    assert leaf == alice[0].read_text()


def test_strangers_are_turned_away(site):
    assert site.ask() is None
    assert site.ask(client=site.bad.client("mallory")) is None


def test_a_connection_that_was_made_for_another_name_will_not_do(site):
    assert site.ask(name="open.test") == (200, "open")
    assert site.ask(name="open.test", host="mutual.test")[0] == 421


def test_who_was_revoked_is_turned_away(site):
    bob, carol = site.good.client("bob"), site.good.client("carol")
    assert site.ask(client=bob)[0] == 200
    site.s3.put_object(Bucket="mutual-trust", Key="list.pem", Body=site.good.revoke(bob[0]))
    site.elb.add_trust_store_revocations(TrustStoreArn=site.out["Store"], RevocationContents=[
        {"S3Bucket": "mutual-trust", "S3Key": "list.pem", "RevocationType": "CRL"}])
    wait_until(lambda: site.ask(client=bob) is None, 10, "the revocation is known")
    assert site.ask(client=carol)[0] == 200


def test_rules_change_requests_on_their_way(site):
    dave = site.good.client("dave")
    told = site.told("/dp/7", client=dave)
    assert (told["path"], told["queryStringParameters"], told["headers"]["host"]) == \
        ("/product", {"id": "7"}, "inner-mutual.test")
    # What the expression of the condition does not find goes as it came.
    told = site.told("/dp/x?y=z", client=dave)
    assert (told["path"], told["headers"]["host"]) == ("/dp/x", "mutual.test")


def test_listeners_may_call_the_headers_otherwise_and_pass_on_what_they_did_not_verify(site):
    erin = site.bad.client("erin")
    site.elb.modify_listener(ListenerArn=site.out["Listener"], MutualAuthentication={"Mode": "passthrough"})
    site.elb.modify_listener_attributes(ListenerArn=site.out["Listener"], Attributes=[
        {"Key": "routing.http.request.x_amzn_mtls_clientcert.header_name", "Value": "X-Client"}])

    def chain():
        answer = site.ask(client=erin, headers="X-Client: forged\r\n")
        return answer and json.loads(answer[1])["headers"].get("x-client")

    wait_until(lambda: chain() not in (None, "forged"), 10, "the listener passes certificates on")
    assert chain().replace("%20", " ").replace("%0A", "\n") == erin[0].read_text()
    assert "x-client" not in site.told()["headers"]
