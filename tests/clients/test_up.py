"""`holm up`: a template becomes a stack, again and again, and `holm down` leaves nothing of it on the machine."""
import contextlib
import os
import pathlib
import pty
import re
import shutil
import stat
import subprocess
import tempfile

import pytest
from conftest import Region
from leaks import KINDS

TEMPLATE = """
Parameters:
  Image:
    Type: AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>
    Default: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64
  Word: {Type: String, Default: first}
  Password: {Type: String, NoEcho: true, MinLength: 20}
  Range: {Type: String, Default: 10.70.1.0/24}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.70.0.0/16}}
  Gateway: {Type: AWS::EC2::InternetGateway}
  Attachment: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}}
  Routes: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  WayOut:
    Type: AWS::EC2::Route
    DependsOn: Attachment
    Properties: {RouteTableId: !Ref Routes, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: !Ref Range, MapPublicIpOnLaunch: true}}
  SubnetRoutes: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Subnet, RouteTableId: !Ref Routes}}
  Bucket: {Type: AWS::S3::Bucket}
  Instance:
    Type: AWS::EC2::Instance
    DependsOn: [WayOut, SubnetRoutes]
    Properties:
      ImageId: !Ref Image
      InstanceType: t3.nano
      SubnetId: !Ref Subnet
      Tags: [{Key: Word, Value: !Ref Word}]
Outputs:
  Instance: {Value: !Ref Instance}
  Word: {Value: !Ref Word}
"""

SITE = """
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.71.0.0/16}}
  Gateway: {Type: AWS::EC2::InternetGateway}
  Attachment: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}}
  SubnetA:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.71.1.0/24, AvailabilityZone: !Select [0, !GetAZs '']}
  SubnetB:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.71.2.0/24, AvailabilityZone: !Select [1, !GetAZs '']}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    DependsOn: Attachment
    Properties: {Subnets: [!Ref SubnetA, !Ref SubnetB]}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Protocol: HTTP
      Port: 80
      DefaultActions:
        - Type: fixed-response
          FixedResponseConfig: {StatusCode: '200', ContentType: text/plain, MessageBody: here I am}
Outputs:
  Url: {Value: !Sub 'http://${Balancer.DNSName}'}
"""


class Place(Region):
    """A region that only `holm up` starts."""

    def __init__(self, folder):
        super().__init__(folder)
        self.template = self.data / "shop.yaml"
        self.template.write_text(TEMPLATE)

    def up(self, *words, template=None):
        return subprocess.run(self.command("up", *([str(template or self.template)] if words or template else []),
                                           *words), capture_output=True, text=True, timeout=120)

    def deploy(self, *words):
        return self.up("--secret", "Password:24", *words)


@contextlib.contextmanager
def new_place():
    made = Place(tempfile.mkdtemp(prefix="holm-test-"))
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def place():
    with new_place() as made:
        yield made


def test_a_template_is_deployed_in_one_command(place):
    made = place.deploy()
    assert made.returncode == 0, made.stderr
    assert made.stderr == ""
    for resource in ("Vpc", "Subnet", "Bucket", "Instance"):
        assert re.search(rf"^  created +{resource} +AWS::\S+ +\d+\.\d s$", made.stdout, re.M), made.stdout
    assert "The stack shop was created in" in made.stdout
    place.read_environment()
    stack = place.client("cloudformation").describe_stacks(StackName="shop")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    instance = next(each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "Instance")
    assert instance in made.stdout
    described = place.client("ec2").describe_instances(InstanceIds=[instance])
    assert described["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"


def test_a_secret_is_kept_and_never_told(place):
    kept = place.data / "secrets" / "shop"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    password = re.fullmatch(r"Password=([A-Za-z0-9]{24})\n", kept.read_text())[1]
    again = place.deploy()
    assert password in kept.read_text()
    assert password not in again.stdout + again.stderr
    assert password not in (place.data / "logs" / "daemon.log").read_text()


def test_the_same_again_changes_nothing(place):
    again = place.deploy()
    assert (again.returncode, again.stderr) == (0, "")
    assert "nothing changed" in again.stdout


def test_a_changed_parameter_updates_what_it_touches(place):
    changed = place.deploy("--parameter", "Word=second")
    assert changed.returncode == 0, changed.stderr
    assert re.search(r"^  updated +Instance ", changed.stdout, re.M), changed.stdout
    assert not re.search(r"^  \w+ +Vpc ", changed.stdout, re.M), changed.stdout
    assert re.search(r"^  Word +second$", changed.stdout, re.M), changed.stdout


def test_on_a_terminal_lines_are_drawn_in_place(place):
    mine, theirs = pty.openpty()
    process = subprocess.Popen(place.command("up", str(place.template), "--stack-name", "seen", "--secret", "Password"),
                               stdout=theirs, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(mine, 65536)
        except OSError:
            break
        shown += piece
    os.close(mine)
    assert process.wait(timeout=60) == 0, process.stderr.read()
    process.stderr.close()
    assert re.search(rb"creating +\w+", shown) and b"\x1b[J" in shown, shown
    # Whatever was drawn in place is gone in the end: each resource is told once as created.
    assert shown.count(b"created     Instance") == 1


def test_a_resource_that_fails_tells_why_and_nothing_of_it_stays(place):
    failed = place.up("--stack-name", "torn", "--secret", "Password", "--parameter", "Range=10.99.0.0/24")
    assert failed.returncode == 1
    assert "rolling back" in failed.stdout
    told = failed.stderr.strip().splitlines()
    assert len(told) == 1
    assert told[0].startswith("holm: the stack torn was not created: Subnet (AWS::EC2::Subnet): ")
    assert "10.99.0.0/24" in told[0]
    vpcs = place.client("ec2").describe_vpcs(Filters=[{"Name": "tag:aws:cloudformation:stack-name", "Values": ["torn"]}])
    assert vpcs["Vpcs"] == []
    # What is left of the attempt does not stand in the way of the next.
    mended = place.up("--stack-name", "torn", "--secret", "Password")
    assert mended.returncode == 0, mended.stderr
    assert "goes first" in mended.stdout


def test_an_update_that_fails_leaves_what_was_there(place):
    failed = place.deploy("--parameter", "Word=third", "--parameter", "Range=10.99.0.0/24")
    assert failed.returncode == 1
    assert "the stack shop was not updated: Subnet (AWS::EC2::Subnet)" in failed.stderr
    place.read_environment()
    stack = place.client("cloudformation").describe_stacks(StackName="shop")["Stacks"][0]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert {"OutputKey": "Word", "OutputValue": "second"} in stack["Outputs"]


def test_what_cannot_be_deployed_is_said_in_one_sentence(place):
    wrong = place.data / "wrong.yaml"
    for text, words, code, sentence in [
        (None, [], 1, "there is no template"),
        ("", [], 1, "is empty"),
        ("Resources: [", [], 1, "wrong.yaml is refused: Template format error"),
        ("Resources: {A: {Type: AWS::Nothing::Here}}", [], 1, "AWS::Nothing::Here"),
        (TEMPLATE, [], 1, "Password"),
        (TEMPLATE, ["--parameter", "Password"], 2, "--parameter wants NAME=VALUE"),
        (TEMPLATE, ["--stack-name", "9"], 1, "stackName"),
        (TEMPLATE, ["--upload", f"{wrong}.zip=s3://packages/a"], 1, "wrong.yaml.zip"),
    ]:
        wrong.unlink(missing_ok=True)
        if text is not None:
            wrong.write_text(text)
        result = place.up(*words, template=wrong)
        assert result.returncode == code, (text, result)
        assert result.stderr.startswith("holm: ") and sentence in result.stderr, (text, result.stderr)
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    names = [each["StackName"] for each in place.client("cloudformation").describe_stacks()["Stacks"]]
    assert "wrong" not in names


def test_a_port_in_use_is_said_in_one_sentence(place):
    with new_place() as other:
        other.port = place.port
        result = other.deploy()
        assert result.returncode == 1
        assert result.stderr == f"holm: cannot listen on 127.0.0.1:{place.port}: Address already in use\n"
        assert other.leaks.left() == []


def test_without_root_a_sentence_says_so(place):
    # Others cannot reach the program where root built it.
    with tempfile.TemporaryDirectory(prefix="holm-test-") as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(place.command("up")[0], folder)
        for verb in ("up", "serve", "down"):
            result = subprocess.run([program, *place.command(verb)[1:]], capture_output=True, text=True, cwd="/",
                                    user=65534, group=65534, extra_groups=[])
            assert result.returncode == 1
            assert result.stderr.startswith("holm: root is needed") and len(result.stderr.splitlines()) == 1


def test_uploads_lie_where_they_were_sent(place):
    package = place.data / "package.bin"
    package.write_bytes(os.urandom(100_000))
    made = place.deploy("--parameter", "Word=second", "--upload", f"{package}=s3://some-packages/a folder/ü+1.bin")
    assert made.returncode == 0, made.stderr
    found = place.client("s3").get_object(Bucket="some-packages", Key="a folder/ü+1.bin")["Body"].read()
    assert found == package.read_bytes()


def test_a_template_too_long_for_a_request_is_deployed_as_well(place):
    long = place.data / "long.yaml"
    long.write_text("Resources: {Bucket: {Type: 'AWS::S3::Bucket'}}\n" + "# nothing\n" * 9000)
    assert place.up(template=long).returncode == 0
    again = place.up(template=long)
    assert "nothing changed" in again.stdout


def test_a_site_answers_before_its_url_is_told(place):
    template = place.data / "site.yaml"
    template.write_text(SITE)
    made = place.up(template=template)
    assert made.returncode == 0, made.stderr
    url = re.search(r"^  Url +(http://(\S+\.elb\.localhost:(\d+))/)$", made.stdout, re.M)
    assert url and int(url[3]) == place.edge_port, made.stdout
    page = subprocess.run(["curl", "-s", "--resolve", f"{url[2]}:127.0.0.1", url[1]], capture_output=True, text=True)
    assert page.stdout == "here I am"


def test_other_verbs_find_the_region_where_it_listens(place):
    """The data directory tells where the daemon is, whatever the defaults are."""
    lines = subprocess.run([place.command("env")[0], "env", "--data", str(place.data)], check=True,
                           capture_output=True, text=True).stdout
    assert f"export AWS_ENDPOINT_URL=http://localhost:{place.port}\n" in lines
    assert f"export HOLM_SITE_PORT={place.edge_port}\n" in lines
    assert f"export HOLM_DATA={place.data}\n" in lines


def test_another_build_of_the_program_takes_over(place):
    """What runs in the region goes on; it listens where it did."""
    def running():
        lines = subprocess.run(place.command("status"), capture_output=True, text=True, timeout=30).stdout
        daemon = re.search(r"is running \(process (\d+),", lines)[1]
        return daemon, re.findall(r"^(i-\w+ +running \(process \d+\))$", lines, re.M)

    daemon, instances = running()
    assert instances
    other = place.data / "program"
    other.mkdir()
    for name in ("holm", "holm-init", "holm-stack-tools"):
        shutil.copy(pathlib.Path(place.command("up")[0]).parent / name, other / name)
    result = subprocess.run([str(other / "holm"), "up", "--data", str(place.data)], capture_output=True, text=True,
                            timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
    assert "another build" in result.stdout
    assert f"http://localhost:{place.port}, sites at port {place.edge_port}" in result.stdout
    assert running()[0] != daemon
    assert running()[1] == instances
    place.read_environment()
    assert place.client("cloudformation").describe_stacks(StackName="shop")["Stacks"]


def test_down_leaves_nothing_of_it_on_the_machine(place):
    picture = place.leaks.picture()
    # A look that finds nothing while all runs would prove nothing; only volumes are mounted by path.
    assert [kind for kind in KINDS if not picture[kind]] in ([], ["mounts"])
    # Somebody reads the log meanwhile.
    reader = subprocess.Popen(["tail", "-f", str(place.data / "logs" / "daemon.log")], stdout=subprocess.DEVNULL)
    try:
        down = place.down()
    finally:
        reader.kill()
        reader.wait()
    assert (down.returncode, down.stderr) == (0, "")
    assert place.leaks.left() == []


def test_up_after_down_finds_everything_as_it_was(place):
    again = place.deploy("--parameter", "Word=second")
    assert again.returncode == 0, again.stderr
    assert "nothing changed" in again.stdout
    place.read_environment()
    stack = place.client("cloudformation").describe_stacks(StackName="shop")["Stacks"][0]
    instance = next(each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "Instance")
    described = place.client("ec2").describe_instances(InstanceIds=[instance])
    assert described["Reservations"][0]["Instances"][0]["State"]["Name"] in ("pending", "running")
    place.leaks.picture()
    assert place.down().returncode == 0
    assert place.leaks.left() == []
