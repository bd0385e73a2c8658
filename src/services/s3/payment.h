// Who pays for requests: nobody here, but strangers have to say that they would.
#pragma once

#include <optional>
#include <string>

#include "services/s3/buckets.h"

namespace holm::s3 {

// Throws AccessDenied unless the bucket's owner asks or pays, or the requester has said that they pay.
void require_payer(Call& call, const BucketRow& bucket, const std::optional<std::string>& payer);

}  // namespace holm::s3
