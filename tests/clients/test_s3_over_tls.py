"""S3 with TLS at the region's own name: what policies of many templates demand, and how clients then send bodies."""
import io
import json
import os
import subprocess
import uuid

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from web import ask

ENCRYPTED_ONLY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                  "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


@pytest.fixture(scope="module")
def secure(region, tmp_path_factory):
    authority = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.write_bytes(subprocess.run(region.command("env", "--ca"), check=True, capture_output=True).stdout)

    def client(host="localhost", **options):
        return boto3.client("s3", region_name="us-east-1", verify=str(authority), config=Config(**options),
                            endpoint_url=f"https://{host}:{region.environment['HOLM_SECURE_SITE_PORT']}",
                            aws_access_key_id=region.environment["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=region.environment["AWS_SECRET_ACCESS_KEY"])

    return client


@pytest.fixture(scope="module")
def bucket(secure):
    name, s3 = f"tls-{uuid.uuid4().hex[:12]}", secure()
    s3.create_bucket(Bucket=name)
    statement = dict(ENCRYPTED_ONLY, Resource=[f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"])
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    yield name
    for each in s3.list_objects_v2(Bucket=name)["Contents"]:
        s3.delete_object(Bucket=name, Key=each["Key"])
    s3.delete_bucket(Bucket=name)


def test_a_policy_that_denies_what_is_not_encrypted_is_met(region, secure, bucket):
    for host in ("localhost", "127.0.0.1"):
        secure(host).put_object(Bucket=bucket, Key=host, Body=b"over TLS")
        assert secure(host).get_object(Bucket=bucket, Key=host)["Body"].read() == b"over TLS"
    with pytest.raises(ClientError, match="explicit deny"):
        region.client("s3").get_object(Bucket=bucket, Key="localhost")


def test_large_bodies_come_in_chunks_with_a_checksum_behind_them(secure, bucket):
    content, back = os.urandom(12 << 20), io.BytesIO()
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    secure().upload_fileobj(io.BytesIO(content), bucket, "large", Config=config)
    secure().download_fileobj(bucket, "large", back, Config=config)
    assert back.getvalue() == content


def test_customers_keys_are_taken(secure, bucket):
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}
    secure().put_object(Bucket=bucket, Key="sealed", Body=b"secret", **key)
    assert secure().get_object(Bucket=bucket, Key="sealed", **key)["Body"].read() == b"secret"
    with pytest.raises(ClientError, match="Bad Request"):
        secure().head_object(Bucket=bucket, Key="sealed")


def test_the_certificate_is_for_buckets_names_too(region, bucket, tmp_path):
    (tmp_path / "authority.pem").write_bytes(
        subprocess.run(region.command("env", "--ca"), check=True, capture_output=True).stdout)
    name, port = f"{bucket}.s3.localhost", region.environment["HOLM_SECURE_SITE_PORT"]
    asked = subprocess.run(["curl", "-sS", "--cacert", tmp_path / "authority.pem", "--resolve", f"{name}:{port}:127.0.0.1",
                            f"https://{name}:{port}/none"], capture_output=True, text=True, timeout=20)
    assert "<Code>AccessDenied</Code>" in asked.stdout, asked.stderr


def test_without_tls_the_names_are_nobodys(region):
    assert ask(region, "localhost", "/").status == 404
