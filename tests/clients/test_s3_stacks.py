"""A stack with the buckets and keys that templates really have: the CDK's assets bucket, a site, a replica."""
import datetime
import json
import uuid

import pytest
from conftest import wait_until

TEMPLATE = {
    "Resources": {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {
            "Description": "of the assets", "EnableKeyRotation": True, "PendingWindowInDays": 7,
            "KeyPolicy": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
                 "Action": "kms:*", "Resource": "*"}]},
            "Tags": [{"Key": "team", "Value": "a"}]}},
        "Alias": {"Type": "AWS::KMS::Alias", "Properties": {
            "AliasName": {"Fn::Sub": "alias/${AWS::StackName}"}, "TargetKeyId": {"Ref": "Key"}}},
        "Assets": {"Type": "AWS::S3::Bucket", "Properties": {
            "AccessControl": "Private",
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}}]},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": True,
                                               "IgnorePublicAcls": True, "RestrictPublicBuckets": True},
            "VersioningConfiguration": {"Status": "Enabled"},
            "IntelligentTieringConfigurations": [
                {"Id": "unused", "Status": "Enabled", "Prefix": "drafts/", "Tierings": [
                    {"AccessTier": "ARCHIVE_ACCESS", "Days": 90}]}],
            "MetricsConfigurations": [{"Id": "EntireBucket"}, {"Id": "Drafts", "Prefix": "drafts/"}],
            "LifecycleConfiguration": {"Rules": [
                {"Id": "CleanupOldVersions", "Status": "Enabled",
                 "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
                {"Id": "AbortIncompleteMultipartUploads", "Status": "Enabled",
                 "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]}}},
        "Site": {"Type": "AWS::S3::Bucket", "Properties": {
            "WebsiteConfiguration": {"IndexDocument": "index.html"}}},
    },
    "Outputs": {"Assets": {"Value": {"Ref": "Assets"}}, "Site": {"Value": {"Fn::GetAtt": ["Site", "WebsiteURL"]}},
                "Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
}


@pytest.fixture
def stack(region):
    cloudformation, name = region.client("cloudformation"), f"buckets-{uuid.uuid4().hex[:8]}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(TEMPLATE))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    told = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    return name, {output["OutputKey"]: output["OutputValue"] for output in told}


def test_buckets_and_keys_of_a_stack(region, stack):
    name, outputs = stack
    s3, kms, cloudformation = region.client("s3"), region.client("kms"), region.client("cloudformation")
    bucket, key = outputs["Assets"], outputs["Key"]
    assert outputs["Site"].startswith("http://") and ".s3-website-us-east-1.localhost" in outputs["Site"]
    stored = s3.put_object(Bucket=bucket, Key="asset.zip", Body=b"zip")
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", key)
    assert s3.get_object(Bucket=bucket, Key="asset.zip")["Body"].read() == b"zip"
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [rule["ID"] for rule in rules] == ["CleanupOldVersions", "AbortIncompleteMultipartUploads"]
    tiers = s3.get_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="unused")["IntelligentTieringConfiguration"]
    assert tiers["Tierings"] == [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]
    assert kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["Arn"] == key
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert {"TagKey": "team", "TagValue": "a"} in kms.list_resource_tags(KeyId=key)["Tags"]
    cloudwatch = region.client("cloudwatch")
    now = datetime.datetime.now(datetime.timezone.utc)

    def measured(name, of="EntireBucket"):
        told = cloudwatch.get_metric_statistics(
            Namespace="AWS/S3", MetricName=name, Period=3600, Statistics=["Sum"],
            StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(hours=1),
            Dimensions=[{"Name": "BucketName", "Value": bucket}, {"Name": "FilterId", "Value": of}])
        return sum(point["Sum"] for point in told["Datapoints"])

    wait_until(lambda: measured("GetRequests") == 1, what="the request for the object is measured")
    assert (measured("PutRequests"), measured("BytesUploaded")) == (1, 3)
    assert measured("BytesDownloaded") > 3, "the object, and the answers to other questions"
    assert measured("AllRequests", of="Drafts") == 0
    for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert f"alias/{name}" not in [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]
