"""How large requests may be."""
import io
import json
import os
import uuid
import zipfile

import botocore.exceptions
import pytest

from conftest import wait_until

MEBIBYTE = 1 << 20


def package(mebibytes):
    """A deployment package that does not shrink when it is packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.py", "import os\ndef handler(event, context):\n    return os.path.getsize('data')\n")
        archive.writestr("data", os.urandom(mebibytes * MEBIBYTE))
    return out.getvalue()


def error_of(call):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call()
    return raised.value.response["ResponseMetadata"]["HTTPStatusCode"], raised.value.response["Error"]["Code"]


@pytest.fixture
def role(region):
    iam = region.client("iam")
    name = f"limits-{uuid.uuid4().hex[:12]}"
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                                                "Action": "sts:AssumeRole"}]}))["Role"]
    yield made["Arn"]
    iam.delete_role(RoleName=name)


def test_a_package_of_up_to_50_megabytes_comes_with_the_request(region, role):
    client = region.client("lambda")
    client.create_function(FunctionName="heavy", Runtime="python3.11", Handler="index.handler", Role=role,
                           Code={"ZipFile": package(17)})
    wait_until(lambda: client.get_function_configuration(FunctionName="heavy")["State"] == "Active", what="the code")
    assert json.load(client.invoke(FunctionName="heavy")["Payload"]) == 17 * MEBIBYTE
    client.delete_function(FunctionName="heavy")
    over = {"FunctionName": "heavy", "Runtime": "python3.11", "Handler": "index.handler", "Role": role}
    assert error_of(lambda: client.create_function(**over, Code={"ZipFile": b"x" * (50 * MEBIBYTE + 100_000)})) == \
        (413, "RequestTooLargeException")
    assert error_of(lambda: client.create_function(**over, Code={"ZipFile": b"x" * (54 * MEBIBYTE)})) == \
        (413, "RequestEntityTooLargeException")


def test_a_larger_package_comes_from_s3(region, role):
    client, s3 = region.client("lambda"), region.client("s3")
    bucket = f"limits-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="code.zip", Body=package(60))
    client.create_function(FunctionName="heavier", Runtime="python3.11", Handler="index.handler", Role=role,
                           Code={"S3Bucket": bucket, "S3Key": "code.zip"})
    wait_until(lambda: client.get_function_configuration(FunctionName="heavier")["State"] == "Active", what="the code")
    assert json.load(client.invoke(FunctionName="heavier")["Payload"]) == 60 * MEBIBYTE
    client.delete_function(FunctionName="heavier")
    s3.delete_object(Bucket=bucket, Key="code.zip")
    s3.delete_bucket(Bucket=bucket)


def test_bodies_that_nothing_needs_so_large_are_refused(region):
    assert error_of(lambda: region.client("logs").create_log_group(logGroupName="x" * (17 * MEBIBYTE))) == \
        (413, "RequestEntityTooLargeException")
    assert error_of(lambda: region.client("iam").create_user(UserName="x" * (17 * MEBIBYTE)))[0] == 413
    assert error_of(lambda: region.client("s3").put_bucket_tagging(
        Bucket="x", Tagging={"TagSet": [{"Key": "x", "Value": "x" * (17 * MEBIBYTE)}]})) == \
        (400, "MaxMessageLengthExceeded")


def test_strangers_send_no_large_bodies(region):
    client = region.client("lambda", aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
    assert error_of(lambda: client.update_function_code(FunctionName="f", ZipFile=b"x" * (20 * MEBIBYTE))) == \
        (403, "UnrecognizedClientException")
