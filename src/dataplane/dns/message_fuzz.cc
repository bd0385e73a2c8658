// Queries come from guests.

#include <cstdint>

#include "base/check.h"
#include "dataplane/dns/directory.h"
#include "dataplane/dns/message.h"
#include "dataplane/dns/resolver.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view message(reinterpret_cast<const char*>(data), size);
  auto query = holm::dns::parse_query(message);
  if (query) {
    // What is written back is a response of the size that was allowed, to the same question.
    std::string response = holm::dns::write_response(*query, holm::dns::Rcode::NoError,
                                                     {{query->name, holm::dns::Type::A, 60, "10.0.0.1"}});
    CHECK_FATAL(response.size() <= query->answer_bytes_max || query->name.size() > 200);
    CHECK_FATAL(!holm::dns::parse_query(response));
  }
  return 0;
}
