// What services say about requests they do not let in.
#pragma once

#include <string>
#include <string_view>

#include "aws/signature/request.h"
#include "aws/signature/verify.h"

namespace holm::aws::signature {

// The header or the query parameters cannot be understood.
Problem malformed(Dialect dialect, Placement placement, std::string detail);
Problem not_spoken(std::string_view mechanism);
Problem two_mechanisms(Dialect dialect);
Problem unsupported_type(Dialect dialect, std::string_view type);
Problem unsigned_header(Dialect dialect, std::string_view name);
Problem wrong_region(const Signed& request, std::string_view expected);
Problem wrong_service(const Signed& request, std::string_view expected);
Problem wrong_date(const Signed& request);
// The request's time is too far from the server's, or over.
Problem skewed(const Signed& request, Time now);
Problem expired(const Signed& request, Time now);
Problem not_yet_valid(const Signed& request, Time now);
// Of the wrong key or of another request.
Problem mismatch(Dialect dialect);

// "47 45 54" for "GET": what S3 tells beside a text that does not match its signature.
std::string bytes_text(std::string_view text);

}  // namespace holm::aws::signature
