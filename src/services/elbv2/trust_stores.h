// Trust stores: which authorities' certificates listeners let clients in by.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "elbv2/handlers.h"
#include "jobs/jobs.h"
#include "net/client_trust.h"

namespace holm::elbv2 {

TrustStore require_trust_store(Call& call, const std::string& arn);

// An object of S3 with a bundle in it.
struct BundlePlace {
  std::string bucket, key;
  std::optional<std::string> version;
};

// For those who cannot wait for S3 (templates): a trust store that is being made, whose bundle is read afterwards,
// or another bundle for one that there is. Throws unless the caller may do so and may read the object.
TrustStore begin_trust_store(Service& service, Call& call, const CreateTrustStoreInput& request);
void begin_reading(Service& service, Call& call, const std::string& trust_store, const BundlePlace& place);
struct Reading {
  bool is_pending = false;
  std::string problem;  // Why the bundle could not be read; empty: it was.
};
Reading reading_of(Call& call, const std::string& trust_store);
// The job; its key is the trust store's ARN.
jobs::Outcome read_bundle(Service& service, const jobs::Job& job);
inline constexpr char kReadBundleJob[] = "elbv2.read-trust-bundle";

// Gives a listener, whose protocol is set, what a request says of clients' certificates, with AWS's defaults.
void set_mutual_authentication(Call& call, Listener& listener,
                               const std::optional<MutualAuthenticationAttributes>& wanted);

// What listeners ask of their clients, loaded; kept from one publication to the next, as lists of what was revoked
// may be long. Of one publication at a time.
class ClientTrusts final {
 public:
  // Null where clients are not asked.
  std::shared_ptr<const net::ClientTrust> find(Call& call, const Listener& listener);

 private:
  struct Kept {
    std::string version;
    std::shared_ptr<const net::ClientTrust> trust;
  };
  std::map<std::string, Kept> kept_;  // By the listener's ARN.
};

}  // namespace holm::elbv2
