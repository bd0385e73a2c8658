"""Instances are real: what the API says is what runs."""
import subprocess

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until

IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
SCRIPT = """#!/bin/bash
token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
echo id=$(curl -s -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/instance-id)
echo without-token=$(curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/latest/meta-data/)
echo api=$(getent hosts holm.internal | cut -d' ' -f1)
mkdir -p /var/lib/cloud/scripts/per-boot
for each in b a; do
  printf '#!/bin/sh\\necho this boot: %s >> /root/boots\\n' $each > /var/lib/cloud/scripts/per-boot/$each
  chmod 755 /var/lib/cloud/scripts/per-boot/$each
done
echo not a script > /var/lib/cloud/scripts/per-boot/readme
echo shadow=$(cat /etc/shadow 2>/dev/null | grep -c '\\$')
"""


def state_of(ec2, instance):
    found = ec2.describe_instances(InstanceIds=[instance])
    return found["Reservations"][0]["Instances"][0]["State"]["Name"]


def console_of(ec2, instance):
    return ec2.get_console_output(InstanceId=instance).get("Output", "")


def execute(region, instance, *command):
    return subprocess.run(region.command("exec", instance, "--", *command), capture_output=True, text=True, timeout=30)


@pytest.fixture(scope="module")
def instance(region):
    ec2 = region.client("ec2")
    image = region.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                             UserData=SCRIPT)
    made = made["Instances"][0]
    assert made["State"]["Name"] == "pending"
    wait_until(lambda: state_of(ec2, made["InstanceId"]) == "running", what="running")
    return made["InstanceId"]


def test_user_data_runs_with_metadata_and_names(region, instance):
    ec2 = region.client("ec2")
    console = wait_until(lambda: "code 0" in console_of(ec2, instance) and console_of(ec2, instance),
                         what="the end of the user data")
    assert f"id={instance}" in console
    assert "without-token=401" in console
    assert "api=172.31.0.2" in console
    assert "shadow=0" in console


def test_exec_runs_inside(region, instance):
    assert execute(region, instance, "hostname").stdout.startswith("ip-172-31-")
    assert execute(region, instance, "sh", "-c", "exit 7").returncode == 7
    assert execute(region, "i-00000000000000000", "true").returncode == 1


def test_metadata_is_as_its_options_say(region, instance):
    ec2 = region.client("ec2")

    def ask(path, what="%{http_code}"):
        word = ["-o", "/dev/null", "-w", what] if what else []
        return execute(region, instance, "curl", "-s", *word, f"http://169.254.169.254/latest/meta-data/{path}").stdout
    assert ask("") == "401"
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "Name", "Value": "web"}])
    told = ec2.modify_instance_metadata_options(InstanceId=instance, HttpTokens="optional",
                                                HttpPutResponseHopLimit=3, InstanceMetadataTags="enabled")
    assert told["InstanceMetadataOptions"]["State"] == "pending"
    now = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert (now["MetadataOptions"]["HttpTokens"], now["MetadataOptions"]["HttpPutResponseHopLimit"]) == ("optional", 3)
    assert ask("placement/", None).split() == ["availability-zone", "availability-zone-id", "region"]
    assert ask("tags/instance/Name", None) == "web"
    assert "network/" in ask("", None).split() and "iam/" not in ask("", None).split()
    mac = ask("mac", None)
    folder = f"network/interfaces/macs/{mac}"
    assert ask(f"{folder}/vpc-ipv4-cidr-block", None) == "172.31.0.0/16"
    assert ask(f"{folder}/interface-id", None) == now["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assert ask(f"{folder}/security-group-ids", None) == now["SecurityGroups"][0]["GroupId"]
    assert ask("events/maintenance/scheduled", None) == "[]"
    assert ask("spot/instance-action") == "404"
    ec2.modify_instance_metadata_options(InstanceId=instance, HttpEndpoint="disabled")
    assert ask("instance-id") == "403"
    ec2.modify_instance_metadata_options(InstanceId=instance, HttpEndpoint="enabled", HttpTokens="required")
    assert ask("instance-id") == "401"


def test_a_killed_daemon_adopts_what_runs(region, instance):
    before = execute(region, instance, "stat", "-c", "%Y", "/proc/1").stdout
    region.kill()
    assert execute(region, instance, "echo", "alive").stdout == "alive\n"
    region.start()
    assert state_of(region.client("ec2"), instance) == "running"
    assert execute(region, instance, "stat", "-c", "%Y", "/proc/1").stdout == before
    metadata = execute(region, instance, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                       "http://169.254.169.254/latest/")
    assert metadata.stdout == "401"


def test_stop_start_and_terminate_do_what_they_say(region, instance):
    ec2 = region.client("ec2")
    execute(region, instance, "touch", "/root/kept")
    ec2.stop_instances(InstanceIds=[instance])
    wait_until(lambda: state_of(ec2, instance) == "stopped", what="stopped")
    assert execute(region, instance, "true").returncode == 1
    ec2.start_instances(InstanceIds=[instance])
    wait_until(lambda: state_of(ec2, instance) == "running", what="running again")
    assert execute(region, instance, "ls", "/root/kept").returncode == 0
    # The user data ran once, at the first boot; what it put there for each boot runs from the second on, in order.
    boots = lambda: execute(region, instance, "cat", "/root/boots").stdout
    wait_until(lambda: "b" in boots(), what="the scripts of the boot")
    assert boots() == "this boot: a\nthis boot: b\n"
    assert "readme" not in console_of(ec2, instance)
    wait_until(lambda: "per-boot/b ended with code 0" in console_of(ec2, instance), what="the last script's end")
    assert console_of(ec2, instance).count("the user data ended") == 1
    ec2.terminate_instances(InstanceIds=[instance])
    wait_until(lambda: state_of(ec2, instance) == "terminated", what="terminated")
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_a_cloud_config_is_carried_out(region):
    ec2 = region.client("ec2")
    image = region.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
    wish = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1}
    with pytest.raises(ClientError, match="NotImplemented.*#cloud-config: users"):
        ec2.run_instances(**wish, UserData="#cloud-config\nusers: [default]\n")
    with pytest.raises(ClientError, match="InvalidParameterValue.*line 2"):
        ec2.run_instances(**wish, UserData="#cloud-config\nruncmd: [}\n")
    made = ec2.run_instances(**wish, UserData="""#cloud-config
write_files:
- path: /etc/app/greeting
  content: |
    it's "here"
  permissions: '0640'
  owner: root:daemon
runcmd:
- cat /etc/app/greeting
- [echo, $HOME, 1]
- stat -c '%a %G' /etc/app/greeting
""")["Instances"][0]["InstanceId"]
    console = wait_until(lambda: "code 0" in console_of(ec2, made) and console_of(ec2, made), what="the end of it")
    ec2.terminate_instances(InstanceIds=[made])
    lines = [line.partition("]: ")[2] for line in console.splitlines()]
    assert [each for each in ('it\'s "here"', "$HOME 1", "640 daemon") if each not in lines] == [], console


def test_an_instance_whose_first_process_dies_has_stopped(region):
    ec2 = region.client("ec2")
    image = region.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    wait_until(lambda: state_of(ec2, made) == "running", what="running")
    execute(region, made, "kill", "-TERM", "1")
    wait_until(lambda: state_of(ec2, made) == "stopped", what="stopped")
    ec2.terminate_instances(InstanceIds=[made])
    wait_until(lambda: state_of(ec2, made) == "terminated", what="terminated")
