"""Buckets as web sites and their copies in other buckets: boto3 sets them up, plain HTTP visits them."""
import http.client
import json
import uuid

from conftest import wait_until


def make_site(region, **configuration):
    s3 = region.client("s3")
    bucket = f"site-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                                                      "Resource": f"arn:aws:s3:::{bucket}/*"}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}, **configuration})
    return s3, bucket


def visit(region, bucket, path, method="GET", port=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port or region.edge_port, timeout=20)
    connection.request(method, path, headers={"Host": f"{bucket}.s3-website-us-east-1.localhost", **headers})
    response = connection.getresponse()
    response.content = response.read().decode()
    connection.close()
    return response


def test_pages_folders_and_errors(region):
    s3, bucket = make_site(region, ErrorDocument={"Key": "error.html"})
    for key, text in {"index.html": "home", "docs/index.html": "docs", "a b.txt": "text", "error.html": "oh"}.items():
        s3.put_object(Bucket=bucket, Key=key, Body=text, ContentType="text/html")
    for port in (region.edge_port, region.port):
        home = visit(region, bucket, "/", port=port)
        assert (home.status, home.content, home.getheader("Content-Type")) == (200, "home", "text/html")
    assert visit(region, bucket, "/a%20b.txt").content == "text"
    assert visit(region, bucket, "/docs/").content == "docs"
    moved = visit(region, bucket, "/docs")
    assert (moved.status, moved.getheader("Location")) == (302, "/docs/")
    missing = visit(region, bucket, "/none")
    # Whoever may not list is not told that it is missing.
    assert (missing.status, missing.content) == (403, "oh")
    part = visit(region, bucket, "/index.html", Range="bytes=0-1")
    assert (part.status, part.content) == (206, "ho")
    etag = home.getheader("ETag")
    assert visit(region, bucket, "/", **{"If-None-Match": etag}).status == 304
    head = visit(region, bucket, "/index.html", method="HEAD")
    assert (head.status, head.content, head.getheader("Content-Length")) == (200, "", "4")
    refused = visit(region, bucket, "/", method="POST")
    assert refused.status == 405 and "<li>Method: POST</li>\n<li>ResourceType: OBJECT</li>" in refused.content


def test_without_an_error_page_s3_has_one(region):
    s3, bucket = make_site(region)
    page = visit(region, bucket, "/<script>")
    assert page.status == 403
    assert page.getheader("Content-Type").startswith("text/html")
    assert "<li>Code: AccessDenied</li>" in page.content and "<script>" not in page.content
    assert "<li>HostId: " in page.content and "Custom Error Document" not in page.content
    s3, bucket = make_site(region, ErrorDocument={"Key": "error.html"})
    page = visit(region, bucket, "/none").content
    assert page.index("Retrieve a Custom Error Document") < page.rindex("<li>Code: AccessDenied</li>")
    s3.delete_bucket_website(Bucket=bucket)
    page = visit(region, bucket, "/")
    assert (page.status, page.getheader("x-amz-error-code")) == (404, "NoSuchWebsiteConfiguration")
    page = visit(region, "there-is-no-such-bucket", "/")
    assert (page.status, page.getheader("x-amz-error-code")) == (404, "NoSuchBucket")


def test_visitors_get_nothing_that_is_not_public(region):
    s3, bucket = make_site(region)
    s3.delete_bucket_policy(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="index.html", Body="secret")
    assert visit(region, bucket, "/").status == 403
    # A list is none of a site's pages, whoever asks in whatever way.
    assert visit(region, bucket, "/?list-type=2").status == 403


def test_redirects(region):
    s3, bucket = make_site(region, RoutingRules=[
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}}])
    s3.put_object(Bucket=bucket, Key="gone", WebsiteRedirectLocation="/new/place")
    old = visit(region, bucket, "/old/x%20y")
    assert (old.status, old.getheader("Location")) == (
        301, f"http://{bucket}.s3-website-us-east-1.localhost/new/x%20y")
    gone = visit(region, bucket, "/gone")
    assert (gone.status, gone.getheader("Location")) == (301, "/new/place")


def test_replication_to_another_region(region):
    s3 = region.client("s3")
    there = region.client("s3", region_name="eu-west-1")
    iam = region.client("iam")
    mark = uuid.uuid4().hex[:12]
    source, target, role = f"from-{mark}", f"to-{mark}", f"copier-{mark}"
    s3.create_bucket(Bucket=source)
    there.create_bucket(Bucket=target, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for client, bucket in ((s3, source), (there, target)):
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    rule = {"ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Enabled"}, "Destination": {"Bucket": f"arn:aws:s3:::{target}"}}
    s3.put_bucket_replication(Bucket=source, ReplicationConfiguration={"Role": arn, "Rules": [rule]})

    def status(key):
        return s3.head_object(Bucket=source, Key=key)["ReplicationStatus"]

    s3.put_object(Bucket=source, Key="early", Body=b"x")
    wait_until(lambda: status("early") == "FAILED", what="the refusal without rights")
    may = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObjectVersionForReplication", "Resource": f"arn:aws:s3:::{source}/*"},
        {"Effect": "Allow", "Action": ["s3:ReplicateObject", "s3:ReplicateDelete"],
         "Resource": f"arn:aws:s3:::{target}/*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="copy", PolicyDocument=json.dumps(may))
    body = bytes(range(256)) * 2000
    version = s3.put_object(Bucket=source, Key="late", Body=body)["VersionId"]
    wait_until(lambda: status("late") == "COMPLETED", what="the replica")
    copy = there.get_object(Bucket=target, Key="late", VersionId=version)
    assert copy["Body"].read() == body
    assert copy["ReplicationStatus"] == "REPLICA"
    s3.delete_object(Bucket=source, Key="late")
    wait_until(lambda: there.list_object_versions(Bucket=target).get("DeleteMarkers"), what="the marker")
