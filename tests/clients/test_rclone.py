"""rclone, unmodified, as Debian has it: folders of awkward names go up, across and down, and are then in step."""
import os
import pathlib
import subprocess
import time
import uuid

import pytest

NAMES = ["small", "empty", "sub/a b+c", "sub/Grüße 100%25.txt", "sub/it's #1 & \"more\"?"]


@pytest.fixture
def rclone(region, tmp_path):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
                   "RCLONE_CONFIG_HOLM_TYPE": "s3", "RCLONE_CONFIG_HOLM_PROVIDER": "Other",
                   "RCLONE_CONFIG_HOLM_ENV_AUTH": "true", "RCLONE_CONFIG_HOLM_REGION": "us-east-1",
                   "RCLONE_CONFIG_HOLM_ENDPOINT": f"http://127.0.0.1:{region.port}",
                   "RCLONE_CONFIG_HOLM_CHUNK_SIZE": "5M", "RCLONE_CONFIG_HOLM_UPLOAD_CUTOFF": "8M"}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        environment[name] = region.environment[name]

    def run(*words, check=True, stdin="", **more):
        result = subprocess.run(["rclone", "--retries=1", *words], input=stdin, capture_output=True, text=True,
                                timeout=60, env={**environment, **more})
        if check:
            assert result.returncode == 0, result.stderr
        return result

    return run


@pytest.fixture
def bucket(rclone):
    name = f"holm:rclone-{uuid.uuid4().hex[:12]}"
    rclone("mkdir", name)
    yield name
    rclone("purge", name)
    assert name[5:] not in rclone("lsd", "holm:").stdout


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "here"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("" if name == "empty" else name)
    (folder / "large").write_bytes(os.urandom(12 << 20))
    return folder


def contents(folder):
    return {str(each.relative_to(folder)): each.read_bytes() for each in pathlib.Path(folder).rglob("*") if each.is_file()}


def test_folders_are_kept_in_step(rclone, bucket, here, tmp_path):
    rclone("copy", str(here), f"{bucket}/one")
    rclone("check", "--download", str(here), f"{bucket}/one")
    assert "nothing to transfer" in rclone("sync", "-v", str(here), f"{bucket}/one").stderr
    rclone("--s3-copy-cutoff=5M", "copy", f"{bucket}/one", f"{bucket}/two")
    rclone("check", f"{bucket}/one", f"{bucket}/two")
    (here / "small").unlink()
    rclone("sync", str(here), f"{bucket}/two")
    rclone("copy", f"{bucket}/two", str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(here)


def test_streams_ranges_links_and_what_is_known_of_objects(rclone, bucket, here):
    large = (here / "large").read_bytes()
    rclone("copyto", "-M", "--metadata-set=cache-control=no-cache", "--metadata-set=who=mé", str(here / "empty"),
           f"{bucket}/known")
    told = rclone("lsjson", "-M", "--stat", f"{bucket}/known").stdout
    # What is not ASCII comes back as S3 writes it in a header, by RFC 2047.
    assert '"cache-control": "no-cache"' in told and '"who": "=?UTF-8?B?bcOp?="' in told
    rclone("copyto", str(here / "large"), f"{bucket}/large")
    rclone("rcat", f"{bucket}/stream", stdin="streamed")
    assert rclone("cat", f"{bucket}/stream").stdout == "streamed"
    assert rclone("cat", "--offset=3", "--count=4", f"{bucket}/stream").stdout == "eame"
    rclone("moveto", f"{bucket}/large", f"{bucket}/a b+c %")
    link = rclone("link", f"{bucket}/a b+c %").stdout.strip()
    fetched = subprocess.run(["curl", "-sSf", link], capture_output=True, timeout=30)
    assert fetched.stdout == large, fetched.stderr


def test_versions_are_told_and_cleaned_up(rclone, bucket, here):
    rclone("backend", "versioning", bucket, "Enabled")
    for name in ("small", "empty"):
        rclone("copyto", str(here / name), f"{bucket}/k")
        time.sleep(1.1)  # rclone puts versions in order by their times, and S3 tells whole seconds.
    rclone("deletefile", f"{bucket}/k")
    assert rclone("lsf", bucket).stdout == ""
    assert len(rclone("lsf", "--s3-versions", bucket).stdout.split()) == 2
    rclone("backend", "cleanup-hidden", bucket)
    assert rclone("lsf", "--s3-versions", bucket).stdout == ""


def test_a_wrong_key_is_told_so(rclone, bucket):
    refused = rclone("lsf", bucket, check=False, AWS_SECRET_ACCESS_KEY="wrong")
    assert refused.returncode != 0 and "SignatureDoesNotMatch" in refused.stderr
