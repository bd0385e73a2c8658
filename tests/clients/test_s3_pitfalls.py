"""What other stores have got wrong on the wire, each as a test: names, lists, documents, heads and conditions."""
import concurrent.futures
import hashlib
import http.client
import socket
import urllib.parse
import uuid
import xml.etree.ElementTree

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from signed_requests import Signer, quoted, send

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@pytest.fixture
def bucket(region):
    name = f"pitfalls-{uuid.uuid4().hex[:12]}"
    region.client("s3").create_bucket(Bucket=name)
    return name


def call(region, method, target, body=b"", payload="UNSIGNED-PAYLOAD", **headers):
    signer = Signer(region)
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(signer.port, method, target, signer.headers(method, target, payload, more), body)


def code_of(answer):
    found = xml.etree.ElementTree.fromstring(answer).find("Code")
    return found.text if found is not None else None


def keys_of(answer):
    return [key.text or "" for key in xml.etree.ElementTree.fromstring(answer).iter(NAMESPACE + "Key")]


@pytest.mark.parametrize("key", ["a+b", "a b", "a%20b", "ü/ß", "a=b&c", "~tilde", "(1)*!'", "#hash", "emoji-😀", "a\tb"])
def test_keys_of_any_characters(region, bucket, key):
    target = f"/{bucket}/{quoted(key)}"
    assert call(region, "PUT", target, key.encode())[0] == 200
    assert call(region, "GET", target) == (200, key.encode())
    status, answer = call(region, "GET", f"/{bucket}?list-type=2&encoding-type=url")
    assert status == 200 and [urllib.parse.unquote_plus(found) for found in keys_of(answer)] == [key]


def test_an_empty_object_does_not_spoil_the_connection_for_the_next(region, bucket):
    # botocore waits for 100 Continue even then; without it, the next answer on the connection is misread.
    s3 = region.client("s3", config=Config(max_pool_connections=1, read_timeout=5))
    for key, body in (("empty", b""), ("full", b"full"), ("none", b""), ("more", b"more")):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    for key, body in (("empty", b""), ("full", b"full")):
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def test_a_plus_in_a_path_is_a_plus(region, bucket):
    assert call(region, "PUT", f"/{bucket}/a+b", b"x")[0] == 200
    assert [item["Key"] for item in region.client("s3").list_objects_v2(Bucket=bucket)["Contents"]] == ["a+b"]


def test_a_plus_in_a_copy_source_is_a_space(region, bucket):
    for key in ("a+b", "a b"):
        region.client("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())
    for source, body in (("a+b", b"a b"), ("a%20b", b"a b"), ("a%2Bb", b"a+b")):
        assert call(region, "PUT", f"/{bucket}/copy", x_amz_copy_source=f"{bucket}%2F{source}")[0] == 200
        assert call(region, "GET", f"/{bucket}/copy") == (200, body), source


def test_a_key_has_at_most_1024_bytes_not_characters(region, bucket):
    assert call(region, "PUT", f"/{bucket}/{quoted('ü' * 512)}", b"x")[0] == 200
    status, answer = call(region, "PUT", f"/{bucket}/{quoted('ü' * 512 + 'a')}", b"x")
    assert (status, code_of(answer)) == (400, "KeyTooLongError")


def test_lists_hold_what_xml_cannot_say(region, bucket):
    for key in ("a\x01b", "c\rd", "e&f<g>\""):
        assert call(region, "PUT", f"/{bucket}/{quoted(key)}", b"x")[0] == 200
    status, answer = call(region, "GET", f"/{bucket}?encoding-type=url&list-type=2")
    assert status == 200
    assert [urllib.parse.unquote_plus(key) for key in keys_of(answer)] == ["a\x01b", "c\rd", "e&f<g>\""]
    status, plain = call(region, "GET", f"/{bucket}?list-type=2")
    assert status == 200 and b"&#x1;" in plain and (b"&#13;" in plain or b"&#xd;" in plain.lower())


def test_lists_are_in_the_order_of_bytes_and_skip_whole_folders(region, bucket):
    s3 = region.client("s3")
    keys = ["a", "a.b/1", "a/1", "a/2", "a0", "b/1", "b/2", "c", "é", "z"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key)
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == sorted(keys, key=str.encode)
    found, more = [], {}
    while True:
        page = s3.list_objects_v2(Bucket=bucket, Delimiter="/", MaxKeys=1, **more)
        assert page["KeyCount"] == 1, "a folder counts as one"
        found += [item["Key"] for item in page.get("Contents", [])]
        found += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
        if not page["IsTruncated"]:
            break
        more = {"ContinuationToken": page["NextContinuationToken"], "StartAfter": "zzz"}
    assert found == ["a", "a.b/", "a/", "a0", "b/", "c", "z", "é"]
    first = s3.list_objects(Bucket=bucket, MaxKeys=1)
    assert first["IsTruncated"] and "NextMarker" not in first
    assert s3.list_objects(Bucket=bucket, MaxKeys=1, Delimiter="/")["NextMarker"] == "a"
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["IsTruncated"] is False


DOCUMENTS = {
    "an entity": b'<!DOCTYPE d [<!ENTITY x "y">]><Delete><Object><Key>&x;</Key></Object></Delete>',
    "nothing in it": b"<Delete/>",
    "no document": b"",
    "half a document": b"<Delete><Object><Key>k</Key>",
    "very deep": b"<Delete>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</Delete>",
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_odd_documents_are_malformed(region, bucket, what):
    body = DOCUMENTS[what]
    status, answer = call(region, "POST", f"/{bucket}?delete", body, payload=hashlib.sha256(body).hexdigest())
    assert status == 400 and code_of(answer) in ("MalformedXML", "MissingRequestBodyError")


@pytest.mark.parametrize("query", ["?delete", "?delete="])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b'<?xml version="1.0" encoding="UTF-8"?>\n'])
def test_documents_begin_in_several_ways(region, bucket, query, start):
    body = start + b"<Delete><Quiet>true</Quiet><Object><Key>none</Key></Object></Delete>"
    status, answer = call(region, "POST", f"/{bucket}{query}", body, payload=hashlib.sha256(body).hexdigest())
    assert status == 200, answer


def test_more_than_a_thousand_are_too_many_to_delete(region, bucket):
    body = b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>"
    status, answer = call(region, "POST", f"/{bucket}?delete", body, payload=hashlib.sha256(body).hexdigest())
    assert (status, code_of(answer)) == (400, "MalformedXML")


def test_heads_have_no_bodies_and_say_where_a_bucket_is(region, bucket):
    signer = Signer(region)
    for target, status in ((f"/{bucket}", 200), (f"/{bucket}/none", 404), ("/there-is-no-such-bucket", 404)):
        connection = http.client.HTTPConnection("127.0.0.1", region.port, timeout=20)
        connection.request("HEAD", target, headers=signer.headers("HEAD", target, "UNSIGNED-PAYLOAD", {}))
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, b"")
        assert answer.getheader("x-amz-request-id") and answer.getheader("Date")
        if status == 200:
            assert answer.getheader("x-amz-bucket-region") == "us-east-1"
        connection.close()


def exchange(port, head, body=b""):
    """What comes back at once, before a body is sent that the head announces."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head + body)
        return connection.recv(65536)


def head_of(method, target, headers):
    return (f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            + "\r\n").encode()


def test_only_those_who_may_write_are_asked_to_go_on(region, bucket):
    target = f"/{bucket}/k"
    good = Signer(region).headers("PUT", target, "UNSIGNED-PAYLOAD", {})
    bad = Signer(region, secret="wrong").headers("PUT", target, "UNSIGNED-PAYLOAD", {})
    more = {"content-length": "5", "expect": "100-continue"}
    assert exchange(region.port, head_of("PUT", target, {**good, **more})).startswith(b"HTTP/1.1 100 ")
    assert exchange(region.port, head_of("PUT", target, {**bad, **more})).startswith(b"HTTP/1.1 403 ")
    large = {**good, "content-length": str(6 << 30), "expect": "100-continue"}
    answer = exchange(region.port, head_of("PUT", target, large))
    assert answer.startswith(b"HTTP/1.1 400 ") and b"EntityTooLarge" in answer


def test_a_length_and_chunks_together_are_refused(region, bucket):
    target = f"/{bucket}/smuggled"
    headers = Signer(region).headers("PUT", target, "UNSIGNED-PAYLOAD", {})
    head = head_of("PUT", target, {**headers, "content-length": "5", "transfer-encoding": "chunked"})
    assert exchange(region.port, head, b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("change", [{"x-amz-date": None}, {"x-amz-meta-more": "unsigned"}, {"host": "other"}])
def test_what_was_not_signed_is_not_let_in(region, bucket, change):
    target = f"/{bucket}/k"
    headers = Signer(region).headers("PUT", target, "UNSIGNED-PAYLOAD", {})
    for name, value in change.items():
        headers.pop(name, None)
        if value:
            headers[name] = value
    status, answer = send(region.port, "PUT", target, headers, b"x")
    assert status == 403, answer


def presigned_url(region, bucket):
    s3 = region.client("s3", config=Config(signature_version="s3v4"))
    return s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})


def presigned(region, bucket):
    url = urllib.parse.urlsplit(presigned_url(region, bucket))
    return f"{url.path}?{url.query}", {"Host": url.netloc}


def test_a_url_may_hold_a_condition(region, bucket):
    signer, place = Signer(region), urllib.parse.urlsplit(presigned_url(region, bucket))
    request = AWSRequest("PUT", f"http://{place.netloc}{place.path}", params={"if-none-match": "*"})
    S3SigV4QueryAuth(Credentials(signer.key_id, signer.secret), "s3", "us-east-1").add_auth(request)
    target, headers = request.url.removeprefix(f"http://{place.netloc}"), {"Host": place.netloc}
    assert send(region.port, "PUT", target, headers, b"x")[0] == 200
    assert send(region.port, "PUT", target, headers, b"x")[0] == 412


def test_a_hash_of_the_body_beside_a_url_is_not_looked_at(region, bucket):
    target, headers = presigned(region, bucket)
    assert send(region.port, "PUT", target, {**headers, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, b"x")[0] == 200
    assert send(region.port, "PUT", target, {**headers, "x-amz-user-agent": "me"}, b"x")[0] == 403


def test_what_does_not_match_its_signature_is_told_byte_by_byte(region, bucket):
    target, headers = presigned(region, bucket)
    status, answer = send(region.port, "PUT", target.replace("X-Amz-Signature=", "X-Amz-Signature=" + 64 * "0" + "&x="), headers, b"x")
    told = {child.tag: child.text for child in xml.etree.ElementTree.fromstring(answer)}
    assert status == 403
    assert bytes.fromhex(told["StringToSignBytes"]).decode() == told["StringToSign"]
    assert bytes.fromhex(told["CanonicalRequestBytes"]).decode() == told["CanonicalRequest"]


def test_only_forms_are_posted_to_a_bucket(region, bucket):
    status, answer = send(region.port, "POST", f"/{bucket}", {"Host": f"127.0.0.1:{region.port}", "Content-Type": "text/html"}, b"x")
    assert (status, code_of(answer)) == (412, "PreconditionFailed")


def test_the_owner_is_told_before_the_buckets(region, bucket):
    answer = call(region, "GET", "/")[1]
    names = [child.tag.removeprefix(NAMESPACE) for child in xml.etree.ElementTree.fromstring(answer)]
    assert names[:2] == ["Owner", "Buckets"]


def test_a_bucket_in_ireland_may_be_called_one_in_europe(region):
    name = f"ireland-{uuid.uuid4().hex[:12]}"
    s3 = region.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "EU"})
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "EU"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"
    s3.delete_bucket(Bucket=name)


def test_etags_come_with_quotes_and_are_taken_without(region, bucket):
    s3 = region.client("s3")
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    assert etag.startswith('"')
    for form in (etag, etag.strip('"'), "W/" + etag):
        with pytest.raises(ClientError) as error:
            s3.head_object(Bucket=bucket, Key="k", IfNoneMatch=form)
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 304


def test_one_of_many_conditional_writers_wins(region, bucket):
    from concurrent.futures import ThreadPoolExecutor
    s3 = region.client("s3")

    def write(number):
        try:
            s3.put_object(Bucket=bucket, Key="lock", Body=str(number), IfNoneMatch="*")
            return number
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict")
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [number for number in pool.map(write, range(32)) if number is not None]
    assert len(won) == 1
    assert s3.get_object(Bucket=bucket, Key="lock")["Body"].read() == str(won[0]).encode()


def test_a_range_has_no_checksum_of_the_whole(region, bucket):
    s3 = region.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789", ChecksumAlgorithm="SHA256")
    whole = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    part = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED", Range="bytes=2-4")
    assert whole["ChecksumSHA256"] and whole["ChecksumType"] == "FULL_OBJECT"
    assert part["Body"].read() == b"234" and "ChecksumSHA256" not in part


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256", "SHA512"])
def test_clients_compute_and_check_each_checksum(region, bucket, algorithm):
    s3, name, body = region.client("s3"), {"Bucket": bucket, "Key": "checked"}, b"0123456789" * 5000
    put = s3.put_object(Body=body, ChecksumAlgorithm=algorithm, **name)
    got = s3.get_object(ChecksumMode="ENABLED", **name)
    assert got["Body"].read() == body
    member = f"Checksum{algorithm}"
    assert put[member] == got[member]
    attributes = s3.get_object_attributes(ObjectAttributes=["Checksum"], **name)["Checksum"]
    assert attributes == {member: put[member], "ChecksumType": "FULL_OBJECT"}


def refusal(work, **request):
    """The code of the error that it ends with."""
    with pytest.raises(ClientError) as refused:
        work(**request)
    return refused.value.response["Error"]["Code"]


def test_buckets_take_the_canned_lists_that_the_model_does_not_name(region):
    s3, name = region.client("s3"), f"lists-{uuid.uuid4().hex[:8]}"
    # As rclone does with acl=bucket-owner-full-control: S3 ignores it where a bucket is made.
    s3.create_bucket(Bucket=name, ACL="bucket-owner-full-control")
    assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}]
    assert refusal(s3.put_bucket_acl, Bucket=name, ACL="log-delivery-write") == "AccessControlListNotSupported"
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.put_bucket_acl(Bucket=name, ACL="log-delivery-write")
    grants = s3.get_bucket_acl(Bucket=name)["Grants"]
    logs = "http://acs.amazonaws.com/groups/s3/LogDelivery"
    assert [grant["Permission"] for grant in grants if grant["Grantee"].get("URI") == logs] == ["WRITE", "READ_ACP"]
    assert refusal(s3.put_bucket_acl, Bucket=name, ACL="nonsense") == "InvalidArgument"
    s3.delete_bucket(Bucket=name)


def test_tags_of_awss_own_are_not_written(region, bucket):
    s3 = region.client("s3")
    tags = {"TagSet": [{"Key": "aws:mine", "Value": "x"}]}
    assert refusal(s3.put_bucket_tagging, Bucket=bucket, Tagging=tags) == "InvalidTag"
    s3.put_object(Bucket=bucket, Key="tagged", Body=b"x")
    assert refusal(s3.put_object_tagging, Bucket=bucket, Key="tagged", Tagging=tags) == "InvalidTag"
    assert refusal(s3.put_object, Bucket=bucket, Key="tagged", Body=b"x", Tagging="aws:mine=x") == "InvalidTag"


def test_what_kms_refuses_is_told_as_s3_tells_it(region, bucket):
    put = {"Bucket": bucket, "Key": "sealed", "Body": b"x", "ServerSideEncryption": "aws:kms"}
    s3, kms = region.client("s3"), region.client("kms")
    assert refusal(s3.put_object, SSEKMSKeyId=str(uuid.uuid4()), **put) == "KMS.NotFoundException"
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    s3.put_object(SSEKMSKeyId=key, **put)
    kms.disable_key(KeyId=key)
    assert refusal(s3.put_object, SSEKMSKeyId=key, **put) == "KMS.DisabledException"
    assert refusal(s3.get_object, Bucket=bucket, Key="sealed") == "KMS.DisabledException"


def test_conditions_that_are_not_looked_at_are_refused(region, bucket):
    s3 = region.client("s3")
    s3.put_object(Bucket=bucket, Key="kept", Body=b"x")
    assert refusal(s3.delete_object, Bucket=bucket, Key="kept", IfMatchSize=5) == "NotImplemented"
    assert refusal(s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": "kept", "Size": 5}]}) == "NotImplemented"
    assert s3.head_object(Bucket=bucket, Key="kept")["ContentLength"] == 1


def test_a_bucket_may_be_called_like_a_service_or_have_dots(region):
    s3 = region.client("s3")
    for name in ("lambda", f"dots.in.{uuid.uuid4().hex[:8]}"):
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="k", Body=b"x")
        assert call(region, "GET", f"/{name}/k") == (200, b"x")
        s3.delete_object(Bucket=name, Key="k")
        s3.delete_bucket(Bucket=name)


@pytest.mark.parametrize("header, status, content_range", [
    ("bytes=2-3", 206, "bytes 2-3/10"), ("bytes=-4", 206, "bytes 6-9/10"), ("bytes=8-99", 206, "bytes 8-9/10"),
    ("bytes=00-01", 206, "bytes 0-1/10"), ("bytes= -1", 200, None), ("bytes=0 -1", 200, None),
    ("bytes=5-2", 200, None), ("bytes=0-0,2-3", 200, None), ("rows=0-1", 200, None), ("bytes=10-", 416, None),
    ("bytes=-0", 416, None)])
def test_ranges_that_say_nothing_are_not_looked_at(region, bucket, header, status, content_range):
    assert call(region, "PUT", f"/{bucket}/k", b"0123456789")[0] == 200
    signer = Signer(region)
    connection = http.client.HTTPConnection("127.0.0.1", signer.port, timeout=10)
    target = f"/{bucket}/k"
    connection.request("GET", target, headers=signer.headers("GET", target, "UNSIGNED-PAYLOAD", {"range": header}))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert (answer.status, answer.getheader("content-range") if status == 206 else None) == (status, content_range)


def test_keys_of_metadata_may_be_as_long_as_metadata(region, bucket):
    name = "x" * 1900
    region.client("s3").put_object(Bucket=bucket, Key="k", Metadata={name: "value"})
    assert region.client("s3").head_object(Bucket=bucket, Key="k")["Metadata"] == {name: "value"}
    with pytest.raises(ClientError) as refused:
        region.client("s3").put_object(Bucket=bucket, Key="k", Metadata={"x" * 2048: "value"})
    assert refused.value.response["Error"]["Code"] == "MetadataTooLarge"


def test_tagging_a_bucket_has_no_content(region, bucket):
    body = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    assert call(region, "PUT", f"/{bucket}?tagging", body) == (204, b"")


def test_uploads_tell_when_they_end_by_themselves(region, bucket):
    s3 = region.client("s3")
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
        {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": "a/"},
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}]})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a/k")
    assert upload["AbortRuleId"] == "tidy" and upload["AbortDate"].hour == 0
    assert s3.list_parts(Bucket=bucket, Key="a/k", UploadId=upload["UploadId"])["AbortRuleId"] == "tidy"
    assert "AbortDate" not in s3.create_multipart_upload(Bucket=bucket, Key="b")


@pytest.mark.parametrize("part", ["<PartNumber>1</PartNumber>", "<ETag>x</ETag>"])
def test_half_a_part_is_malformed(region, bucket, part):
    upload = region.client("s3").create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    body = f"<CompleteMultipartUpload><Part>{part}</Part></CompleteMultipartUpload>".encode()
    status, answer = call(region, "POST", f"/{bucket}/k?uploadId={upload}", body)
    assert (status, code_of(answer)) == (400, "MalformedXML")


@pytest.mark.parametrize("query, status, code", [("partNumber=1", 400, "InvalidArgument"),
                                                 ("uploadId=x", 405, "MethodNotAllowed")])
def test_half_of_what_names_a_part_stores_no_object(region, bucket, query, status, code):
    s3 = region.client("s3")
    s3.put_object(Bucket=bucket, Key="kept", Body=b"whole")
    got, answer = call(region, "PUT", f"/{bucket}/kept?{query}", b"a part")
    assert (got, code_of(answer)) == (status, code)
    got, answer = call(region, "PUT", f"/{bucket}/kept?{query}", x_amz_copy_source=f"/{bucket}/kept")
    assert (got, code_of(answer)) == (status, code)
    assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == b"whole"


@pytest.mark.parametrize("query", ["uploads", "versions"])
def test_a_key_has_no_lists_of_its_own(region, bucket, query):
    region.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    status, answer = call(region, "GET", f"/{bucket}/k?{query}")
    assert (status, code_of(answer)) == (400, "InvalidRequest")


def test_metadata_of_one_name_are_joined(region, bucket):
    signer, target = Signer(region), f"/{bucket}/k"
    headers = signer.headers("PUT", target, "UNSIGNED-PAYLOAD", {"x-amz-meta-a": "1,2,3", "x-amz-meta-b": "4"})
    status, answer = send(signer.port, "PUT", target, {**headers, "x-amz-meta-a": ["1", "2", "3"]})
    assert status == 200, answer
    assert region.client("s3").head_object(Bucket=bucket, Key="k")["Metadata"] == {"a": "1,2,3", "b": "4"}


def test_only_deleted_keys_have_a_marker(region, bucket):
    def told(key):
        with pytest.raises(ClientError) as error:
            s3.head_object(Bucket=bucket, Key=key)
        return error.value.response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-delete-marker")

    s3 = region.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="k")
    assert (told("k"), told("never")) == ("true", "false")


def test_versions_stay_while_others_come_and_go(region, bucket):
    """The latest of the past becomes the current one when that is removed. It can be read and is listed, once."""
    s3 = region.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    kept = s3.put_object(Bucket=bucket, Key="k", Body=b"kept")["VersionId"]

    def come_and_go():
        for _ in range(40):
            passing = s3.put_object(Bucket=bucket, Key="k", Body=b"passing")["VersionId"]
            s3.delete_object(Bucket=bucket, Key="k", VersionId=passing)

    with concurrent.futures.ThreadPoolExecutor(1) as others:
        done = others.submit(come_and_go)
        while not done.done():
            assert s3.get_object(Bucket=bucket, Key="k", VersionId=kept)["Body"].read() == b"kept"
            listed = [each["VersionId"] for each in s3.list_object_versions(Bucket=bucket)["Versions"]]
            assert listed.count(kept) == 1, listed
        done.result()


def test_versions_that_are_removed_at_once_are_all_removed(region, bucket):
    s3 = region.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    with concurrent.futures.ThreadPoolExecutor(5) as several:
        for _ in range(20):
            made = [s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"] for _ in range(5)]
            list(several.map(lambda version: s3.delete_object(Bucket=bucket, Key="k", VersionId=version), made))
            assert "Versions" not in s3.list_object_versions(Bucket=bucket)


def test_a_head_of_a_bucket_is_of_xmls_type(region, bucket):
    answer = region.client("s3").head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    assert answer["content-type"] == "application/xml"


def test_every_header_that_was_not_signed_is_told(region, bucket):
    signer, target = Signer(region), f"/{bucket}/k"
    headers = signer.headers("PUT", target, "UNSIGNED-PAYLOAD", {})
    status, answer = send(signer.port, "PUT", target, {**headers, "x-amz-tagging": "a=b", "x-amz-acl": "private"})
    assert (status, code_of(answer)) == (403, "AccessDenied")
    assert b"<HeadersNotSigned>x-amz-acl, x-amz-tagging</HeadersNotSigned>" in answer
