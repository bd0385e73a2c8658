"""The five ways a body is signed, each right and wrong, and what became of other stores' holes in them."""
import base64
import hashlib
import uuid

import pytest
from botocore.exceptions import ClientError

from signed_requests import Signer, crc32, quoted, send

CONTENT = b"The quick brown fox jumps over the lazy dog. " * 300


@pytest.fixture(scope="module")
def bucket(region):
    name = f"bodies-{uuid.uuid4().hex[:12]}"
    region.client("s3").create_bucket(Bucket=name)
    return name


def whole(signer, target, payload, body, **more):
    headers = signer.headers("PUT", target, payload, {name.replace("_", "-"): value for name, value in more.items()})
    return send(signer.port, "PUT", target, headers, body)


def chunked_headers(signer, target, payload, **more):
    announced = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(CONTENT)),
                 **{name.replace("_", "-"): value for name, value in more.items()}}
    return signer.headers("PUT", target, payload, announced)


def signed_chunks(signer):
    return b"".join(signer.chunk(part) for part in (CONTENT[:8192], CONTENT[8192:], b""))


def unsigned_chunks(*trailers):
    body = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (CONTENT[:8192], CONTENT[8192:]))
    return body + b"0\r\n" + b"".join(f"{name}:{value}\r\n".encode() for name, value in trailers) + b"\r\n"


def stored(region, bucket, key):
    """The object's bytes and headers; nothing when there is none."""
    try:
        got = region.client("s3").get_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError:
        return None
    return got["Body"].read(), got


@pytest.fixture
def key():
    return uuid.uuid4().hex


def test_every_mode_stores_the_bytes_and_no_framing(region, bucket):
    def put(key, how):
        signer = Signer(region)
        return how(signer, f"/{bucket}/{key}")

    def in_signed_chunks(signer, target):
        headers = chunked_headers(signer, target, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
        return send(signer.port, "PUT", target, headers, signed_chunks(signer))

    def with_signed_trailer(signer, target):
        headers = chunked_headers(signer, target, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", x_amz_trailer="x-amz-checksum-crc32")
        body = b"".join(signer.chunk(part) for part in (CONTENT[:8192], CONTENT[8192:], b""))[:-2]
        return send(signer.port, "PUT", target, headers, body + signer.trailer("x-amz-checksum-crc32", crc32(CONTENT)))

    def with_unsigned_trailer(signer, target, chunked=False):
        headers = chunked_headers(signer, target, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer="x-amz-checksum-crc32")
        return send(signer.port, "PUT", target, headers, unsigned_chunks(("x-amz-checksum-crc32", crc32(CONTENT))), chunked)

    modes = {
        "hash": lambda signer, target: whole(signer, target, hashlib.sha256(CONTENT).hexdigest(), CONTENT),
        "unsigned": lambda signer, target: whole(signer, target, "UNSIGNED-PAYLOAD", CONTENT),
        "chunks": in_signed_chunks,
        "chunks-trailer": with_signed_trailer,
        "unsigned-trailer": with_unsigned_trailer,
        "unsigned-trailer-in-http-chunks": lambda signer, target: with_unsigned_trailer(signer, target, chunked=True),
    }
    for key, how in modes.items():
        status, answer = put(key, how)
        assert status == 200, (key, answer)
        body, head = stored(region, bucket, key)
        assert body == CONTENT, key
        assert "ContentEncoding" not in head, key


def test_an_unsigned_trailer_may_be_missing(region, bucket, key):
    signer, target = Signer(region), f"/{bucket}/{key}"
    headers = chunked_headers(signer, target, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    status, answer = send(signer.port, "PUT", target, headers, unsigned_chunks())
    assert status == 200, answer
    body, head = stored(region, bucket, key)
    assert body == CONTENT and head["ChecksumCRC64NVME"]


def test_strangers_may_send_chunks_too(region, key):
    """As SDKs do over TLS, for the checksum behind the body."""
    s3, open_bucket = region.client("s3"), f"open-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=open_bucket, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=open_bucket)
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read-write")
    headers = {"Host": f"127.0.0.1:{region.port}", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
               "content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(CONTENT)),
               "x-amz-trailer": "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm": "CRC32"}
    chunks = unsigned_chunks(("x-amz-checksum-crc32", crc32(CONTENT)))
    status, answer = send(region.port, "PUT", f"/{open_bucket}/{key}", headers, chunks)
    assert status == 200, answer
    body, head = stored(region, open_bucket, key)
    assert body == CONTENT and head["ChecksumCRC32"] == crc32(CONTENT)
    headers["x-amz-content-sha256"] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    assert send(region.port, "PUT", f"/{open_bucket}/{key}", headers, chunks)[0] == 400


def test_trailers_end_as_minio_go_ends_them(region, bucket, key):
    signer, target = Signer(region), f"/{bucket}/{key}"
    headers = chunked_headers(signer, target, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer="x-amz-checksum-crc32")
    body = unsigned_chunks().removesuffix(b"\r\n") + f"x-amz-checksum-crc32:{crc32(CONTENT)}\n\r\n\r\n".encode()
    status, answer = send(signer.port, "PUT", target, headers, body)
    assert status == 200, answer
    assert stored(region, bucket, key)[1]["ChecksumCRC32"] == crc32(CONTENT)


WRONG = {
    "a body with another hash": (
        "XAmzContentSHA256Mismatch", lambda s, t: whole(s, t, hashlib.sha256(b"other").hexdigest(), CONTENT)),
    "no hash of the body": ("InvalidRequest", lambda s, t: whole(s, t, None, CONTENT)),
    "a checksum that is another body's": (
        "BadDigest", lambda s, t: whole(s, t, "UNSIGNED-PAYLOAD", CONTENT, x_amz_checksum_crc32=crc32(b"other"))),
    "an MD5 that is another body's": (
        "BadDigest", lambda s, t: whole(s, t, "UNSIGNED-PAYLOAD", CONTENT,
                                        content_md5=base64.b64encode(hashlib.md5(b"other").digest()).decode())),
    "an MD5 that is none": ("InvalidDigest", lambda s, t: whole(s, t, "UNSIGNED-PAYLOAD", CONTENT, content_md5="rubbish")),
    "two checksums": (
        "InvalidRequest", lambda s, t: whole(s, t, "UNSIGNED-PAYLOAD", CONTENT, x_amz_checksum_crc32=crc32(CONTENT),
                                             x_amz_checksum_sha1=base64.b64encode(hashlib.sha1(CONTENT).digest()).decode())),
    "a chunk with another's signature": (
        "SignatureDoesNotMatch",
        lambda s, t: send(s.port, "PUT", t, chunked_headers(s, t, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
                          signed_chunks(s).replace(b"fox", b"cat", 1))),
    "chunks without an end": (
        "IncompleteBody",
        lambda s, t: send(s.port, "PUT", t, chunked_headers(s, t, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
                          s.chunk(CONTENT))),
    "fewer bytes than were announced": (
        "IncompleteBody",
        lambda s, t: send(s.port, "PUT", t, chunked_headers(s, t, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
                          s.chunk(CONTENT[:8192]) + s.chunk(b""))),
    "a trailer of another body": (
        "BadDigest",
        lambda s, t: send(s.port, "PUT", t,
                          chunked_headers(s, t, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer="x-amz-checksum-crc32"),
                          unsigned_chunks(("x-amz-checksum-crc32", crc32(b"other"))))),
    "a trailer that was announced and does not come": (
        "MalformedTrailerError",
        lambda s, t: send(s.port, "PUT", t,
                          chunked_headers(s, t, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer="x-amz-checksum-crc32"),
                          unsigned_chunks())),
    "a trailer that was not announced": (
        "MalformedTrailerError",
        lambda s, t: send(s.port, "PUT", t,
                          chunked_headers(s, t, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer="x-amz-checksum-crc32"),
                          unsigned_chunks(("x-amz-checksum-crc32", crc32(CONTENT)), ("x-amz-checksum-sha1", "x")))),
    "a trailer that is no checksum of S3's": (
        "InvalidRequest",
        lambda s, t: send(s.port, "PUT", t,
                          chunked_headers(s, t, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer="x-amz-checksum-md4"),
                          unsigned_chunks(("x-amz-checksum-md4", crc32(CONTENT))))),
    "a checksum in the head and another in the trailer": (
        "InvalidRequest",
        lambda s, t: send(s.port, "PUT", t,
                          chunked_headers(s, t, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer="x-amz-checksum-crc32",
                                          x_amz_checksum_crc32=crc32(CONTENT)),
                          unsigned_chunks(("x-amz-checksum-crc32", crc32(CONTENT))))),
    "a mode that nobody knows": (
        None, lambda s, t: whole(s, t, "STREAMING-WHATEVER", CONTENT)),
}


@pytest.mark.parametrize("what", WRONG)
def test_of_a_wrong_body_no_byte_is_seen(region, bucket, key, what):
    code, how = WRONG[what]
    status, answer = how(Signer(region), f"/{bucket}/{key}")
    assert 400 <= status < 500, answer
    if code:
        assert f"<Code>{code}</Code>".encode() in answer
    assert stored(region, bucket, key) is None


MODES = ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
         "STREAMING-UNSIGNED-PAYLOAD-TRAILER", hashlib.sha256(CONTENT).hexdigest()]


# CVE-2025-31489, CVE-2026-40344, CVE-2026-41145: modes whose signature nobody looked at.
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("where", ["header", "query"])
def test_a_wrong_key_writes_in_no_mode(region, bucket, key, mode, where):
    signer, target = Signer(region, secret="not the secret"), f"/{bucket}/{key}"
    body = unsigned_chunks(("x-amz-checksum-crc32", crc32(CONTENT))) if mode.startswith("STREAMING") else CONTENT
    headers = chunked_headers(signer, target, mode, x_amz_trailer="x-amz-checksum-crc32")
    if where == "query":
        signature = signer.signature
        del headers["authorization"]
        target += (f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={signer.key_id}%2F{signer.scope.replace('/', '%2F')}"
                   f"&X-Amz-Date={signer.time}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}")
    status, answer = send(signer.port, "PUT", target, headers, body)
    assert status in (400, 403), answer
    assert stored(region, bucket, key) is None


# CVE-2026-55873: the service in the scope is the one that answers, or none does.
def test_a_scope_of_another_service_opens_nothing(region, bucket, key):
    signer, target = Signer(region, service="iam"), f"/{bucket}/{key}"
    status, answer = whole(signer, target, "UNSIGNED-PAYLOAD", CONTENT)
    assert status >= 400, answer
    assert stored(region, bucket, key) is None


# CVE-2026-54917, CVE-2026-42882 and others: keys are names, whatever they look like.
@pytest.mark.parametrize("name", ["../other/k", "a/../b", "./k", "a//b", "/k", "%2e%2e/k", "a\\..\\b", "k/."])
def test_keys_are_no_paths(region, bucket, name):
    signer, target = Signer(region), f"/{bucket}/{quoted(name)}"
    status, answer = whole(signer, target, "UNSIGNED-PAYLOAD", name.encode())
    assert status == 200, answer
    assert name in [item["Key"] for item in region.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert stored(region, bucket, name)[0] == name.encode()


# CVE-2026-39360: whoever copies has to be let in by the source.
def test_copying_needs_the_right_to_read_the_source(region, bucket):
    s3, iam = region.client("s3"), region.client("iam")
    source, user = f"source-{uuid.uuid4().hex[:12]}", f"copier-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=source)
    s3.put_object(Bucket=source, Key="secret", Body=b"x" * 100)
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument='{"Version": "2012-10-17", "Statement": [{'
                        f'"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"]}}]}}')
    made = iam.create_access_key(UserName=user)["AccessKey"]
    own = region.client("s3", aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"])
    upload = own.create_multipart_upload(Bucket=bucket, Key="copy")["UploadId"]
    for what in (lambda: own.copy_object(Bucket=bucket, Key="copy", CopySource=f"{source}/secret"),
                 lambda: own.upload_part_copy(Bucket=bucket, Key="copy", UploadId=upload, PartNumber=1,
                                              CopySource=f"{source}/secret"),
                 lambda: own.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/../{source}/secret")):
        with pytest.raises(ClientError) as error:
            what()
        assert error.value.response["Error"]["Code"] in ("AccessDenied", "NoSuchKey")
