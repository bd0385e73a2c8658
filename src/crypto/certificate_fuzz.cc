// Certificates and keys as strangers may upload them: DER behind PEM's first line, or any text.

#include "base/strings.h"
#include "crypto/certificate.h"

using namespace holm;

namespace {

// In lines, as PEM's reader wants them.
std::string base64_lines(std::string_view bytes) {
  const std::string text = base64_encode(bytes);
  std::string lines;
  for (size_t at = 0; at < text.size(); at += 64) lines += text.substr(at, 64) + "\n";
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const crypto::PrivateKey kKey = crypto::PrivateKey::generate(crypto::KeyKind::EcP256);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string der = base64_lines(bytes);
  const std::string certificate =
      "-----BEGIN CERTIFICATE-----\n" + der + "-----END CERTIFICATE-----\n";
  for (std::string_view pem : {std::string_view(certificate), bytes}) {
    (void)crypto::describe_certificate(pem);
    (void)crypto::belongs_to(pem, kKey);
    (void)crypto::verify_chain(pem, pem, pem, Time{});
  }
  (void)crypto::PrivateKey::from_pem(bytes);
  (void)crypto::PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\n" + der +
                                     "-----END PRIVATE KEY-----\n");
  return 0;
}
