"""Objects on disks that go wrong. What is damaged is an error for whoever asks for it and stands in the daemon's log, and
no wrong byte is ever given. A full disk refuses what would be added; reading and deleting go on, and so does everything
once there is room again."""
import botocore.exceptions
import pytest

from conftest import new_region, wait_until
from poor_machine import placed_region

SMALL, LOGGED, LARGE = 5_000, 100_000, 3_000_000  # In the log with its version, as a blob there, in extents.


def content(name, size):
    return (name.encode() * (size // len(name) + 1))[:size]


def code_of(call, **options):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**options)
    told = caught.value.response
    return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


def test_a_damaged_object_is_an_error_and_never_other_bytes():
    with new_region() as region:
        region.start()
        s3 = region.client("s3")
        s3.create_bucket(Bucket="rot")
        sizes = {"small": SMALL, "log": LOGGED, "first": LARGE, "whole": LARGE, "whole-small": SMALL}
        for name, size in sizes.items():
            s3.put_object(Bucket="rot", Key=name, Body=content(name, size))
        assert region.down().returncode == 0
        flip(region.data / "objects" / "log-00000001", SMALL // 2)
        flip(region.data / "objects" / "log-00000001", LOGGED // 2)
        flip(region.data / "objects" / "volume-00000001", 5)
        region.start_only()
        for name in "small", "log", "first":
            assert code_of(s3.get_object, Bucket="rot", Key=name) == (500, "InternalError"), name
            assert f"The object rot/{name} cannot be read." in (region.data / "daemon.log").read_text()
        # Others are as they were, and so is what is whole of a damaged one.
        for name in "whole", "whole-small":
            assert s3.get_object(Bucket="rot", Key=name)["Body"].read() == content(name, sizes[name])
        part = s3.get_object(Bucket="rot", Key="first", Range=f"bytes={LARGE - 100}-")["Body"].read()
        assert part == content("first", LARGE)[-100:]
        # Damage behind the first bytes breaks the answer off.
        flip(region.data / "objects" / "volume-00000001", 5)
        flip(region.data / "objects" / "volume-00000001", LARGE - 1000)
        body = s3.get_object(Bucket="rot", Key="first")["Body"]
        got = b""
        with pytest.raises(botocore.exceptions.ResponseStreamingError):
            for piece in body.iter_chunks(1 << 16):
                got += piece
        assert len(got) < LARGE and content("first", LARGE).startswith(got)
        # It can be replaced or removed like any other.
        s3.put_object(Bucket="rot", Key="first", Body=b"anew")
        assert s3.get_object(Bucket="rot", Key="first")["Body"].read() == b"anew"
        for name in sizes:
            s3.delete_object(Bucket="rot", Key=name)
        s3.delete_bucket(Bucket="rot")


def test_a_full_disk_refuses_what_is_added_and_takes_what_is_removed():
    with placed_region() as region:
        region.place.run("mount", "-t", "tmpfs", "-o", "size=128M", "none", str(region.data))
        region.start()
        s3 = region.client("s3")
        s3.create_bucket(Bucket="full")
        kept = {}
        for number in range(1000):
            name, size = f"{number:04}", (SMALL, LOGGED, LARGE)[number % 3]
            try:
                s3.put_object(Bucket="full", Key=name, Body=content(name, size))
            except botocore.exceptions.ClientError as error:
                refusal = error.response
                break
            kept[name] = size
        assert refusal["ResponseMetadata"]["HTTPStatusCode"] == 503 and "disk is full" in refusal["Error"]["Message"]
        # Somebody else takes the last byte.
        region.place.run("sh", "-c", f"cat /dev/zero > {region.data}/filler; true")
        for size in SMALL, LOGGED, LARGE:
            assert code_of(s3.put_object, Bucket="full", Key="new", Body=b"x" * size) == (503, "ServiceUnavailable")
        for name, size in kept.items():
            assert s3.get_object(Bucket="full", Key=name)["Body"].read() == content(name, size)
        removed = list(kept)[::2]
        for name in removed:
            s3.delete_object(Bucket="full", Key=name)
        for name in removed:
            del kept[name]
        # What they took comes back, filler or not.
        wait_until(lambda: s3.put_object(Bucket="full", Key="small", Body=b"new") if has_room(s3) else None,
                   what="room after removals")
        region.place.run("rm", f"{region.data}/filler")
        kept["after"] = LARGE
        s3.put_object(Bucket="full", Key="after", Body=content("after", LARGE))
        region.kill()
        region.start_only()
        for name, size in kept.items():
            assert s3.get_object(Bucket="full", Key=name)["Body"].read() == content(name, size)
        listed = {each["Key"] for each in s3.list_objects_v2(Bucket="full")["Contents"]}
        assert listed == set(kept) | {"small", "probe"}


def has_room(s3):
    try:
        s3.put_object(Bucket="full", Key="probe", Body=b"x")
        return True
    except botocore.exceptions.ClientError:
        return False
