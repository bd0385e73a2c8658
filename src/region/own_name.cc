// Routes of the edge, and their certificate.

#include "region/own_name.h"

#include <array>

#include "crypto/certificate.h"
#include "dataplane/balancer/edge.h"
#include "services/acm/authority.h"

namespace holm::region {

namespace {

constexpr char kName[] = "holm.internal";
constexpr char kNamesBelow[] = "*.holm.internal";
// Names here, besides which load balancers have theirs. Who asks for an address names nobody in the handshake.
constexpr std::array<const char*, 3> kNamesHere = {"localhost", "s3.localhost", "*.s3.localhost"};
constexpr std::array<const char*, 2> kAddresses = {"127.0.0.1", ""};
constexpr std::chrono::hours kLife{24 * 365};
constexpr std::chrono::hours kBefore{24};  // Clocks differ.

// Without TLS the API is at a port of its own, and these names are nobody's.
async::Task<void> answer_secured(http::Exchange& exchange, const http::Handler& api) {
  if (exchange.request().scheme == http::Scheme::Https) {
    co_await api(exchange);
    co_return;
  }
  http::Response response;
  response.status = 404;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = "No site has this name. The region's API is at the port that `holm env` tells.\n";
  co_await exchange.respond(std::move(response));
}

crypto::CertificateTerms terms_at(Time now) {
  crypto::CertificateTerms terms{.common_name = kName,
                                 .dns_names = {kName, kNamesBelow},
                                 .ip_addresses = {"127.0.0.1"},
                                 .not_before = now - kBefore,
                                 .not_after = now + kLife};
  terms.dns_names.insert(terms.dns_names.end(), kNamesHere.begin(), kNamesHere.end());
  return terms;
}

}  // namespace

Result<void> serve_own_name(balancer::Edge& edge, const acm::Authority& authority, const Clock& clock,
                            Random& random, http::Handler api) {
  const crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::KeyKind::EcP256);
  const crypto::CertificateTerms terms = terms_at(clock.now());
  auto leaf = crypto::issue_leaf(terms, key, {authority.certificate_pem, authority.key}, random);
  if (!leaf) return std::unexpected(leaf.error());
  auto certificate = net::TlsCertificate::load({*leaf + authority.certificate_pem, key.to_pem()});
  if (!certificate) return std::unexpected(certificate.error());
  const balancer::Edge::Route route{.handler = api,
                                    .answer = [served = *certificate](std::string_view) {
                                      return net::TlsAnswer{.certificate = served, .policy = nullptr};
                                    }};
  balancer::Edge::Routes routes = {{kName, route}, {kNamesBelow, route}};
  balancer::Edge::Route here = route;
  here.handler = [api = std::move(api)](http::Exchange& exchange) { return answer_secured(exchange, api); };
  for (const char* name : kNamesHere) routes.emplace(name, here);
  for (const char* name : kAddresses) routes.emplace(name, here);
  edge.publish("region", std::move(routes));
  return {};
}

}  // namespace holm::region
