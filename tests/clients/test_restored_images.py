"""Images of root file systems that somebody packed: nothing of the machine's own programs is in them."""
import io
import os
import pathlib
import subprocess
import tarfile

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from test_images import Imager

PROGRAMS = ["sh", "cat", "ls", "id", "sleep", "rm", "mkdir"]
USER_DATA = """#!/bin/sh
. /etc/os-release; echo "this is $NAME"
ls /usr/share 2>&1; ls /usr/sbin/; ls -l /etc/owned
systemctl show -p ActiveState cloud-final
test -e /usr/bin/python3 || echo "no python"
cat /etc/hostname; echo left > /opt/left; echo told
"""


def tiny_system():
    """Programs of this machine with the libraries that they need, as a distribution would lay them out."""
    files = {pathlib.Path("usr/bin") / name: pathlib.Path("/usr/bin") / name for name in PROGRAMS}
    for program in list(files.values()):
        for word in subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.split():
            if word.startswith("/"):
                real = pathlib.Path(word).resolve()
                folder = "usr/lib64" if "ld-linux" in word else "usr/lib/" + pathlib.Path(word).parent.name
                files[pathlib.Path(folder) / pathlib.Path(word).name] = real
    return files


def archive_of(files, mode="w:gz", folders=("etc", "opt", "var", "dev")):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, dereference=True) as archive:
        for folder in folders:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        if files:
            for name, target in [("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64"), ("usr/sbin", "bin")]:
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                archive.addfile(entry)
        for path, source in files.items():
            archive.add(os.fspath(source), os.fspath(path))
        for path, text, owner in [("etc/os-release", b"NAME=Tiny\n", 0), ("etc/owned", b"", 1234),
                                  ("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n", 0),
                                  ("etc/group", b"root:x:0:\n", 0)]:
            entry = tarfile.TarInfo(path)
            entry.size, entry.uid, entry.mode = len(text), owner, 0o644
            archive.addfile(entry, io.BytesIO(text))
    return buffer.getvalue()


class Restorer(Imager):
    def __init__(self, region):
        super().__init__(region)
        self.s3 = region.client("s3")
        self.s3.create_bucket(Bucket="packed")

    def put(self, key, body):
        self.s3.put_object(Bucket="packed", Key=key, Body=body)
        return key

    def restore(self, key, **options):
        return self.ec2.create_restore_image_task(Bucket="packed", ObjectKey=key, **options)["ImageId"]

    def told(self, image):
        return self.ec2.describe_images(ImageIds=[image])["Images"][0]


@pytest.fixture(scope="module")
def place(region):
    return Restorer(region)


def test_an_archive_boots_with_nothing_of_the_machine(place):
    image = place.wait_for(place.restore(
        place.put("systems/tiny.tar.gz", archive_of(tiny_system())), TagSpecifications=[
            {"ResourceType": "image", "Tags": [{"Key": "of", "Value": "image"}]},
            {"ResourceType": "snapshot", "Tags": [{"Key": "of", "Value": "snapshot"}]}]))
    told = place.told(image)
    assert told["Name"] == "tiny" and told["Tags"] == [{"Key": "of", "Value": "image"}]
    snapshot = told["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    taken = place.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    assert (taken["State"], taken["VolumeId"]) == ("completed", "vol-ffffffff")
    assert taken["Tags"] == [{"Key": "of", "Value": "snapshot"}]

    first = place.launch_from(image, USER_DATA)
    place.says(first, "told")
    console = place.console(first)
    assert "this is Tiny" in console and "no python" in console and "ActiveState=activating" in console
    assert "/usr/share': No such file" in console  # Nothing of this machine's own.
    assert "systemctl" in console and "sleep" in console, "its /usr/sbin still leads to /usr/bin"
    assert " 1234 " in console, "owners are kept"
    # What it became is an image again, over the same one; a restart finds it too.
    nested = place.make(first, "tiny used")
    wait_until(lambda: place.state(first) == "running", what="the instance again")
    second = place.launch_from(nested, "#!/bin/sh\n. /etc/os-release; echo \"$NAME has $(cat /opt/left)\"\n",
                               BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 2}}])
    place.says(second, "Tiny has left")
    place.end(first)
    place.end(second)
    for each in (nested, image):
        place.ec2.deregister_image(ImageId=each, DeleteAssociatedSnapshots=True)
    with pytest.raises(ClientError, match="InvalidSnapshot.NotFound"):
        place.ec2.describe_snapshots(SnapshotIds=[snapshot])


def test_what_is_no_root_file_system_fails_with_a_reason(place):
    for key, body, words in [("noise", b"no archive", "does not look like a tar archive"),
                             ("cut.tar.gz", archive_of(tiny_system())[:100_000], "unexpected end of file"),
                             ("folder.tar", archive_of({}, "w", folders=["etc"]), "there is no /usr in it")]:
        image = place.restore(place.put(key, body), Name=f"bad {key}")
        wait_until(lambda: place.image_state(image) == "failed", what=f"{key} failed")
        assert words in place.told(image)["StateReason"]["Message"], place.told(image)
        with pytest.raises(ClientError, match="InvalidAMIID.Unavailable"):
            place.launch_from(image, "#!/bin/sh\n")
        place.ec2.deregister_image(ImageId=image)


def test_wrong_requests_are_refused(place, region):
    with pytest.raises(ClientError, match="InvalidParameterValue.*NotFound|InvalidParameterValue.*NoSuchKey"):
        place.restore("nowhere")
    with pytest.raises(ClientError, match="InvalidAMIName.Malformed"):
        place.restore(place.put("x", b"x"))
    iam = region.client("iam")
    iam.create_user(UserName="packer")
    iam.put_user_policy(UserName="packer", PolicyName="ec2", PolicyDocument=(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}'))
    keys = iam.create_access_key(UserName="packer")["AccessKey"]
    packer = region.client("ec2", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"])
    with pytest.raises(ClientError, match="UnauthorizedOperation.*s3:GetObject"):
        packer.create_restore_image_task(Bucket="packed", ObjectKey="x", Name="not mine")


def test_a_daemon_that_dies_meanwhile_goes_on(place, region):
    noise = os.urandom(1 << 20)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in ("usr", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for number in range(48):
            entry = tarfile.TarInfo(f"usr/noise-{number}")
            entry.size = len(noise)
            archive.addfile(entry, io.BytesIO(noise))
    image = place.restore(place.put("large.tar", buffer.getvalue()))
    region.kill()
    region.start_only()
    place.wait_for(image)
    place.ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
