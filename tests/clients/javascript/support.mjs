// What the tests of this folder share. The clients take endpoint, region and keys from the environment.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as zlib from "node:zlib";

export const unique = (name) => `${name}-${randomBytes(6).toString("hex")}`;

export const credentialsOf = (key) => ({
  accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey, sessionToken: key.SessionToken,
});

// The call must end with the service's error of that name, if one is given, and status.
export async function failsWith(name, status, call) {
  await assert.rejects(call, (error) => {
    assert.equal(error.name, name ?? error.name, error);
    assert.equal(error.$metadata?.httpStatusCode, status);
    return true;
  });
}

// Repeats until there is a result; the bound only ends a test that has failed.
export async function until(what, condition, seconds = 60) {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    const result = await condition();
    if (result) return result;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${what} did not happen within ${seconds} s`);
}

const crcTable = Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; ++bit) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte >>> 0;
});

function checksum(bytes) {
  if (zlib.crc32) return zlib.crc32(bytes); // Node.js 22 has it.
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// A zip archive of one file.
export function zipOf(name, text) {
  const content = Buffer.from(text);
  const packed = zlib.deflateRawSync(content);
  const sizes = Buffer.alloc(12);
  sizes.writeUInt32LE(checksum(content), 0);
  sizes.writeUInt32LE(packed.length, 4);
  sizes.writeUInt32LE(content.length, 8);
  const common = Buffer.concat([
    Buffer.from([20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0x5a]), sizes, Buffer.from([name.length, 0, 0, 0]),
  ]);
  const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), packed]);
  const attributes = Buffer.alloc(14);
  attributes.writeUInt32LE((0o100644 << 16) >>> 0, 6);
  const central = Buffer.concat([
    Buffer.from("PK\x01\x02\x14\x03", "latin1"), common, attributes, Buffer.from(name),
  ]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
