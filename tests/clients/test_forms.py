"""Forms that browsers send to S3, as boto3 makes them."""
import boto3
import pytest
import urllib3
from botocore.config import Config

BUCKET = "forms"


@pytest.fixture(scope="module")
def bucket(region):
    region.client("s3").create_bucket(Bucket=BUCKET)
    return region.client("s3")


def signer(region, version):
    return boto3.client("s3", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{region.port}",
                        aws_access_key_id=region.environment["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=region.environment["AWS_SECRET_ACCESS_KEY"],
                        config=Config(signature_version=version) if version else None)


def send(post, content, **fields):
    form = {**post["fields"], **fields, "file": ("photo.jpg", content, "image/jpeg")}
    return urllib3.PoolManager().request("POST", post["url"], fields=form, redirect=False)


@pytest.mark.parametrize("version", [None, "s3v4"])
def test_a_form_stores_its_file(region, bucket, version):
    key = f"uploads/{version}/"
    post = signer(region, version).generate_presigned_post(
        BUCKET, key + "${filename}", Fields={"Content-Type": "image/jpeg", "x-amz-meta-who": "eric"},
        Conditions=[["starts-with", "$Content-Type", "image/"], {"x-amz-meta-who": "eric"},
                    ["content-length-range", 1, 100_000]])
    answer = send(post, b"x" * 70_000)
    assert answer.status == 204, answer.data
    stored = bucket.get_object(Bucket=BUCKET, Key=key + "photo.jpg")
    assert stored["Body"].read() == b"x" * 70_000
    assert stored["ContentType"] == "image/jpeg"
    assert stored["Metadata"] == {"who": "eric"}
    assert answer.headers["ETag"] == stored["ETag"]


@pytest.mark.parametrize("version", [None, "s3v4"])
def test_a_form_stores_nothing_but_what_was_signed(region, bucket, version):
    post = signer(region, version).generate_presigned_post(
        BUCKET, f"signed-{version}.txt", Conditions=[["content-length-range", 0, 10]])
    assert b"EntityTooLarge" in send(post, b"x" * 11).data
    assert b"Extra input fields: acl" in send(post, b"x", acl="public-read").data
    assert b"Policy Condition failed" in send(post, b"x", key="another.txt").data
    other = dict(post, fields=dict(post["fields"]))
    name = "signature" if "signature" in other["fields"] else "x-amz-signature"
    other["fields"][name] = "A" * len(other["fields"][name])
    assert send(other, b"x").status == 403
    assert bucket.list_objects_v2(Bucket=BUCKET, Prefix=f"signed-{version}")["KeyCount"] == 0
    assert send(post, b"x" * 10).status == 204


def test_an_unsigned_form_is_nobodys(region, bucket):
    answer = send({"url": f"http://127.0.0.1:{region.port}/{BUCKET}", "fields": {"key": "k"}}, b"x")
    assert answer.status == 403 and b"AccessDenied" in answer.data
