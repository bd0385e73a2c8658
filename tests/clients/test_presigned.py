"""Presigned URLs of S3's: whoever has one may do what it says, and nothing else, until it is over."""
import urllib.error
import urllib.request
import uuid

import pytest
from botocore.config import Config


def send(method, url, body=None, headers=None):
    request = urllib.request.Request(url, method=method, data=body, headers=headers or {})
    if body is not None and "Content-Type" not in (headers or {}):
        request.add_header("Content-Type", "")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as failure:
        return failure.code, failure.read(), failure.headers


@pytest.fixture(params=[None, "s3v4"], ids=["boto3's default, version 2", "version 4"])
def s3(request, region):
    return region.client("s3", config=Config(signature_version=request.param))


@pytest.fixture
def bucket(s3):
    name = f"presigned-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    yield name
    for found in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)


def test_boto3_presigns_with_version_2_by_default(region):
    url = region.client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    assert "AWSAccessKeyId=" in url and "Signature=" in url, "is the decision on version 2 still needed?"


def test_an_object_goes_in_and_out_by_urls(s3, bucket):
    key = "a folder/näme+$&.txt"
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key})
    assert send("PUT", put, b"hello")[0] == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key,
                                                          "ResponseContentType": "text/x-shown; a=b"})
    status, body, headers = send("GET", get)
    assert (status, body, headers["Content-Type"]) == (200, b"hello", "text/x-shown; a=b")
    assert send("HEAD", s3.generate_presigned_url("head_object", Params={"Bucket": bucket, "Key": key}))[0] == 200
    listed = send("GET", s3.generate_presigned_url("list_objects_v2", Params={"Bucket": bucket, "Prefix": "a fol"}))
    assert b"<KeyCount>1</KeyCount>" in listed[1]
    assert send("DELETE", s3.generate_presigned_url("delete_object", Params={"Bucket": bucket, "Key": key}))[0] == 204


def test_headers_are_part_of_what_was_signed(s3, bucket):
    where = {"Bucket": bucket, "Key": "k"}
    put = s3.generate_presigned_url("put_object", Params={**where, "ContentType": "text/css", "Metadata": {"a": "b"}})
    headers = {"Content-Type": "text/css", "x-amz-meta-a": "b"}
    assert send("PUT", put, b"p {}", {**headers, "Content-Type": "text/html"})[0] == 403
    assert send("PUT", put, b"p {}", {**headers, "x-amz-meta-a": "c"})[0] == 403
    assert send("PUT", put, b"p {}", headers)[0] == 200
    found = s3.head_object(**where)
    assert (found["ContentType"], found["Metadata"]) == ("text/css", {"a": "b"})


def test_a_url_is_good_for_one_thing_until_it_is_over(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    status, body, _ = send("DELETE", get)
    assert status == 403 and b"SignatureDoesNotMatch" in body
    assert send("GET", get.replace("/k?", "/other?"))[0] == 403
    status, body, _ = send("GET", get + "&tagging")
    assert status == 403
    over = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=-60)
    status, body, _ = send("GET", over)
    assert status in (400, 403) and (b"Request has expired" in body or b"non-negative" in body)


def test_parts_are_uploaded_by_urls(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    part = s3.generate_presigned_url("upload_part", Params={"Bucket": bucket, "Key": "big", "UploadId": upload,
                                                            "PartNumber": 1})
    status, _, headers = send("PUT", part, b"part")
    assert status == 200
    s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": headers["ETag"]}]})
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == b"part"
