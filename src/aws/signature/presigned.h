// Headers that a presigned URL of S3's carries in its query, because who opens it sends none.
#pragma once

#include <optional>

#include "http/message.h"

namespace holm::aws::signature {

// The request with its parameters called x-amz-… as headers too, except those of the signature itself and
// checksums, which S3 ignores there; a header that was sent wins. Nothing when `request` is not presigned or
// there is nothing to lift. What is lifted is proven by the signature over the query.
std::optional<http::Request> lift_headers(const http::Request& request);

}  // namespace holm::aws::signature
