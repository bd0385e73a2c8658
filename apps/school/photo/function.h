// What the function does with one event of S3.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "kit/s3.h"

namespace school {

struct Upload {
  std::string bucket;
  std::string key;  // Decoded.
  std::string etag;
};

// The uploads an event tells of; the error is a sentence. Records of other kinds are left out.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
std::expected<std::vector<Upload>, std::string> read_event(std::string_view json);

struct FunctionOptions {
  std::string callback_url;
  std::string callback_secret;
};

// Compresses every upload of the event and reports each to the web program. The error is a
// sentence and means that the whole event should be tried again.
std::expected<void, std::string> handle_event(std::string_view json, kit::S3& s3,
                                              const FunctionOptions& options);

}  // namespace school
