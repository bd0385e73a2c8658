// Whether strangers may be let in, and by what.
#pragma once

#include <string>

#include "s3/types.h"
#include "services/s3/buckets.h"

namespace holm::s3 {

// Whether a policy lets in anybody at all.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
bool is_public_policy(const std::string& document);

// What is blocked; a bucket for which nothing was ever said has all four, as AWS's new buckets do.
PublicAccessBlockConfiguration access_block_of(sql::Transaction& transaction, int64_t bucket);

}  // namespace holm::s3
