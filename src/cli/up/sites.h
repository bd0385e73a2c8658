// Which outputs of a stack are sites that a browser opens at the edge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holm::cli {

struct Site {
  std::string url;   // As a browser opens it, with the edge's port unless that is the web's.
  std::string host;  // "name.localhost:8080"
  std::string path;  // "/", with its query.
};

// Nothing unless `value` is a URL of plain HTTP, of a name below .localhost, on the web's or the edge's port.
std::optional<Site> find_site(std::string_view value, uint16_t edge_port);

}  // namespace holm::cli
