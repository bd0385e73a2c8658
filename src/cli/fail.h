// How verbs end that could not do what they were asked for.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace holm::cli {

// Says why; the process's exit code.
inline int fail(std::string_view message) {
  fmt::print(stderr, "holm: {}\n", message);
  return 1;
}

}  // namespace holm::cli
