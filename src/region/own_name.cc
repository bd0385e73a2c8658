// A route of the edge, and its certificate.

#include "region/own_name.h"

#include "crypto/certificate.h"
#include "dataplane/balancer/edge.h"
#include "services/acm/authority.h"

namespace holm::region {

namespace {

constexpr char kName[] = "holm.internal";
constexpr char kNamesBelow[] = "*.holm.internal";
constexpr std::chrono::hours kLife{24 * 365};
constexpr std::chrono::hours kBefore{24};  // Clocks differ.

}  // namespace

Result<void> serve_own_name(balancer::Edge& edge, const acm::Authority& authority, const Clock& clock,
                            Random& random, http::Handler api) {
  const crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::KeyKind::EcP256);
  const crypto::CertificateTerms terms{.common_name = kName,
                                       .dns_names = {kName, kNamesBelow},
                                       .ip_addresses = {},
                                       .not_before = clock.now() - kBefore,
                                       .not_after = clock.now() + kLife};
  auto leaf = crypto::issue_leaf(terms, key, {authority.certificate_pem, authority.key}, random);
  if (!leaf) return std::unexpected(leaf.error());
  auto certificate = net::TlsCertificate::load({*leaf + authority.certificate_pem, key.to_pem()});
  if (!certificate) return std::unexpected(certificate.error());
  const balancer::Edge::Route route{.handler = std::move(api),
                                    .answer = [served = *certificate](std::string_view) {
                                      return net::TlsAnswer{.certificate = served, .policy = nullptr};
                                    }};
  edge.publish("region", {{kName, route}, {kNamesBelow, route}});
  return {};
}

}  // namespace holm::region
