// Datagrams with their sender's identity.
// https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html

#include "init/notify_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cstring>

#include "base/strings.h"
#include "init/files.h"

namespace holm::init {

namespace {

constexpr size_t kNoticeBytesMax = 4096;
constexpr size_t kStatusBytesMax = 200;

}  // namespace

Notice parse_notice(std::string_view text) {
  Notice notice;
  for (std::string_view line : split(text, '\n')) {
    if (line == "READY=1") notice.is_ready = true;
    if (line == "WATCHDOG=1") notice.is_alive = true;
    if (line.starts_with("STATUS=")) notice.status = std::string(line.substr(7, kStatusBytesMax));
    if (line.starts_with("MAINPID=")) {
      const auto number = parse_integer(line.substr(8));
      if (number && *number > 1 && *number < (1 << 22)) notice.main_process = static_cast<pid_t>(*number);
    }
  }
  return notice;
}

bool NotifySocket::open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (!make_folders(std::string(folder_of(path)))) return false;
  socket_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  unlink(path.c_str());
  const int yes = 1;
  setsockopt(socket_.get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
  if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
  path_ = path;
  return chmod(path.c_str(), 0777) == 0;
}

NotifySocket::~NotifySocket() {
  if (!path_.empty()) unlink(path_.c_str());
}

std::optional<ReceivedNotice> NotifySocket::receive() const {
  std::array<char, kNoticeBytesMax> buffer;
  alignas(cmsghdr) std::array<char, 1024> control;
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t count = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (count < 0) return std::nullopt;
  ReceivedNotice received;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET) continue;
    if (each->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(each), sizeof sender);
      received.sender = sender.pid;
      received.user = sender.uid;
    } else if (each->cmsg_type == SCM_RIGHTS) {
      // Nothing is kept for anybody; closing is also how a barrier is answered.
      const size_t descriptors = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < descriptors; ++i) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(each) + i * sizeof(int), sizeof descriptor);
        close(descriptor);
      }
    }
  }
  received.notice = parse_notice({buffer.data(), static_cast<size_t>(count)});
  return received;
}

}  // namespace holm::init
