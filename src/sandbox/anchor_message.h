// What the daemon and the anchor say to each other: one packet a message, texts and descriptors.
// Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

inline constexpr size_t kMessageBytesMax = 192 << 10;
inline constexpr size_t kMessageDescriptorsMax = 32;
// Of a new anchor: a pipe that its starter reads until it is closed.
inline constexpr int kToldDescriptor = 3;

struct AnchorMessage {
  // The first is the verb.
  std::vector<std::string> fields;
  std::vector<UniqueFd> descriptors;

  // An empty text when there is no such field.
  std::string_view field(size_t index) const;
  long long number(size_t index) const;
};

// `descriptors` are borrowed.
Result<void> send_message(int socket, const std::vector<std::string>& fields,
                          const std::vector<int>& descriptors = {});
// Nothing when the other side has closed.
Result<std::optional<AnchorMessage>> receive_message(int socket);

// Each field is its length in four bytes, little endian, and its bytes.
std::string encode_fields(const std::vector<std::string>& fields);
Result<std::vector<std::string>> decode_fields(std::string_view bytes);

std::string anchor_socket_path(const std::string& data_directory);

}  // namespace holm::sandbox
