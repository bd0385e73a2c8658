"""What Terraform and its AWS provider make of a site: made, seen unchanged, changed and destroyed, unmodified."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import wait_until
from sites import instances, page

CONFIGURATION = pathlib.Path(__file__).with_name("terraform") / "quay.tf"
# Folders with the provider in them, as `terraform providers mirror` makes them.
MIRRORS = [pathlib.Path(each) for each in (
    os.environ.get("HOLM_TERRAFORM_PLUGINS", ""), "~/.terraform.d/plugins", "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins", "/opt/tf-plugins") if each]


def provider_mirror():
    return next((each.expanduser() for each in MIRRORS if any(each.expanduser().glob("*/hashicorp/aws"))), None)


pytestmark = pytest.mark.skipif(not shutil.which("terraform") or not provider_mirror(),
                                reason="needs terraform, and its AWS provider in HOLM_TERRAFORM_PLUGINS")


class Terraform:
    """A working directory of its own, against one region."""

    def __init__(self, region, folder, configuration=CONFIGURATION):
        self.folder = folder
        shutil.copy(configuration, folder)
        settings = folder / "settings"
        settings.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{provider_mirror()}" }}\n}}\n')
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHECKPOINT_DISABLE": "1",
                            "TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1",
                            "TF_VAR_endpoint": f"http://127.0.0.1:{region.port}"}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self.environment[name] = region.environment[name]

    def run(self, *words, codes=(0,)):
        done = subprocess.run(["terraform", *words], cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, timeout=420)
        assert done.returncode in codes, done.stdout[-4000:] + done.stderr[-8000:]
        return done

    def apply(self, **variables):
        words = [f"-var={name}={value}" for name, value in variables.items()]
        return self.run("apply", "-auto-approve", "-no-color", "-input=false", *words).stdout

    def differences(self, **variables):
        """What a plan would change, by address; nothing when it finds everything as it is written."""
        words = [f"-var={name}={value}" for name, value in variables.items()]
        done = self.run("plan", "-detailed-exitcode", "-no-color", "-input=false", *words, codes=(0, 2))
        return done.stdout if done.returncode == 2 else ""

    def outputs(self):
        told = json.loads(self.run("output", "-json").stdout)
        return {name: each["value"] for name, each in told.items()}


@pytest.fixture(scope="module")
def terraform(region, tmp_path_factory):
    made = Terraform(region, tmp_path_factory.mktemp("quay"))
    made.run("init", "-no-color", "-input=false")
    made.apply()
    return made


def test_the_page_comes_through_the_balancer(region, terraform):
    address = terraform.outputs()["address"]
    wait_until(lambda: page(region, address) == "ahoy", 60, "the page")


def test_instances_are_as_they_were_written(region, terraform):
    instance = instances(region, terraform.outputs()["group"])[0]
    tags = {each["Key"]: each["Value"] for each in instance["Tags"]}
    assert tags["Name"] == "quay"
    volume = region.client("ec2").describe_volumes(
        VolumeIds=[instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])["Volumes"][0]
    assert (volume["Size"], volume["VolumeType"]) == (9, "gp3")


def test_a_change_is_made_in_place_and_nothing_else_found_to_change(region, terraform):
    """Each command asks for everything anew; most of the time here is the provider's own waiting."""
    before = terraform.outputs()
    told = terraform.apply(greeting="moin")
    changed = re.findall(r"^  # (\S+) (.*)$", told, re.MULTILINE)
    assert changed == [("aws_autoscaling_group.web", "will be updated in-place"),
                       ("aws_launch_template.web", "will be updated in-place")]
    assert terraform.outputs() == before
    assert terraform.differences(greeting="moin") == ""
    found = region.client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert [each["LatestVersionNumber"] for each in found if each["LaunchTemplateName"].startswith("quay-")] == [2]


def test_nothing_is_left_of_it(region, terraform):
    outputs = terraform.outputs()
    # What there is was asked for a moment ago.
    terraform.run("destroy", "-auto-approve", "-no-color", "-input=false", "-refresh=false")
    ec2 = region.client("ec2")
    in_vpc = [{"Name": "vpc-id", "Values": [outputs["vpc"]]}]
    assert not ec2.describe_vpcs(Filters=in_vpc)["Vpcs"]
    assert not ec2.describe_network_interfaces(Filters=in_vpc)["NetworkInterfaces"]
    assert not instances(region, outputs["group"])
    buckets = region.client("s3").list_buckets()["Buckets"]
    assert outputs["bucket"] not in [each["Name"] for each in buckets]
