// URI templates are matched against any path without harm.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aws/protocol/header_lists.h"
#include "aws/protocol/uri_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* each : {"/", "/{Bucket}", "/{Bucket}/{Key+}?acl", "/a/{B+}/c/{D}/"}) {
    holm::aws::match_uri(each, text);
  }
  holm::aws::split_header_list(text);
  holm::aws::split_header_dates(text);
  return 0;
}
