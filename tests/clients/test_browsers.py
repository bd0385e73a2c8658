"""Pages of other sites use a bucket as its cross-origin rules allow."""
import urllib.error
import urllib.request
import uuid
import xml.etree.ElementTree

import pytest


def preflight(region, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{region.port}{path}", method="OPTIONS", headers={
        name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, ""
    except urllib.error.HTTPError as failure:
        document = xml.etree.ElementTree.fromstring(failure.read())
        assert (document.tag, failure.headers["Content-Type"]) == ("Error", "application/xml")
        return failure.code, failure.headers, {child.tag: child.text for child in document}


@pytest.fixture
def bucket(region):
    s3 = region.client("s3")
    name = f"browsers-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    yield name
    s3.delete_bucket(Bucket=name)


def test_a_preflight_is_answered_by_the_rules_and_refused_in_s3s_words(region, bucket):
    asks = {"Origin": "https://site", "Access_Control_Request_Method": "PUT"}
    status, _, error = preflight(region, f"/{bucket}/k", **asks)
    assert (status, error["Code"]) == (403, "AccessForbidden")
    assert error["Message"] == "CORSResponse: CORS is not enabled for this bucket."
    assert (error["Method"], error["ResourceType"]) == ("PUT", "BUCKET")
    status, _, error = preflight(region, f"/{bucket}/k", Origin="https://site")
    assert (status, error["Code"], error["Method"]) == (403, "AccessForbidden", "OPTIONS")
    status, _, error = preflight(region, f"/{bucket}-none/k", **asks)
    assert (status, error["Message"]) == (403, "CORSResponse: Bucket not found")
    region.client("s3").put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [
        {"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://site"]}]})
    status, headers, _ = preflight(region, f"/{bucket}/k", **asks)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "https://site")
    status, _, error = preflight(region, f"/{bucket}", **{**asks, "Origin": "https://other"})
    assert (status, error["ResourceType"]) == (403, "BUCKET")
    status, _, error = preflight(region, f"/{bucket}/k", Origin="https://site")
    assert (status, error["Code"]) == (400, "BadRequest")
