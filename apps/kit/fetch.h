// Outgoing HTTP requests, over libcurl. Blocking; any thread.
#pragma once

#include <expected>
#include <string>

#include "kit/uri.h"

namespace kit {

struct FetchRequest {
  std::string method = "GET";
  std::string url;
  Fields headers;
  std::string body;
  int connect_milliseconds = 3000;
  int total_milliseconds = 30'000;  // 0 waits for ever.
  std::size_t body_bytes_max = 64 * 1024 * 1024;
};

struct FetchResponse {
  int status = 0;
  Fields headers;  // Names in lower case.
  std::string body;
};

// The error is a sentence why there was no answer. Any status is an answer; redirects are not
// followed.
std::expected<FetchResponse, std::string> fetch(const FetchRequest& request);

}  // namespace kit
