// S3: bodies of every sort, parts, URLs, pages and conditions.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import {
  CopyObjectCommand, CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand, DeleteObjectsCommand,
  GetObjectCommand, HeadBucketCommand, HeadObjectCommand, ListObjectsV2Command, PutBucketTaggingCommand,
  GetBucketTaggingCommand, PutObjectCommand, S3Client, paginateListObjectsV2, waitUntilBucketExists,
  waitUntilObjectExists, waitUntilObjectNotExists,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { failsWith, unique } from "./support.mjs";

const s3 = new S3Client({});
const Bucket = unique("js");
const text = async (output) => output.Body.transformToString();

before(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await waitUntilBucketExists({ client: s3, maxWaitTime: 20 }, { Bucket });
});

after(async () => {
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    if (page.Contents) {
      await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: page.Contents.map(({ Key }) => ({ Key })) } }));
    }
  }
  await s3.send(new DeleteBucketCommand({ Bucket }));
});

test("an object goes in and comes out, whole and in ranges", async () => {
  const Key = "a folder/Grüße + 100%.txt";
  const put = await s3.send(new PutObjectCommand({
    Bucket, Key, Body: "hello world", ContentType: "text/plain", Metadata: { author: "me" }, Tagging: "a=b",
    CacheControl: "max-age=60",
  }));
  assert.equal(put.ETag, '"5eb63bbbe01eeed093cb22bb8f5acdc3"');
  assert.ok(put.ChecksumCRC32);
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await text(got), "hello world");
  assert.equal(got.ContentType, "text/plain");
  assert.deepEqual(got.Metadata, { author: "me" });
  assert.equal(got.CacheControl, "max-age=60");
  assert.equal(got.TagCount, 1);
  assert.ok(got.LastModified instanceof Date);
  const part = await s3.send(new GetObjectCommand({ Bucket, Key, Range: "bytes=6-" }));
  assert.equal(part.ContentRange, "bytes 6-10/11");
  assert.equal(part.$metadata.httpStatusCode, 206);
  assert.equal(await text(part), "world");
  await failsWith("InvalidRange", 416, s3.send(new GetObjectCommand({ Bucket, Key, Range: "bytes=11-" })));
  await s3.send(new CopyObjectCommand({
    Bucket, Key: "copy", CopySource: encodeURIComponent(`${Bucket}/${Key}`), MetadataDirective: "REPLACE",
    Metadata: { author: "you" },
  }));
  assert.deepEqual((await s3.send(new HeadObjectCommand({ Bucket, Key: "copy" }))).Metadata, { author: "you" });
});

test("a body of unknown length is uploaded as it comes, in parts when it is large", async () => {
  async function* pieces(count) {
    for (let i = 0; i < count; ++i) yield Buffer.alloc(1 << 20, i);
  }
  for (const [Key, count] of [["stream", 3], ["parts", 12]]) {
    const upload = new Upload({ client: s3, params: { Bucket, Key, Body: Readable.from(pieces(count)) }, queueSize: 3 });
    const seen = [];
    upload.on("httpUploadProgress", (progress) => seen.push(progress.loaded));
    const done = await upload.done();
    assert.equal(/-\d+"$/.test(done.ETag), count > 5);
    assert.equal(Math.max(...seen), count << 20);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const bytes = await got.Body.transformToByteArray();
    assert.equal(bytes.length, count << 20);
    assert.equal(bytes[(count << 20) - 1], count - 1);
  }
  // A stream whose length is known is sent in chunks with a checksum behind them.
  const body = randomBytes(300_000);
  await s3.send(new PutObjectCommand({
    Bucket, Key: "chunks", Body: Readable.from([body.subarray(0, 100_000), body.subarray(100_000)]),
    ContentLength: body.length, ChecksumAlgorithm: "SHA256",
  }));
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: "chunks", ChecksumMode: "ENABLED" }));
  assert.ok(got.ChecksumSHA256);
  assert.ok(body.equals(Buffer.from(await got.Body.transformToByteArray())));
});

test("an upload that is aborted leaves nothing", async () => {
  const endless = Readable.from((async function* () { for (;;) yield Buffer.alloc(1 << 20); })());
  const upload = new Upload({ client: s3, params: { Bucket, Key: "never", Body: endless } });
  upload.on("httpUploadProgress", () => upload.abort());
  await assert.rejects(upload.done(), { name: "AbortError" });
  await failsWith("NotFound", 404, s3.send(new HeadObjectCommand({ Bucket, Key: "never" })));
});

test("URLs open without a key", async () => {
  const put = await getSignedUrl(
    new S3Client({ requestChecksumCalculation: "WHEN_REQUIRED" }),
    new PutObjectCommand({ Bucket, Key: "by url", ContentType: "text/css", Metadata: { author: "me" } }), { expiresIn: 60 });
  const answered = await fetch(put, { method: "PUT", body: "p {}", headers: { "content-type": "text/css" } });
  assert.equal(answered.status, 200, await answered.text());
  // As the SDK presigns by default: with the checksum of no body, which S3 does not look at in a URL.
  const other = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "by default" }), { expiresIn: 60 });
  assert.equal((await fetch(other, { method: "PUT", body: "anything" })).status, 200);
  const get = await getSignedUrl(s3, new GetObjectCommand({
    Bucket, Key: "by url", ResponseContentDisposition: 'attachment; filename="a b.css"',
  }), { expiresIn: 60 });
  const got = await fetch(get);
  assert.equal(await got.text(), "p {}");
  assert.equal(got.headers.get("content-type"), "text/css");
  assert.equal(got.headers.get("x-amz-meta-author"), "me");
  assert.equal(got.headers.get("content-disposition"), 'attachment; filename="a b.css"');
  const forged = await fetch(get.replace("by%20url", "by%20default"));
  assert.equal(forged.status, 403);
  assert.match(await forged.text(), /<Code>SignatureDoesNotMatch<\/Code>/);
  assert.equal((await fetch(get, { method: "DELETE" })).status, 403);
  assert.equal((await fetch(get.split("?")[0])).status, 403);
});

test("lists come in pages and folders", async () => {
  const keys = Array.from({ length: 25 }, (_, i) => `list/${String(i).padStart(2, "0")}&<ü>`);
  await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))));
  await s3.send(new PutObjectCommand({ Bucket, Key: "list/deep/er" }));
  const seen = [];
  let pages = 0;
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 10 }, { Bucket, Prefix: "list/", Delimiter: "/" })) {
    seen.push(...(page.Contents ?? []).map((each) => each.Key));
    if (page.CommonPrefixes) assert.deepEqual(page.CommonPrefixes, [{ Prefix: "list/deep/" }]);
    ++pages;
  }
  assert.deepEqual(seen, keys);
  assert.equal(pages, 3);
  await failsWith("InvalidArgument", 400,
    s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: "nonsense" })));
  const removed = await s3.send(new DeleteObjectsCommand({
    Bucket, Delete: { Objects: [...keys, "never was"].map((Key) => ({ Key })) },
  }));
  assert.equal(removed.Deleted.length, 26);
  await waitUntilObjectNotExists({ client: s3, maxWaitTime: 20 }, { Bucket, Key: keys[0] });
});

test("conditions are kept", async () => {
  const where = { Bucket, Key: "once" };
  const { ETag } = await s3.send(new PutObjectCommand({ ...where, Body: "1", IfNoneMatch: "*" }));
  await waitUntilObjectExists({ client: s3, maxWaitTime: 20 }, where);
  await failsWith("PreconditionFailed", 412, s3.send(new PutObjectCommand({ ...where, Body: "2", IfNoneMatch: "*" })));
  await failsWith("PreconditionFailed", 412, s3.send(new PutObjectCommand({ ...where, Body: "2", IfMatch: '"0"' })));
  const changed = await s3.send(new PutObjectCommand({ ...where, Body: "2", IfMatch: ETag }));
  await failsWith(undefined, 304, s3.send(new GetObjectCommand({ ...where, IfNoneMatch: changed.ETag })));
  await failsWith("PreconditionFailed", 412, s3.send(new GetObjectCommand({ ...where, IfMatch: ETag })));
  await s3.send(new DeleteObjectCommand(where));
  await failsWith("NoSuchKey", 404, s3.send(new GetObjectCommand(where)));
});

test("buckets and what is set on them", async () => {
  await failsWith("BucketNotEmpty", 409, s3.send(new DeleteBucketCommand({ Bucket })));
  await failsWith("NotFound", 404, s3.send(new HeadBucketCommand({ Bucket: unique("none") })));
  await failsWith("NoSuchBucket", 404, s3.send(new ListObjectsV2Command({ Bucket: unique("none") })));
  await failsWith("NoSuchTagSet", 404, s3.send(new GetBucketTaggingCommand({ Bucket })));
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: "a+b", Value: "c@d: e" }] } }));
  assert.deepEqual((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet, [{ Key: "a+b", Value: "c@d: e" }]);
});
