// DNS messages (RFC 1035), as far as a resolver for sandboxes needs them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::dns {

enum class Type : uint16_t { A = 1, Cname = 5, Ptr = 12, Aaaa = 28, Any = 255 };

// The one question of a query. Questions of other classes or types are kept as numbers.
struct Query {
  uint16_t id = 0;
  bool recursion_desired = false;
  std::string name;  // Lower case, without the last dot: "db.internal".
  uint16_t type = 0;
  uint16_t question_class = 1;
  size_t answer_bytes_max = 512;  // More when the query has an EDNS record that says so.
};

enum class Rcode : uint8_t {
  NoError = 0,
  FormatError = 1,
  ServerFailure = 2,
  NameError = 3,
  NotImplemented = 4,
  Refused = 5
};

struct Answer {
  std::string name;
  Type type = Type::A;
  uint32_t ttl_seconds = 0;
  std::string data;  // A: "10.0.0.1"; Cname and Ptr: a name.
};

// Messages are at most this long over UDP, whatever the query allows.
inline constexpr size_t kMessageBytesMax = 4096;

// Refuses responses, other opcodes and anything but one question.
Result<Query> parse_query(std::string_view message);
// The response to `query`; answers that do not fit are left out and the truncation bit is set.
std::string write_response(const Query& query, Rcode rcode, const std::vector<Answer>& answers);

}  // namespace holm::dns
