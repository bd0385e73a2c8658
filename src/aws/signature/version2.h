// Signature Version 2 in the query of a URL or in a header, as S3 still takes it: boto3 presigns so by default
// in the older regions. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
#pragma once

#include <string_view>

#include "aws/signature/verify.h"

namespace holm::aws::signature {

// What the server knows.
struct ExpectationVersion2 {
  Time now{};
  std::string_view secret_access_key;
  std::string_view bucket;  // Of a virtual-hosted request, as the Host has it; empty: the path names it.
};

// Checks the time and the signature (in constant time) of the request that was parsed. What the signature
// does not cover cannot change what the request does: a parameter that could is a Problem.
Result<Verified, Problem> verify(const SignedVersion2& signed_request, const RequestView& request,
                                 const ExpectationVersion2& expected);

}  // namespace holm::aws::signature
