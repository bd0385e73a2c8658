// Transfer acceleration: whether a bucket can be used through s3-accelerate endpoints.
#pragma once

#include "services/s3/buckets.h"

namespace holm::s3 {

// Throws InvalidRequest when a request comes that way and the bucket does not take it.
void require_acceleration(Call& call, const BucketRow& bucket);

}  // namespace holm::s3
