// SSH key pairs: making them, and the fingerprints that EC2 knows them by.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace holm::crypto {

enum class SshKeyKind { Rsa2048, Ed25519 };

// The text of the private key is never logged.
struct SshKeyPair {
  std::string private_key;  // PEM: PKCS #1 of RSA, OpenSSH's own form of Ed25519.
  std::string public_key;   // "ssh-ed25519 AAAA…"
  std::string
      fingerprint;  // Of RSA: SHA-1 of the private key's DER (PKCS #8), "ab:cd:…"; of Ed25519 as below.
};

// Takes about a hundred milliseconds for RSA.
SshKeyPair generate_ssh_key(SshKeyKind kind, Random& random);

struct SshPublicKey {
  SshKeyKind kind = SshKeyKind::Rsa2048;  // RSA of any size that is taken.
  std::string fingerprint;  // Of RSA: MD5 of the public key's DER, "ab:cd:…"; of Ed25519: SHA-256, base64.
};

// A line of OpenSSH's ("ssh-rsa AAAA… comment"): RSA of 1024 to 8192 bits, or Ed25519.
Result<SshPublicKey> read_ssh_public_key(std::string_view line);

}  // namespace holm::crypto
