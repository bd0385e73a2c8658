"""What goes wrong with a machine is said in one sentence, with an exit code that is not 0, and leaves nothing
half-done: what was missing is given back, and the region starts."""
import errno
import json
import os
import socket
import sqlite3
import stat
import subprocess

import botocore.exceptions
import pytest

from conftest import HOLM, free_port, new_region, new_region_at, wait_until
from poor_machine import TestClock, placed_region, without_call

NOBODY = 65534


def refused(region, prepare=None, prefix=()):
    """The one sentence with which `holm serve` ends."""
    result = subprocess.run([*prefix, *region.command("serve")], capture_output=True, text=True, timeout=60,
                            preexec_fn=prepare)
    assert result.returncode == 1, result.stderr
    sentences = [line for line in result.stderr.splitlines() if line.startswith("holm: ")]
    assert len(sentences) == 1, result.stderr
    assert region.leaks.left() == []
    return sentences[0].removeprefix("holm: ")


def starts(region):
    region.start()
    assert region.client("sts").get_caller_identity()["Account"].isdigit()


def error_of(call, *words, **options):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*words, **options)
    return caught.value.response


def test_a_taken_edge_port():
    with new_region() as region, socket.create_server(("127.0.0.1", free_port())) as other:
        free, region.edge_port = region.edge_port, other.getsockname()[1]
        assert refused(region) == f"cannot listen on 127.0.0.1:{region.edge_port}: Address already in use"
        region.edge_port = free
        starts(region)


def test_an_address_that_is_none():
    with new_region() as region:
        region.port = "http"
        assert "127.0.0.1:http" in refused(region)


def test_not_root():
    with new_region() as region:
        os.chown(region.data, NOBODY, NOBODY)
        words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        assert "root is needed" in refused(region, prefix=words)
        assert os.listdir(region.data) == []


def test_crun_is_missing():
    with placed_region() as region:
        region.place.hide("/usr/bin/crun")
        assert "crun is not installed" in refused(region)
        assert os.listdir(region.data) == []
        region.place.run("umount", "/usr/bin/crun")
        starts(region)


@pytest.mark.parametrize("call, error, arguments, sentence", [
    ("fsopen", errno.ENODEV, {}, "The kernel has no overlay file system: no sandbox can run."),
    ("socket", errno.EPROTONOSUPPORT, {"arg0": socket.AF_NETLINK, "arg2": 12},
     "The kernel has no nftables: security groups cannot be enforced."),
    ("mount_setattr", errno.ENOSYS, {}, "The kernel has no id-mapped mounts (before 5.12): no sandbox can run."),
])
def test_a_kernel_without_what_sandboxes_need(call, error, arguments, sentence):
    with new_region() as region:
        assert refused(region, without_call(call, error, **arguments)) == sentence
        assert os.listdir(region.data) == []


def test_a_data_directory_that_cannot_be_written():
    with placed_region() as region:
        region.place.run("mount", "--bind", "--options", "ro", str(region.data), str(region.data))
        assert "Read-only file system" in refused(region)
        region.place.run("umount", str(region.data))
        starts(region)


def test_a_data_directory_that_is_a_file():
    with new_region() as region:
        folder = region.data
        (folder / "file").write_text("")
        region.data = folder / "file"
        assert "Not a directory" in refused(region)
        region.data = folder


def test_a_data_directory_with_too_long_a_path():
    with new_region() as region:
        folder = region.data
        region.data = folder / ("long" * 40)
        assert "path is too long" in refused(region)
        region.data = folder


@pytest.mark.parametrize("file, content, sentence", [
    ("holm.db", b"this is no database, but long enough to look like one" * 20, "file is not a database"),
    ("account", b"mine\n", "holds no account's number"),
    ("key", b"not hexadecimal\n", "holds no key"),
    ("key", None, "is missing, and without it nobody can read the secrets"),
])
def test_a_damaged_file_is_not_replaced(file, content, sentence):
    with new_region() as region:
        region.start()
        key = region.environment["AWS_ACCESS_KEY_ID"]
        assert region.down().returncode == 0
        good = (region.data / file).read_bytes()
        (region.data / file).unlink()
        if content is not None:
            (region.data / file).write_bytes(content)
        assert sentence in refused(region)
        assert (region.data / file).exists() == (content is not None)
        (region.data / file).write_bytes(good)
        starts(region)
        assert region.environment["AWS_ACCESS_KEY_ID"] == key


def test_damaged_credentials_are_written_anew():
    with new_region() as region:
        region.start()
        key = dict(region.environment)
        region.kill()
        (region.data / "credentials").write_text("[default]\n")
        told = subprocess.run(region.command("env"), capture_output=True, text=True)
        assert told.returncode == 1
        assert "holds no key; the next start of the region writes it anew" in told.stderr
        starts(region)
        assert region.environment == key
        assert stat.S_IMODE((region.data / "credentials").stat().st_mode) == 0o600


def test_a_database_of_a_newer_holm():
    with new_region() as region:
        region.start()
        assert region.down().returncode == 0
        with sqlite3.connect(region.data / "holm.db") as database:
            database.execute("INSERT INTO holm_migration (owner, number) VALUES ('s3', 1000)")
        sentence = refused(region)
        assert "was last used by a newer holm: s3 is at version 1000" in sentence
        with sqlite3.connect(region.data / "holm.db") as database:
            database.execute("DELETE FROM holm_migration WHERE number = 1000")
        starts(region)


def test_a_disk_that_is_full_at_the_start():
    with placed_region() as region:
        region.place.run("mount", "-t", "tmpfs", "-o", "size=64k", "none", str(region.data))
        assert "full" in refused(region) or "No space left on device" in refused(region)
        region.place.run("mount", "-o", "remount,size=100M", str(region.data))
        starts(region)


def fill(region):
    """Until not one more byte goes in."""
    region.place.run("sh", "-c", f"cat /dev/zero > {region.data}/filler; true")


def test_a_disk_that_gets_full():
    with placed_region() as region:
        region.place.run("mount", "-t", "tmpfs", "-o", "size=96M", "none", str(region.data))
        region.start()
        ssm, s3, iam = region.client("ssm"), region.client("s3"), region.client("iam")
        s3.create_bucket(Bucket="disk")
        s3.put_object(Bucket="disk", Key="kept", Body=b"x" * 200_000)
        kept = {"/first": "1"}
        ssm.put_parameter(Name="/first", Value="1", Type="String")
        fill(region)
        for number in range(2000):  # Until the log's own space is used up.
            try:
                ssm.put_parameter(Name=f"/{number}", Value=f"{number}" * 500, Type="String")
                kept[f"/{number}"] = f"{number}" * 500
            except botocore.exceptions.ClientError as error:
                refusal = error.response
                break
        assert (refusal["Error"]["Code"], refusal["ResponseMetadata"]["HTTPStatusCode"]) == ("ServiceUnavailable", 503)
        assert "disk is full" in refusal["Error"]["Message"]
        for call, options in [(iam.create_user, {"UserName": "ann"}), (s3.create_bucket, {"Bucket": "other"}),
                              (s3.put_object, {"Bucket": "disk", "Key": "new", "Body": b"y" * 500_000})]:
            refusal = error_of(call, **options)
            assert refusal["ResponseMetadata"]["HTTPStatusCode"] in (500, 503)
            assert "disk is full" in refusal["Error"]["Message"]
        # Reading goes on.
        assert s3.get_object(Bucket="disk", Key="kept")["Body"].read() == b"x" * 200_000
        assert region.client("ssm").get_parameter(Name="/first")["Parameter"]["Value"] == "1"
        # A daemon that dies now says why it does not come back.
        region.kill()
        told = subprocess.run(region.command("serve"), capture_output=True, text=True, timeout=60)
        assert told.returncode == 1
        assert "full" in told.stderr or "No space left on device" in told.stderr
        region.place.run("rm", f"{region.data}/filler")
        region.start()
        wait_until(lambda: iam.create_user(UserName="ann"), what="a write after space was made")
        s3.put_object(Bucket="disk", Key="new", Body=b"y" * 500_000)
        region.kill()
        region.start()
        assert [each["Key"] for each in s3.list_objects_v2(Bucket="disk")["Contents"]] == ["kept", "new"]
        for name, value in kept.items():
            assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == value


def test_mariadb_is_not_installed():
    with placed_region() as region:
        region.place.hide("/usr/sbin/mariadbd")
        region.start()
        assert "MariaDB is not installed" in (region.data / "daemon.log").read_text()
        refusal = error_of(region.client("rds").create_db_instance, DBInstanceIdentifier="one", Engine="mariadb",
                           DBInstanceClass="db.t3.micro", AllocatedStorage=20, MasterUsername="admin",
                           MasterUserPassword="a-password")
        assert refusal["Error"]["Message"] == (
            "No database engine is installed where holm runs; install mariadb-server.")
        assert region.client("rds").describe_db_instances()["DBInstances"] == []


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return TestClock(tmp_path_factory.mktemp("clock"))


@pytest.mark.parametrize("hours", [24 * 365, -24 * 365])
def test_a_clock_that_is_wrong(clock, hours):
    with new_region() as region:
        clock.set(hours * 3600)
        region.more_environment = clock.environment()
        region.start()
        refusal = error_of(region.client("s3").list_buckets)
        assert refusal["Error"]["Code"] == "RequestTimeTooSkewed"
        year = int(refusal["Error"]["ServerTime"][:4])
        assert year != int(refusal["Error"]["RequestTime"][:4])
        refusal = error_of(region.client("iam").list_users)
        assert refusal["Error"]["Code"] == "SignatureDoesNotMatch"
        assert str(year) in refusal["Error"]["Message"]
        # Set right, the region goes on at once.
        clock.set(0)
        assert region.client("iam").list_users()["Users"]


def deploy_bucket(region, name):
    cloudformation = region.client("cloudformation")
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}}}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))

    def is_made():
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    wait_until(is_made, what=f"stack {name}")
    return [each["EventId"] for each in cloudformation.describe_stack_events(StackName=name)["StackEvents"]]


def test_a_clock_that_is_set_back_while_the_region_runs(clock):
    """By less than signatures notice, and by more than anything here waits for."""
    with new_region() as region:
        clock.set(0)
        region.more_environment = clock.environment()
        region.start()
        s3, ssm = region.client("s3"), region.client("ssm")
        s3.create_bucket(Bucket="versions")
        s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
        deploy_bucket(region, "before")
        versions = []
        for body, offset in [(b"1", 0), (b"2", -600), (b"3", -300), (b"4", -700)]:
            clock.set(offset)
            versions.insert(0, s3.put_object(Bucket="versions", Key="key", Body=body)["VersionId"])
            ssm.put_parameter(Name="/key", Value=body.decode(), Type="String", Overwrite=True)
            assert s3.get_object(Bucket="versions", Key="key")["Body"].read() == body
            assert ssm.get_parameter(Name="/key")["Parameter"]["Value"] == body.decode()
        listed = s3.list_object_versions(Bucket="versions")["Versions"]
        assert [each["VersionId"] for each in listed] == versions
        assert [each["Value"] for each in ssm.get_parameter_history(Name="/key")["Parameters"]] == list("1234")
        deploy_bucket(region, "after")
        ec2 = region.client("ec2")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1)["Instances"][0]
        wait_until(lambda: ec2.describe_instance_status(InstanceIds=[made["InstanceId"]])["InstanceStatuses"],
                   what="running after the clock was set back")


def said(*words):
    done = subprocess.run([str(HOLM), *words], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout[:5], done.stderr


def test_help_and_words_that_nobody_takes(tmp_path):
    for asking in (["help"], ["--help"], ["serve", "--help"], ["down", "-h"], ["up", "shop.yaml", "--help"]):
        assert said(*asking) == (0, "holm:", "")
    assert said() == (2, "holm:", "")
    assert said("fly") == (2, "", 'holm: there is no verb "fly"; holm help lists them\n')
    assert said("serve", "--dat", "/tmp/x") == (2, "", 'holm: serve takes no "--dat"; holm help lists what it takes\n')
    assert said("down", "school") == (2, "", 'holm: down takes no "school"; holm help lists what it takes\n')
    assert said("env", "--ac")[0] == 2
    assert said("status", f"--data={tmp_path}") == (1, "The r", "")



def test_a_folder_is_the_same_however_it_is_written():
    """And its region is not the one beside it, whose folder's name begins alike."""
    with new_region() as region, new_region_at(f"{region.data}-2") as beside:
        region.start()
        beside.start()
        down = [str(HOLM), "down", "--data", f"{region.data.name}/"]
        done = subprocess.run(down, cwd=region.data.parent, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        assert region.process.wait(timeout=10) == 0
        assert beside.client("sts").get_caller_identity()["Account"].isdigit()
