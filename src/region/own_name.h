// The region's API with TLS: at https://holm.internal for those inside it whose tools insist on that, and at
// https://localhost, https://127.0.0.1 and https://BUCKET.s3.localhost for those on this machine.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "http/server.h"

namespace holm::acm {
struct Authority;
}
namespace holm::balancer {
class Edge;
}

namespace holm::region {

// The certificate is new with every start; whoever trusts the authority trusts it.
Result<void> serve_own_name(balancer::Edge& edge, const acm::Authority& authority, const Clock& clock,
                            Random& random, http::Handler api);

}  // namespace holm::region
