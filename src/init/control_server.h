// The socket at which the first process hears its clients: one request a connection, one reply, which may
// come late.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "init/control_message.h"
#include "init/event_loop.h"

namespace holm::init {

class ControlServer final {
 public:
  using Client = uint64_t;
  // `user` is who asks, as the kernel has it. The reply may be given within the call or later.
  using Handler = std::function<void(Client client, uid_t user, const Fields& request)>;

  ControlServer(EventLoop& loop, Handler handler) : loop_(loop), handler_(std::move(handler)) {}
  bool listen(const std::string& path);
  // A client that has gone meanwhile is no error.
  void reply(Client client, const Fields& fields);

 private:
  struct Connection {
    UniqueFd socket;
    EventLoop::Token token = 0;
    uid_t user = 0;
    bool has_asked = false;
    std::string in;
    std::string out;
    bool ends_when_sent = false;
  };

  void accept();
  void on_events(Client client, uint32_t events);
  void read(Client client, Connection& connection);
  void write(Client client, Connection& connection);
  void drop(Client client);

  EventLoop& loop_;
  Handler handler_;
  UniqueFd listener_;
  std::map<Client, std::unique_ptr<Connection>> connections_;
  Client next_ = 1;
};

}  // namespace holm::init
