// What a request is about, by its path.
#pragma once

#include <string>
#include <string_view>

#include "base/strings.h"

namespace holm::s3 {

struct RequestSubject {
  std::string bucket;
  std::string key;  // Percent-encoded, as it came.
};

// Of "/bucket/key".
inline RequestSubject subject_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const size_t slash = path.find('/');
  RequestSubject subject{.bucket = percent_decode(path.substr(0, slash)).value_or(""), .key = {}};
  if (slash != std::string_view::npos) subject.key = path.substr(slash + 1);
  return subject;
}

}  // namespace holm::s3
