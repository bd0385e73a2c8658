// MinIO's client for JavaScript: what programs written for MinIO do with S3.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import * as minio from "minio";
import { unique } from "./support.mjs";

const endpoint = new URL(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL);
const client = new minio.Client({
  endPoint: endpoint.hostname, port: Number(endpoint.port), useSSL: false, pathStyle: true, region: "us-east-1",
  accessKey: process.env.AWS_ACCESS_KEY_ID, secretKey: process.env.AWS_SECRET_ACCESS_KEY,
});
const bucket = unique("minio");

async function bytes(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function names(prefix, isRecursive) {
  const found = [];
  for await (const item of client.listObjectsV2(bucket, prefix, isRecursive)) found.push(item.name ?? item.prefix);
  return found;
}

before(async () => {
  await client.makeBucket(bucket);
  assert.equal(await client.bucketExists(bucket), true);
});

after(async () => {
  await client.removeObjects(bucket, await names("", true));
  await client.removeBucket(bucket);
});

test("an object goes in and comes out, whole and in part", async () => {
  const put = await client.putObject(bucket, "a folder/Grüße.txt", "hello world", undefined, { "X-Amz-Meta-Who": "me" });
  assert.equal(put.etag, "5eb63bbbe01eeed093cb22bb8f5acdc3");
  assert.equal((await bytes(await client.getObject(bucket, "a folder/Grüße.txt"))).toString(), "hello world");
  assert.equal((await bytes(await client.getPartialObject(bucket, "a folder/Grüße.txt", 6, 3))).toString(), "wor");
  const stat = await client.statObject(bucket, "a folder/Grüße.txt");
  assert.equal(stat.size, 11);
  assert.equal(stat.metaData.who, "me");
  await assert.rejects(client.statObject(bucket, "none"), { code: "NotFound" });
});

test("a stream of unknown length is uploaded in parts", async () => {
  const body = randomBytes(70 * 1024 * 1024);
  await client.putObject(bucket, "large", Readable.from((function* () {
    for (let at = 0; at < body.length; at += 1 << 20) yield body.subarray(at, at + (1 << 20));
  })()));
  assert.ok(body.equals(await bytes(await client.getObject(bucket, "large"))));
});

test("copies, lists, tags and versions", async () => {
  await client.putObject(bucket, "list/a", "1");
  await client.copyObject(bucket, "list/b/c", `/${bucket}/list/a`);
  assert.deepEqual(await names("list/", false), ["list/a", "list/b/"]);
  assert.deepEqual(await names("list/", true), ["list/a", "list/b/c"]);
  await client.setObjectTagging(bucket, "list/a", { colour: "red" });
  assert.deepEqual(await client.getObjectTagging(bucket, "list/a"), [{ Key: "colour", Value: "red" }]);
  const versioned = unique("minio");
  await client.makeBucket(versioned);
  await client.setBucketVersioning(versioned, { Status: "Enabled" });
  const first = await client.putObject(versioned, "k", "one");
  await client.putObject(versioned, "k", "two");
  assert.equal((await bytes(await client.getObject(versioned, "k", { versionId: first.versionId }))).toString(), "one");
});

test("URLs and forms work for those who have no key", async () => {
  const put = await client.presignedPutObject(bucket, "by-url", 60);
  assert.equal((await fetch(put, { method: "PUT", body: "from a browser" })).status, 200);
  const get = await client.presignedGetObject(bucket, "by-url", 60);
  assert.equal(await (await fetch(get)).text(), "from a browser");
  const policy = client.newPostPolicy();
  policy.setBucket(bucket);
  policy.setKey("by-form");
  policy.setExpires(new Date(Date.now() + 60_000));
  const { postURL, formData } = await client.presignedPostPolicy(policy);
  const form = new FormData();
  for (const [name, value] of Object.entries(formData)) form.append(name, value);
  form.append("file", new Blob(["in a form"]), "f.txt");
  assert.equal((await fetch(postURL, { method: "POST", body: form })).status, 204);
  assert.equal((await bytes(await client.getObject(bucket, "by-form"))).toString(), "in a form");
});
