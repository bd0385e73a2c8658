// Reading queries and writing responses.

#include "dataplane/dns/message.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/strings.h"

namespace holm::dns {

namespace {

constexpr size_t kHeaderBytes = 12;
constexpr uint16_t kOptType = 41;

// Takes big-endian numbers and names from the front of a message.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}

  bool take(uint16_t& number) {
    if (rest_.size() < 2) return false;
    number = static_cast<uint16_t>(static_cast<unsigned char>(rest_[0]) << 8 |
                                   static_cast<unsigned char>(rest_[1]));
    rest_.remove_prefix(2);
    return true;
  }

  bool skip(size_t bytes) {
    if (rest_.size() < bytes) return false;
    rest_.remove_prefix(bytes);
    return true;
  }

  // A name without compression: a query's own question cannot point anywhere.
  bool take_name(std::string& name) {
    while (!rest_.empty()) {
      const size_t length = static_cast<unsigned char>(rest_[0]);
      if (length == 0) return skip(1);
      if (length > 63 || rest_.size() < 1 + length || name.size() + length > 253) return false;
      if (!name.empty()) name += '.';
      name += to_lower(rest_.substr(1, length));
      rest_.remove_prefix(1 + length);
    }
    return false;
  }

 private:
  std::string_view rest_;
};

void append_number(std::string& out, uint16_t number) {
  out += static_cast<char>(number >> 8);
  out += static_cast<char>(number & 255);
}

void append_name(std::string& out, std::string_view name) {
  if (!name.empty()) {
    for (std::string_view label : split(name, '.')) {
      label = label.substr(0, 63);
      out += static_cast<char>(label.size());
      out += label;
    }
  }
  out += '\0';
}

std::string record_data(const Answer& answer) {
  std::string data;
  if (answer.type == Type::A) {
    in_addr address{};
    if (::inet_pton(AF_INET, answer.data.c_str(), &address) == 1) {
      data.assign(reinterpret_cast<const char*>(&address), sizeof address);
    }
  } else {
    append_name(data, answer.data);
  }
  return data;
}

// The size a requester can take, from the EDNS record that follows the question, if there is one.
size_t edns_size(Reader& reader) {
  std::string name;
  uint16_t type = 0, size = 0;
  if (!reader.take_name(name) || !reader.take(type) || !reader.take(size) || type != kOptType) return 512;
  return std::clamp<size_t>(size, 512, kMessageBytesMax);
}

}  // namespace

Result<Query> parse_query(std::string_view message) {
  Reader reader(message);
  Query query;
  uint16_t flags = 0, questions = 0, answers = 0, authorities = 0, additional = 0;
  if (!reader.take(query.id) || !reader.take(flags) || !reader.take(questions) || !reader.take(answers) ||
      !reader.take(authorities) || !reader.take(additional)) {
    return failure("the message is shorter than a header");
  }
  if ((flags & 0x8000) != 0) return failure("the message is a response");
  if ((flags & 0x7800) != 0) return failure("the operation is not a query");
  if (questions != 1 || answers != 0 || authorities != 0) return failure("there is not exactly one question");
  query.recursion_desired = (flags & 0x0100) != 0;
  if (!reader.take_name(query.name) || !reader.take(query.type) || !reader.take(query.question_class)) {
    return failure("the question is malformed");
  }
  if (additional > 0) query.answer_bytes_max = edns_size(reader);
  return query;
}

std::string write_response(const Query& query, Rcode rcode, const std::vector<Answer>& answers) {
  std::string out;
  uint16_t count = 0;
  std::string records;
  bool truncated = false;
  const size_t question_bytes = query.name.size() + 2 + 4;
  for (const Answer& answer : answers) {
    std::string record;
    append_name(record, answer.name);
    append_number(record, static_cast<uint16_t>(answer.type));
    append_number(record, 1);
    append_number(record, static_cast<uint16_t>(answer.ttl_seconds >> 16));
    append_number(record, static_cast<uint16_t>(answer.ttl_seconds & 0xffff));
    const std::string data = record_data(answer);
    append_number(record, static_cast<uint16_t>(data.size()));
    record += data;
    if (kHeaderBytes + question_bytes + records.size() + record.size() > query.answer_bytes_max) {
      truncated = true;
      break;
    }
    records += record;
    ++count;
  }
  append_number(out, query.id);
  // Response, recursion available; the truncation and recursion-desired bits as they are.
  append_number(
      out, static_cast<uint16_t>(0x8080 | (truncated ? 0x0200 : 0) | (query.recursion_desired ? 0x0100 : 0) |
                                 static_cast<uint16_t>(rcode)));
  append_number(out, 1);
  append_number(out, count);
  append_number(out, 0);
  append_number(out, 0);
  append_name(out, query.name);
  append_number(out, query.type);
  append_number(out, query.question_class);
  return out + records;
}

}  // namespace holm::dns
