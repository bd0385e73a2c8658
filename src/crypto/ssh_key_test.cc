// Keys as ssh-keygen and openssl know them.

#include "crypto/ssh_key.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "crypto/certificate.h"
#include "support/seeded_random.h"

namespace holm::crypto {
namespace {

// ssh-keygen -t ed25519; ssh-keygen -l
constexpr char kEd25519[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwROPEHM1Ii3QPAxiB7/QOZ01VX4zzizqFskMeqyXMY";
// ssh-keygen -t rsa -b 2048; ssh-keygen -ef r.pub -m PEM | openssl rsa -RSAPublicKey_in -outform DER |
// openssl md5 -c
constexpr char kRsa[] =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC5+Tz6IBK5gHQrM14OeQ58pMbuuG8tozgBoucZoDT9L1eGFJSw"
    "En1RSjzhdSvNB9q5Js1JPtKFxtE5XkfxPlWISoVPVrcbN2iSXQnVSJO7RYW5IXjo3675mk4McMbmUH+PXuhfLVsU"
    "2eQLpk4JGq1aZtQt6wvrJCwilaAThL5+f+6aSh3CfsJW5mgQuDUo5Rxby1bNStwYMNyIfioaTZlZbTtWVIFu7vRM"
    "y2g0ek++4mp5+G/y1LUjt/6mbImddxvcR1/G3NGM403OQRl4BwO6xzJAJel+padVZMLjRIU8UDoX1FajdjhFiMY/"
    "YNwl3nu3cNEVf/5bgBsSIE1cCGTL";

TEST(SshKeys, HaveTheFingerprintsThatEc2ShowsForImportedOnes) {
  EXPECT_EQ(read_ssh_public_key(kEd25519)->fingerprint, "3OQW7K2UvzWxbY1JRAH15xvtTvFEOcuGR9gjT44VM+0=");
  EXPECT_EQ(read_ssh_public_key(kRsa)->fingerprint, "37:51:ef:68:aa:95:0e:93:d4:64:78:a9:4b:20:16:f4");
  EXPECT_EQ(read_ssh_public_key(std::string("  ") + kRsa + " a comment\n")->kind, SshKeyKind::Rsa2048);
}

TEST(SshKeys, AreRefusedWhenTheyAreNone) {
  const std::string ed25519 = kEd25519, rsa = kRsa;
  for (const std::string& text : {std::string(), std::string("ssh-rsa"), std::string("ssh-rsa AAAA"),
                                  "ssh-rsa " + ed25519.substr(12), "ssh-ed25519 " + rsa.substr(8),
                                  rsa.substr(0, 60), rsa + "AAAA", std::string("ssh-dss ") + rsa.substr(8)}) {
    EXPECT_FALSE(read_ssh_public_key(text)) << text;
  }
}

TEST(SshKeys, AreMadeWithBothHalves) {
  test::SeededRandom random(1);
  const SshKeyPair ed25519 = generate_ssh_key(SshKeyKind::Ed25519, random);
  EXPECT_EQ(read_ssh_public_key(ed25519.public_key)->kind, SshKeyKind::Ed25519);
  EXPECT_EQ(read_ssh_public_key(ed25519.public_key)->fingerprint, ed25519.fingerprint);
  EXPECT_TRUE(ed25519.private_key.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
  const SshKeyPair rsa = generate_ssh_key(SshKeyKind::Rsa2048, random);
  EXPECT_EQ(read_ssh_public_key(rsa.public_key)->kind, SshKeyKind::Rsa2048);
  EXPECT_TRUE(rsa.private_key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
  EXPECT_TRUE(PrivateKey::from_pem(rsa.private_key));
  // 20 bytes in pairs of digits.
  EXPECT_EQ(rsa.fingerprint.size(), 59u);
  EXPECT_NE(rsa.private_key, generate_ssh_key(SshKeyKind::Rsa2048, random).private_key);
}

}  // namespace
}  // namespace holm::crypto
