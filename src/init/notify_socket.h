// The socket on which a service says how it is (sd_notify).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace holm::init {

struct Notice {
  bool is_ready = false;
  bool is_alive = false;  // WATCHDOG=1
  pid_t main_process = 0;
  std::optional<std::string> status;
};

// Lines of NAME=VALUE; what is not understood is left out.
Notice parse_notice(std::string_view text);

struct ReceivedNotice {
  Notice notice;
  pid_t sender = 0;
  uid_t user = 0;
};

class NotifySocket final {
 public:
  // Makes the socket file, writable for everybody: who sends is told by the kernel.
  bool open(const std::string& path);
  ~NotifySocket();
  NotifySocket() = default;
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // Nothing when there is no more to read now.
  std::optional<ReceivedNotice> receive() const;
  int descriptor() const { return socket_.get(); }
  const std::string& path() const { return path_; }

 private:
  UniqueFd socket_;
  std::string path_;
};

}  // namespace holm::init
