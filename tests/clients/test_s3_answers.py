"""The names of S3's documents: clients that are not made of a model look at them."""
import uuid
import xml.etree.ElementTree

import pytest

from signed_requests import EMPTY_SHA256, Signer, send

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
RULE = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 1}}
CORS = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}


@pytest.fixture(scope="module")
def bucket(region):
    s3, name = region.client("s3"), f"answers-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [RULE]})
    s3.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [CORS]})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    version = s3.put_object(Bucket=name, Key="k", Body=b"x", ObjectLockLegalHoldStatus="OFF")["VersionId"]
    s3.put_object_retention(Bucket=name, Key="k", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": "2100-01-01"})
    yield name
    s3.delete_object(Bucket=name, Key="k", VersionId=version, BypassGovernanceRetention=True)
    s3.delete_bucket(Bucket=name)


DOCUMENTS = {
    "?accelerate": "AccelerateConfiguration",
    "?acl": "AccessControlPolicy",
    "?analytics": "ListBucketAnalyticsConfigurationResult",
    "?cors": "CORSConfiguration",
    "?encryption": "ServerSideEncryptionConfiguration",
    "?intelligent-tiering": "ListBucketIntelligentTieringConfigurationsOutput",
    "?inventory": "ListInventoryConfigurationsResult",
    "?lifecycle": "LifecycleConfiguration",
    "?list-type=2": "ListBucketResult",
    "": "ListBucketResult",
    "?location": "LocationConstraint",
    "?logging": "BucketLoggingStatus",
    "?metrics": "ListMetricsConfigurationsResult",
    "?notification": "NotificationConfiguration",
    "?object-lock": "ObjectLockConfiguration",
    "?ownershipControls": "OwnershipControls",
    "?publicAccessBlock": "PublicAccessBlockConfiguration",
    "?requestPayment": "RequestPaymentConfiguration",
    "?tagging": "Tagging",
    "?uploads": "ListMultipartUploadsResult",
    "?versioning": "VersioningConfiguration",
    "?versions": "ListVersionsResult",
    "?website": "WebsiteConfiguration",
    "/k?acl": "AccessControlPolicy",
    "/k?legal-hold": "LegalHold",
    "/k?retention": "Retention",
    "/k?tagging": "Tagging",
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_documents_have_the_names_that_aws_gives_them(region, bucket, what):
    target = f"/{bucket}{what}"
    status, body = send(region.port, "GET", target, Signer(region).headers("GET", target, EMPTY_SHA256, {}))
    assert status == 200, body
    assert xml.etree.ElementTree.fromstring(body).tag == NAMESPACE + DOCUMENTS[what]
