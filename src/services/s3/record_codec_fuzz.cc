// Bytes that may be a record of S3: whatever they are, reading them ends well, and what is read can be
// written.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/s3/outbox.h"
#include "services/s3/record_codec.h"

namespace {

template <class Row>
void check(const std::optional<Row>& row, std::string (*encode)(const Row&),
           std::optional<Row> (*read)(std::string_view)) {
  if (row && !read(encode(*row))) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::s3;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(read_version(bytes), encode_version, read_version);
  check(read_pieces(bytes), encode_pieces, read_pieces);
  check(read_upload(bytes), encode_upload, read_upload);
  check(read_part(bytes), encode_part, read_part);
  check(read_completed(bytes), encode_completed, read_completed);
  static_cast<void>(read_job(bytes));
  return 0;
}
