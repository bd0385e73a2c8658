"""s3cmd, unmodified: whole folders go up and down, in parts and by sync."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def s3cmd(region, tmp_path):
    (tmp_path / "s3cfg").write_text(f"""[default]
access_key = {region.environment["AWS_ACCESS_KEY_ID"]}
secret_key = {region.environment["AWS_SECRET_ACCESS_KEY"]}
host_base = localhost:{region.port}
host_bucket = localhost:{region.port}
use_https = False
multipart_chunk_size_mb = 5
website_endpoint = http://%(bucket)s.s3-website-%(location)s.localhost/
""")

    def run(*words, check=True):
        result = subprocess.run([shutil.which("s3cmd", path=f"{ROOT}/build/venv/bin:{os.environ['PATH']}"), "-c", str(tmp_path / "s3cfg"), *words],
                                capture_output=True, text=True, timeout=120, env=dict(os.environ, HOME=str(tmp_path)))
        if check:
            assert result.returncode == 0, result.stdout + result.stderr
        return result

    return run


@pytest.fixture
def bucket(s3cmd):
    name = f"s3://s3cmd-{uuid.uuid4().hex[:12]}"
    s3cmd("mb", name)
    yield name
    s3cmd("rb", "--force", "--recursive", name)


def test_files_go_up_and_down(s3cmd, bucket, tmp_path):
    small, large = tmp_path / "small.txt", tmp_path / "large.bin"
    small.write_text("hello")
    large.write_bytes(os.urandom(12 * 1024 * 1024))
    s3cmd("put", str(small), f"{bucket}/a folder/small.txt", "--add-header=x-amz-meta-who:me", "--mime-type=text/plain")
    s3cmd("put", str(large), f"{bucket}/large.bin")
    s3cmd("get", f"{bucket}/large.bin", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == large.read_bytes()
    told = s3cmd("info", f"{bucket}/a folder/small.txt").stdout
    assert hashlib.md5(b"hello").hexdigest() in told and "x-amz-meta-who: me" in told and "text/plain" in told
    s3cmd("cp", f"{bucket}/large.bin", f"{bucket}/copy.bin")
    s3cmd("mv", f"{bucket}/copy.bin", f"{bucket}/moved.bin")
    listed = s3cmd("ls", "--recursive", bucket).stdout
    assert "moved.bin" in listed and "copy.bin" not in listed
    assert s3cmd("get", f"{bucket}/none", str(tmp_path / "none"), check=False).returncode != 0


def test_folders_are_kept_in_step(s3cmd, bucket, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "deep").mkdir(parents=True)
    there.mkdir()
    for number in range(5):
        (here / "deep" / f"{number}.txt").write_text(str(number))
    s3cmd("sync", f"{here}/", f"{bucket}/site/")
    assert "upload" not in s3cmd("sync", f"{here}/", f"{bucket}/site/").stdout
    (here / "deep" / "0.txt").unlink()
    (here / "deep" / "1.txt").write_text("changed")
    s3cmd("sync", "--delete-removed", f"{here}/", f"{bucket}/site/")
    s3cmd("sync", f"{bucket}/site/", f"{there}/")
    assert {path.name: path.read_text() for path in (there / "deep").iterdir()} == {
        "1.txt": "changed", "2.txt": "2", "3.txt": "3", "4.txt": "4"}


def test_what_is_set_on_buckets(s3cmd, bucket, tmp_path):
    s3cmd("ws-create", bucket)
    assert "index.html" in s3cmd("ws-info", bucket).stdout
    policy = tmp_path / "policy.json"
    policy.write_text('{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",'
                      f'"Resource": "arn:aws:s3:::{bucket[5:]}/denied"}}]}}')
    s3cmd("setpolicy", str(policy), bucket)
    assert "denied" in s3cmd("info", bucket).stdout
    assert "AccessDenied" in s3cmd("put", str(policy), f"{bucket}/denied", check=False).stderr
    s3cmd("delpolicy", bucket)
    lifecycle = tmp_path / "lifecycle.xml"
    lifecycle.write_text("<LifecycleConfiguration><Rule><ID>old</ID><Prefix>logs/</Prefix><Status>Enabled</Status>"
                         "<Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>")
    s3cmd("setlifecycle", str(lifecycle), bucket)
    assert "logs/" in s3cmd("getlifecycle", bucket).stdout
    s3cmd("put", str(policy), f"{bucket}/signed")
    assert s3cmd("signurl", f"{bucket}/signed", "+60").stdout.startswith("http://localhost")
