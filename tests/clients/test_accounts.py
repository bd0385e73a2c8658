"""Several accounts in one region, made and entered the way AWS has it."""
import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def member(region):
    """A client maker for a second account, and its number."""
    organizations = region.client("organizations")
    try:
        organizations.create_organization()
    except organizations.exceptions.AlreadyInOrganizationException:
        pass
    status = organizations.create_account(Email="dev@example.com", AccountName="dev")["CreateAccountStatus"]
    assert status["State"] == "SUCCEEDED"
    assert organizations.describe_create_account_status(
        CreateAccountRequestId=status["Id"])["CreateAccountStatus"]["AccountId"] == status["AccountId"]
    account = status["AccountId"]
    issued = region.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="test")["Credentials"]

    def client(service):
        return region.client(service, aws_access_key_id=issued["AccessKeyId"],
                             aws_secret_access_key=issued["SecretAccessKey"],
                             aws_session_token=issued["SessionToken"])

    return client, account


def test_accounts_do_not_see_each_other(region, member):
    client, account = member
    assert client("sts").get_caller_identity()["Account"] == account
    region.client("s3").create_bucket(Bucket="first-accounts-own")
    assert [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]] == []
    with pytest.raises(ClientError) as error:
        client("s3").list_objects_v2(Bucket="first-accounts-own")
    assert error.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(ClientError) as error:
        client("s3").create_bucket(Bucket="first-accounts-own")
    assert error.value.response["Error"]["Code"] == "BucketAlreadyExists"
    assert client("organizations").describe_organization()["Organization"]["MasterAccountId"] != account
    with pytest.raises(ClientError) as error:
        client("organizations").list_accounts()
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"


def test_an_address_makes_one_account(region, member):
    status = region.client("organizations").create_account(Email="dev@example.com", AccountName="again")
    assert status["CreateAccountStatus"]["FailureReason"] == "EMAIL_ALREADY_EXISTS"
    names = [account["Name"] for account in region.client("organizations").list_accounts()["Accounts"]]
    assert "dev" in names and "again" not in names


def test_objects_of_another_account(region, member):
    """Where lists count, a writer's object is the writer's."""
    client, account = member
    owner, writer = region.client("s3"), client("s3")
    owner.create_bucket(Bucket="shared-by-list", ObjectOwnership="ObjectWriter")
    canonical = writer.list_buckets()["Owner"]["ID"]
    owner.put_bucket_acl(Bucket="shared-by-list", GrantWrite=f'id="{canonical}"')
    writer.put_object(Bucket="shared-by-list", Key="theirs", Body=b"x")
    with pytest.raises(ClientError) as error:
        owner.get_object(Bucket="shared-by-list", Key="theirs")
    assert error.value.response["Error"]["Code"] == "AccessDenied"
    writer.put_object_acl(Bucket="shared-by-list", Key="theirs", ACL="bucket-owner-read")
    assert owner.get_object(Bucket="shared-by-list", Key="theirs")["Body"].read() == b"x"
    owner.put_object(Bucket="shared-by-list", Key="ours", Body=b"x")
    with pytest.raises(ClientError):
        writer.get_object(Bucket="shared-by-list", Key="ours")
    # The bucket's owner can always clean up.
    answer = owner.delete_objects(Bucket="shared-by-list", Delete={"Objects": [{"Key": "theirs"}, {"Key": "ours"}]})
    assert len(answer["Deleted"]) == 2
    owner.delete_bucket(Bucket="shared-by-list")


def test_of_many_objects_only_the_forbidden_ones_stay(region, member):
    client, account = member
    owner, other = region.client("s3"), client("s3")
    owner.create_bucket(Bucket="partly-open")
    for key in ("open/a", "closed/b"):
        owner.put_object(Bucket="partly-open", Key=key, Body=b"x")
    owner.put_bucket_policy(Bucket="partly-open", Policy=f"""{{"Version": "2012-10-17", "Statement": [{{
        "Effect": "Allow", "Principal": {{"AWS": "{account}"}}, "Action": "s3:DeleteObject",
        "Resource": "arn:aws:s3:::partly-open/open/*"}}]}}""")
    answer = other.delete_objects(Bucket="partly-open",
                                  Delete={"Objects": [{"Key": "closed/b"}, {"Key": "open/a"}]})
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["open/a"]
    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [("closed/b", "AccessDenied")]
    keys = [item["Key"] for item in owner.list_objects_v2(Bucket="partly-open")["Contents"]]
    assert keys == ["closed/b"]
