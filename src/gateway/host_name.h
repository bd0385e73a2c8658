// What the Host of a request to the API says.
#pragma once

#include <string>
#include <string_view>

namespace holm::gateway {

struct HostName {
  std::string service;      // "s3" of s3.us-east-1.localhost; empty when the host names none.
  std::string region;       // Empty when the host names none.
  std::string bucket;       // Of a virtual-hosted S3 request: photos of photos.s3.localhost.
  bool is_website = false;  // Of photos.s3-website-us-east-1.localhost.
};

// Knows `[bucket.]s3[.region]`, `[bucket.]s3-region`, `bucket.s3-accelerate`, `bucket.s3-website[.-]region`
// and `service[.region]` below .localhost, .amazonaws.com and .holm.internal (the name guests use), and
// `bucket.localhost`, which SDKs make of a bucket and the endpoint http://localhost:4566. `is_service` tells
// whether a first label is a service's, as then it is no bucket.
HostName parse_host(std::string_view host, bool (*is_service)(std::string_view label));

}  // namespace holm::gateway
