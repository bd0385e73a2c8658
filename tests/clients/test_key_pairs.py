"""Key pairs are what ssh-keygen and openssl take them for."""
import hashlib
import subprocess
import uuid

import pytest
from conftest import wait_until

IMAGE = "ami-0de8b1a12a0000012"


def keygen(*words):
    return subprocess.run(["ssh-keygen", *words], check=True, capture_output=True, text=True).stdout.strip()


def made(region, kind, tmp_path):
    ec2 = region.client("ec2")
    name = f"keys-{uuid.uuid4().hex[:12]}"
    pair = ec2.create_key_pair(KeyName=name, KeyType=kind)
    file = tmp_path / name
    file.write_text(pair["KeyMaterial"])
    file.chmod(0o600)
    public = ec2.describe_key_pairs(KeyNames=[name], IncludePublicKey=True)["KeyPairs"][0]["PublicKey"]
    # ssh-keygen computes the public half from the private one.
    assert keygen("-y", "-f", str(file)).split()[:2] == public.split()[:2]
    ec2.delete_key_pair(KeyName=name)
    return pair["KeyFingerprint"], file


def test_an_rsa_key_is_whole_and_has_awss_fingerprint(region, tmp_path):
    fingerprint, file = made(region, "rsa", tmp_path)
    der = subprocess.run(["openssl", "pkcs8", "-in", str(file), "-topk8", "-nocrypt", "-outform", "DER"],
                         check=True, capture_output=True).stdout
    assert fingerprint == ":".join(f"{byte:02x}" for byte in hashlib.sha1(der).digest())


def test_an_ed25519_key_is_whole_and_has_openssh_s_fingerprint(region, tmp_path):
    fingerprint, file = made(region, "ed25519", tmp_path)
    assert keygen("-l", "-f", str(file)).split()[1] == "SHA256:" + fingerprint.rstrip("=")


class Login:
    def __init__(self, region, address, key):
        self.region, self.address, self.key = region, address, key
        self.options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
                        "-o", "ConnectTimeout=5", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes"]

    def run(self, *words, user="root", key=None):
        return subprocess.run(["ssh", *self.options, "-i", str(key or self.key), f"{user}@{self.address}", *words],
                              capture_output=True, text=True, timeout=60)

    def says(self, *words, **options):
        ran = self.run(*words, **options)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()


@pytest.fixture(scope="module")
def login(region, tmp_path_factory):
    ec2 = region.client("ec2")
    key = tmp_path_factory.mktemp("keys") / "login"
    key.write_text(ec2.create_key_pair(KeyName="login", KeyType="ed25519")["KeyMaterial"])
    key.chmod(0o600)
    group = ec2.create_security_group(GroupName="login", Description="login")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
    made = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, KeyName="login",
                             SecurityGroupIds=[group], UserData="#!/bin/sh\nsudo -n sh -c 'whoami > /root/who'\n")
    instance = made["Instances"][0]["InstanceId"]

    def address():
        return ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0].get("PublicIpAddress")

    wait_until(address, what="a public address")
    made = Login(region, address(), key)
    wait_until(lambda: made.run("true").returncode == 0, seconds=60, what="a login")
    yield made
    ec2.terminate_instances(InstanceIds=[instance])


def test_the_key_opens_the_instance(login, tmp_path):
    assert login.says("id", "-un") == "root"
    assert login.says("id -un; pwd; touch mine && stat -c %U mine", user="ec2-user").split() == [
        "ec2-user", "/home/ec2-user", "ec2-user"]
    refused = login.run("true", user="daemon")
    assert refused.returncode == 255 and "Permission denied" in refused.stderr
    other = tmp_path / "other"
    keygen("-q", "-t", "ed25519", "-N", "", "-f", str(other))
    assert "Permission denied" in login.run("true", key=other).stderr


def test_files_are_copied(login, tmp_path):
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(bytes(range(256)) * 1000)
    for words in ([str(sent), f"root@{login.address}:/tmp/there"], [f"root@{login.address}:/tmp/there", str(back)]):
        subprocess.run(["scp", "-q", *login.options, "-i", str(login.key), *words], check=True, timeout=60)
    assert back.read_bytes() == sent.read_bytes()


def test_sudo_runs_commands_as_others(login):
    wait_until(lambda: login.run("cat", "/root/who").stdout.strip() == "root", what="the user data's sudo")
    assert login.says("sudo -u ec2-user -H sh -c 'id -un; echo $HOME $SUDO_USER'").split() == [
        "ec2-user", "/home/ec2-user", "root"]
    assert login.says("A=1 sudo -E B=2 sh -c 'echo $A$B'") == "12"
    assert login.says("sudo -iu ec2-user pwd") == "/home/ec2-user"
    assert login.run("sudo", "no-such-command").returncode == 127
    refused = login.run("sudo", "id", user="ec2-user")
    assert refused.returncode == 1 and "gain no rights" in refused.stderr
