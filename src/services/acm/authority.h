// The region's own certificate authority, which issues what RequestCertificate asks for.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/certificate.h"

namespace holm::acm {

// Immutable; any thread.
struct Authority {
  std::string certificate_pem;  // Clients trust it.
  crypto::PrivateKey key;
};

// The authority kept in the file, which is made if there is none. Fails in one sentence; a file that cannot be
// read is not replaced, because clients trust what is in it.
Result<Authority> load_or_make_authority(const std::string& path, Time now, Random& random);

// The certificate alone, for whoever is to trust it.
Result<std::string> read_authority_certificate(const std::string& path);

}  // namespace holm::acm
