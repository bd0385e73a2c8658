"""HTTPS: certificates from ACM, chosen by name; policies; http leads to https; all of it by a template, too."""
import json
import socket
import ssl
import subprocess

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from web import Web, ask

TEMPLATE = """
Parameters:
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}
  Policy: {Type: String, Default: ELBSecurityPolicy-TLS13-1-2-2021-06}
Resources:
  Certificate:
    Type: AWS::CertificateManager::Certificate
    Properties: {DomainName: stack.test, ValidationMethod: DNS, KeyAlgorithm: EC_prime256v1}
  Other:
    Type: AWS::CertificateManager::Certificate
    Properties: {DomainName: "*.other.test", ValidationMethod: DNS, KeyAlgorithm: EC_prime256v1}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Subnets: !Ref Subnets}
  Plain:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Protocol: HTTP
      Port: 80
      DefaultActions: [{Type: redirect, RedirectConfig: {Protocol: HTTPS, Port: "443", StatusCode: HTTP_301}}]
  Secure:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Protocol: HTTPS
      Port: 443
      SslPolicy: !Ref Policy
      Certificates: [{CertificateArn: !Ref Certificate}]
      DefaultActions:
        - {Type: fixed-response, FixedResponseConfig: {StatusCode: "200", ContentType: text/plain, MessageBody: safe}}
  More:
    Type: AWS::ElasticLoadBalancingV2::ListenerCertificate
    Properties: {ListenerArn: !Ref Secure, Certificates: [{CertificateArn: !Ref Other}]}
Outputs:
  Name: {Value: !GetAtt Balancer.DNSName}
  Secure: {Value: !Ref Secure}
  Certificate: {Value: !Ref Certificate}
  Other: {Value: !Ref Other}
"""


class Site(Web):
    def __init__(self, region, folder):
        super().__init__(region, 87)
        self.acm = region.client("acm")
        self.stacks = region.client("cloudformation")
        self.authority = folder / "authority.pem"
        self.authority.write_text(subprocess.run(region.command("env", "--ca"), check=True, capture_output=True,
                                                 text=True).stdout)
        self.port = int(region.environment["HOLM_SECURE_SITE_PORT"])
        self.stacks.create_stack(StackName="https", TemplateBody=TEMPLATE, Parameters=self.parameters())
        self.stacks.get_waiter("stack_create_complete").wait(StackName="https", WaiterConfig={"Delay": 1})
        self.read()

    def parameters(self, **more):
        given = {"Subnets": ",".join(self.subnets[:2]), **more}
        return [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]

    def read(self):
        stack = self.stacks.describe_stacks(StackName="https")["Stacks"][0]
        self.out = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def shake_hands(self, name, **options):
        """What a client that trusts the region's authority, and it alone, agrees on; and the certificate's names."""
        context = ssl.create_default_context(cafile=self.authority)
        for key, value in options.items():
            setattr(context, key, value)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=name) as secure:
                names = [value for _, value in secure.getpeercert()["subjectAltName"]]
                secure.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                text = b"".join(iter(lambda: secure.recv(4096), b"")).decode()
                return secure.version(), names, text

    def curl(self, url, *words):
        name = url.split("/")[2]
        to = [part for port in ("80", "443") for part in
              ("--connect-to", f"{name}:{port}:127.0.0.1:{self.region.edge_port if port == '80' else self.port}")]
        return subprocess.run(["curl", "-sS", "--cacert", self.authority, *to, *words, url], capture_output=True,
                              text=True, timeout=20)


@pytest.fixture(scope="module")
def site(region, tmp_path_factory):
    made = Site(region, tmp_path_factory.mktemp("https"))
    yield made
    made.stacks.delete_stack(StackName="https")
    made.stacks.get_waiter("stack_delete_complete").wait(StackName="https", WaiterConfig={"Delay": 1})


def test_the_certificate_of_the_name_asked_for_is_shown(site):
    version, names, text = site.shake_hands("stack.test")
    assert (version, names) == ("TLSv1.3", ["stack.test"])
    assert text.startswith("HTTP/1.1 200") and text.endswith("safe")
    assert site.shake_hands("a.other.test")[1] == ["*.other.test"]
    with pytest.raises(ssl.SSLError):
        site.shake_hands("nobody.test")
    # The load balancer's own name has the default certificate, which is for another: as on AWS.
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        site.shake_hands(site.out["Name"])


def test_http_leads_to_https(site):
    answer = ask(site.region, "stack.test", "/a?b=c")
    assert (answer.status, answer.headers["Location"]) == (301, f"https://stack.test:{site.port}/a?b=c")
    answer = site.curl("https://stack.test/")
    assert answer.stdout == "safe", answer.stderr
    untrusting = subprocess.run(["curl", "-sS", "--resolve", f"stack.test:{site.port}:127.0.0.1",
                                 f"https://stack.test:{site.port}/"], capture_output=True, text=True, timeout=20)
    assert untrusting.returncode == 60, "the authority is nobody's but the region's"


def test_the_policy_decides_on_versions_and_changes_without_a_new_listener(site):
    old = {"maximum_version": ssl.TLSVersion.TLSv1_2}
    assert site.shake_hands("stack.test", **old)[0] == "TLSv1.2"
    site.elb.modify_listener(ListenerArn=site.out["Secure"], SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06")

    def is_refused():
        try:
            return not site.shake_hands("stack.test", **old)
        except ssl.SSLError:
            return True

    wait_until(is_refused, what="the new policy")
    assert site.shake_hands("stack.test")[0] == "TLSv1.3"
    site.stacks.update_stack(StackName="https", UsePreviousTemplate=True,
                             Parameters=site.parameters(Policy="ELBSecurityPolicy-FS-1-2-Res-2020-10"))
    site.stacks.get_waiter("stack_update_complete").wait(StackName="https", WaiterConfig={"Delay": 1})
    wait_until(lambda: site.shake_hands("stack.test")[0] == "TLSv1.2", what="the policy of the template")
    with pytest.raises(ClientError, match="SSLPolicyNotFound"):
        site.elb.modify_listener(ListenerArn=site.out["Secure"], SslPolicy="ELBSecurityPolicy-1999")


def test_certificates_in_use_are_kept_and_listed(site):
    shown = site.acm.describe_certificate(CertificateArn=site.out["Other"])["Certificate"]
    assert len(shown["InUseBy"]) == 1 and shown["Status"] == "ISSUED"
    with pytest.raises(ClientError, match="ResourceInUseException"):
        site.acm.delete_certificate(CertificateArn=site.out["Other"])
    listed = site.elb.describe_listener_certificates(ListenerArn=site.out["Secure"])["Certificates"]
    assert listed == [{"CertificateArn": site.out["Certificate"], "IsDefault": True},
                      {"CertificateArn": site.out["Other"], "IsDefault": False}]
    with pytest.raises(ClientError, match="CertificateNotFound"):
        site.elb.add_listener_certificates(ListenerArn=site.out["Secure"], Certificates=[
            {"CertificateArn": site.out["Other"] + "0"}])
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        site.elb.remove_listener_certificates(ListenerArn=site.out["Secure"], Certificates=[
            {"CertificateArn": site.out["Certificate"]}])


def test_an_imported_certificate_is_served_at_once(site, tmp_path):
    key, body = tmp_path / "key.pem", tmp_path / "body.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", body, "-days",
                    "2", "-subj", "/CN=own.test", "-addext", "subjectAltName=DNS:own.test"], check=True,
                   capture_output=True)
    made = site.region.aws("acm", "import-certificate", "--certificate", f"fileb://{body}", "--private-key",
                           f"fileb://{key}")
    arn = json.loads(made.stdout)["CertificateArn"]
    site.elb.add_listener_certificates(ListenerArn=site.out["Secure"], Certificates=[{"CertificateArn": arn}])

    def served():
        answer = subprocess.run(["curl", "-sS", "--cacert", body, "--resolve", f"own.test:{site.port}:127.0.0.1",
                                 f"https://own.test:{site.port}/"], capture_output=True, text=True, timeout=20)
        return answer.stdout == "safe"

    wait_until(served, what="the imported certificate")
    site.elb.remove_listener_certificates(ListenerArn=site.out["Secure"], Certificates=[{"CertificateArn": arn}])
    wait_until(lambda: not site.acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"],
               what="an unused certificate")
    site.acm.delete_certificate(CertificateArn=arn)


def test_a_listener_sets_headers(site):
    site.elb.modify_listener_attributes(ListenerArn=site.out["Secure"], Attributes=[
        {"Key": "routing.http.response.strict_transport_security.header_value", "Value": "max-age=60"},
        {"Key": "routing.http.response.server.enabled", "Value": "false"}])
    wait_until(lambda: "strict-transport-security: max-age=60" in site.shake_hands("stack.test")[2].lower(),
               what="the header")
    assert "server:" not in site.shake_hands("stack.test")[2].lower()
    with pytest.raises(ClientError, match="x_frame_options"):
        site.elb.modify_listener_attributes(ListenerArn=site.out["Secure"], Attributes=[
            {"Key": "routing.http.response.x_frame_options.header_value", "Value": "MAYBE"}])


def test_certificates_survive_the_daemon(site):
    site.region.kill()
    site.region.start_only()
    assert site.shake_hands("stack.test")[1] == ["stack.test"]
