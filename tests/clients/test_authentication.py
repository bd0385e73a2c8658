"""Nobody gets in without a key, and a key lets in only what its policies say."""
import json
import urllib.error
import urllib.request

import botocore.exceptions
import pytest


def code_of(call):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call()
    return raised.value.response["Error"]["Code"], raised.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_unsigned_requests_are_refused(region):
    request = urllib.request.Request(f"http://127.0.0.1:{region.port}/", method="POST",
                                     data=b"Action=GetCallerIdentity&Version=2011-06-15",
                                     headers={"Content-Type": "application/x-www-form-urlencoded"})
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request)
    assert raised.value.code == 403
    assert b"MissingAuthenticationToken" in raised.value.read()


def test_unknown_keys_and_wrong_secrets_are_refused(region):
    stranger = region.client("sts", aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
    assert code_of(stranger.get_caller_identity) == ("InvalidClientTokenId", 403)
    liar = region.client("sts", aws_secret_access_key="x" * 40)
    assert code_of(liar.get_caller_identity) == ("SignatureDoesNotMatch", 403)


def test_a_user_may_do_what_its_policies_allow_and_nothing_else(region):
    iam = region.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
                      {"Effect": "Deny", "Action": "ec2:DescribeSubnets", "Resource": "*"}]}))
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    reader = region.client("ec2", **keys)
    assert reader.describe_vpcs()["Vpcs"]
    assert code_of(reader.describe_subnets) == ("UnauthorizedOperation", 403)
    assert code_of(lambda: reader.create_vpc(CidrBlock="10.0.0.0/16")) == ("UnauthorizedOperation", 403)
    assert code_of(region.client("iam", **keys).list_users) == ("AccessDenied", 403)
    iam.update_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert code_of(reader.describe_vpcs)[1] in (401, 403)


def test_an_assumed_role_has_its_own_identity_and_rights(region):
    iam, sts = region.client("iam"), region.client("sts")
    account = sts.get_caller_identity()["Account"]
    iam.create_role(RoleName="auditor", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}))
    iam.put_role_policy(RoleName="auditor", PolicyName="look", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}]}))
    session = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/auditor", RoleSessionName="monday")["Credentials"]
    keys = {"aws_access_key_id": session["AccessKeyId"], "aws_secret_access_key": session["SecretAccessKey"],
            "aws_session_token": session["SessionToken"]}
    who = region.client("sts", **keys).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{account}:assumed-role/auditor/monday"
    assert region.client("iam", **keys).list_users()["Users"]
    assert code_of(region.client("ec2", **keys).describe_vpcs) == ("UnauthorizedOperation", 403)


def test_the_aws_cli_works_as_it_is(region):
    assert json.loads(region.aws("sts", "get-caller-identity").stdout)["Account"]
    assert json.loads(region.aws("ec2", "describe-availability-zones").stdout)["AvailabilityZones"]
