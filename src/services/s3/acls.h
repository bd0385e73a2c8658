// Access control lists: every bucket's objects belong to its owner, so there is only one list.
#pragma once

#include <optional>
#include <string>

namespace holm::s3 {

// Throws AccessControlListNotSupported unless the canned list says what is so anyway.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
void refuse_acl(const std::optional<std::string>& canned);

}  // namespace holm::s3
