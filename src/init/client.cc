// One request, one reply.

#include "init/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "init/files.h"

namespace holm::init {

Result<Fields> ask_init(const Fields& request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, kControlSocket, sizeof kControlSocket);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket || connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(system_failure("the first process does not answer"));
  }
  std::string bytes = encode_fields(request);
  while (!bytes.empty()) {
    const ssize_t count = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return std::unexpected(system_failure("asking the first process"));
    bytes.erase(0, static_cast<size_t>(count));
  }
  std::string received;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failure("the first process gave no answer");
    received.append(buffer.data(), static_cast<size_t>(count));
    auto reply = decode_fields(received, kReplyBytesMax);
    if (!reply) return std::unexpected(reply.error());
    if (*reply) return std::move(**reply);
  }
}

}  // namespace holm::init
