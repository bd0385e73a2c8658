// Requests as a stranger may send them: nothing that was not signed is let in.

#include <cstdlib>

#include "aws/signature/canonical.h"
#include "aws/signature/verify.h"
#include "aws/signature/version2.h"
#include "base/strings.h"

using namespace holm;
using namespace holm::aws::signature;

// The first line is the target, each further one a header.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  http::Request request{.method = "GET"};
  const auto lines = split(text, '\n');
  request.target = lines[0];
  http::split_target(request);
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == lines[i].npos) continue;
    request.headers.add(lines[i].substr(0, colon), lines[i].substr(colon + 1));
  }
  const RequestView view = view_of(request);
  (void)find_scope(view);
  for (Dialect dialect : {Dialect::S3, Dialect::Query}) {
    const auto parsed = parse(view, dialect);
    if (const auto* older = std::get_if<SignedVersion2>(&parsed)) {
      const Time early = older->expires - std::chrono::seconds(1);
      if (verify(*older, view, {.now = early, .secret_access_key = "unknown"})) std::abort();
    }
    const auto* result = std::get_if<Signed>(&parsed);
    if (result == nullptr) continue;
    // The key is one that no input is signed with.
    const auto verified = verify(
        *result, Key{}, view,
        {.now = result->time, .service = result->scope.service, .body_sha256 = kEmptySha256});
    if (verified) std::abort();
  }
  return 0;
}
