// Whether strangers may be let in, and by what.
#pragma once

#include <optional>
#include <string>

#include "s3/types.h"
#include "services/s3/buckets.h"

namespace holm::s3 {

// Whether a policy lets in anybody at all.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
bool is_public_policy(const std::string& document);

// The policy without what it allows: all that it says about objects of other accounts. Nothing if it denies
// nothing.
std::optional<std::string> denials_of(const std::string& document);

// What is blocked; a bucket for which nothing was ever said has all four, as AWS's new buckets do.
PublicAccessBlockConfiguration access_block_of(const Settings& settings);

// What is said of a bucket on which nothing is to be blocked.
void block_nothing(Call& call, int64_t bucket);

// Throws MalformedXML unless it is one of the three.
bool is_ownership(std::string_view name);
void require_ownership(const std::string& name);

}  // namespace holm::s3
