// Where a copy comes from.
#pragma once

#include <optional>
#include <string>

namespace holm::s3 {

struct CopySource {
  std::string bucket;
  std::string key;
  std::optional<std::string> version;
};

// Of the header x-amz-copy-source: "bucket/key?versionId=…", percent-encoded. InvalidArgument.
CopySource require_copy_source(const std::string& header);

}  // namespace holm::s3
