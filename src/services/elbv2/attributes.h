// Attributes of load balancers and target groups: which there are, what they are unless changed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/balancer/config.h"
#include "elbv2/handlers.h"

namespace holm::elbv2 {

// The value that holds for a load balancer or target group.
std::string attribute(Call& call, const std::string& arn, std::string_view key);

// Checks and stores what both Modify…Attributes operations take.
void write_attribute(Call& call, const std::string& arn, const std::string& key, const std::string& value);

// The headers that all responses of a listener get, by its attributes.
std::vector<std::pair<std::string, std::string>> response_headers(Call& call, const std::string& listener);

// The names of the headers that tell targets of TLS; nothing while they are AWS's.
std::optional<balancer::TlsHeaderNames> tls_header_names(Call& call, const std::string& listener);

}  // namespace holm::elbv2
