// The wire form of the anchor's messages.

#include "sandbox/anchor_message.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace holm::sandbox {

std::string_view AnchorMessage::field(size_t index) const {
  return index < fields.size() ? std::string_view(fields[index]) : std::string_view();
}

long long AnchorMessage::number(size_t index) const {
  return parse_integer(field(index)).value_or(0);
}

std::string encode_fields(const std::vector<std::string>& fields) {
  std::string bytes;
  for (const std::string& field : fields) {
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<char>(field.size() >> shift & 0xff));
    }
    bytes += field;
  }
  return bytes;
}

Result<std::vector<std::string>> decode_fields(std::string_view bytes) {
  std::vector<std::string> fields;
  while (!bytes.empty()) {
    if (bytes.size() < 4) return failure("message ends inside a length");
    size_t length = 0;
    for (int i = 0; i < 4; ++i) length |= size_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    bytes.remove_prefix(4);
    if (length > bytes.size()) return failure("message ends inside a field");
    fields.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return fields;
}

Result<void> send_message(int socket, const std::vector<std::string>& fields,
                          const std::vector<int>& descriptors) {
  std::string bytes = encode_fields(fields);
  if (bytes.size() > kMessageBytesMax) return failure("message to or from the anchor is too long");
  if (descriptors.size() > kMessageDescriptorsMax) return failure("too many descriptors");
  iovec vector{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMessageDescriptorsMax)> control{};
  if (!descriptors.empty()) {
    size_t size = sizeof(int) * descriptors.size();
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(size);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(rights), descriptors.data(), size);
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return failure(std::string("sending to the other side: ") + std::strerror(errno));
  return {};
}

Result<std::optional<AnchorMessage>> receive_message(int socket) {
  std::string bytes(kMessageBytesMax, '\0');
  iovec vector{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMessageDescriptorsMax)> control{};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t received = 0;
  do {
    received = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return failure(std::string("receiving: ") + std::strerror(errno));
  AnchorMessage message;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      message.descriptors.emplace_back(fd);
    }
  }
  if (received == 0) return std::nullopt;
  if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) return failure("message was cut off");
  auto fields = decode_fields(std::string_view(bytes).substr(0, static_cast<size_t>(received)));
  if (!fields) return std::unexpected(fields.error());
  message.fields = std::move(*fields);
  return message;
}

std::string anchor_socket_path(const std::string& data_directory) {
  return data_directory + "/run/anchor.sock";
}

}  // namespace holm::sandbox
