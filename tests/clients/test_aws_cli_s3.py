"""The AWS CLI's high-level commands for S3: what people type, from a bucket's making to its end."""
import json
import os
import time
import urllib.request
import uuid

import pytest


@pytest.fixture
def bucket(region):
    name = f"cli-{uuid.uuid4().hex[:12]}"
    region.aws("s3", "mb", f"s3://{name}")
    yield name
    region.aws("s3", "rb", "--force", f"s3://{name}")
    assert name not in region.aws("s3", "ls").stdout


def test_large_files_go_in_parts_and_come_back(region, bucket, tmp_path):
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(os.urandom(20 * 1024 * 1024 + 1))  # More than the CLI sends in one request.
    region.aws("s3", "cp", str(source), f"s3://{bucket}/large")
    head = json.loads(region.aws("s3api", "head-object", "--bucket", bucket, "--key", "large").stdout)
    assert head["ETag"].endswith('-3"')
    region.aws("s3", "cp", f"s3://{bucket}/large", f"s3://{bucket}/copies/of large")
    region.aws("s3", "mv", f"s3://{bucket}/copies/of large", f"s3://{bucket}/moved")
    region.aws("s3", "cp", f"s3://{bucket}/moved", str(back))
    assert back.read_bytes() == source.read_bytes()
    assert region.aws("s3", "ls", f"s3://{bucket}/copies/", check=False).returncode == 1


def test_streams_go_through_pipes(region, bucket):
    text = "line\n" * 10_000
    region.aws("s3", "cp", "-", f"s3://{bucket}/piped", input=text)
    assert region.aws("s3", "cp", f"s3://{bucket}/piped", "-").stdout == text


def test_folders_are_kept_in_step(region, bucket, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "deep").mkdir(parents=True)
    for name in ("a.txt", "deep/b.txt", "deep/c d.txt"):
        (here / name).write_text(name)
        # S3 tells whole seconds, so a file of the second in which it was sent looks newer than its object.
        os.utime(here / name, (time.time() - 60,) * 2)
    region.aws("s3", "sync", str(here), f"s3://{bucket}/site")
    assert region.aws("s3", "sync", str(here), f"s3://{bucket}/site").stdout == ""
    (here / "a.txt").unlink()
    region.aws("s3", "sync", "--delete", str(here), f"s3://{bucket}/site")
    region.aws("s3", "sync", f"s3://{bucket}/site", str(there))
    assert sorted(path.name for path in (there / "deep").iterdir()) == ["b.txt", "c d.txt"]
    assert not (there / "a.txt").exists()
    assert "Total Objects: 2" in region.aws("s3", "ls", "--recursive", "--summarize", f"s3://{bucket}").stdout
    region.aws("s3", "rm", "--recursive", f"s3://{bucket}/site")
    assert region.aws("s3", "ls", f"s3://{bucket}", check=False).stdout == ""


def test_links_and_sites(region, bucket):
    region.aws("s3", "cp", "-", f"s3://{bucket}/k", input="by a link")
    url = region.aws("s3", "presign", f"s3://{bucket}/k", "--expires-in", "60").stdout.strip()
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert answer.read() == b"by a link"
    region.aws("s3", "website", f"s3://{bucket}", "--index-document", "index.html", "--error-document", "error.html")
    site = json.loads(region.aws("s3api", "get-bucket-website", "--bucket", bucket).stdout)
    assert site["IndexDocument"] == {"Suffix": "index.html"} and site["ErrorDocument"] == {"Key": "error.html"}
