// Connections of clients. None can hold the first process up: nothing here waits, and everything is bounded.

#include "init/control_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "init/files.h"

namespace holm::init {

namespace {

// The rest is kept for root, so that nobody else can shut it out.
constexpr size_t kConnectionsMax = 256;
constexpr size_t kConnectionsOfUsersMax = 64;
constexpr int kBacklog = 128;

}  // namespace

bool ControlServer::listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (!make_folders(std::string(folder_of(path)))) return false;
  unlink(path.c_str());
  listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
  // Everybody may ask how units are; changes are for root, by what the kernel says of the other side.
  chmod(path.c_str(), 0666);
  if (::listen(listener_.get(), kBacklog) != 0) return false;
  loop_.watch(listener_.get(), EPOLLIN, [this](uint32_t) { accept(); });
  return true;
}

void ControlServer::accept() {
  UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket || connections_.size() >= kConnectionsMax) return;
  ucred other{};
  socklen_t size = sizeof other;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &other, &size) != 0) return;
  if (other.uid != 0 && connections_.size() >= kConnectionsOfUsersMax) return;
  const Client client = next_++;
  auto connection = std::make_unique<Connection>();
  connection->user = other.uid;
  connection->token =
      loop_.watch(socket.get(), EPOLLIN, [this, client](uint32_t events) { on_events(client, events); });
  connection->socket = std::move(socket);
  connections_[client] = std::move(connection);
}

void ControlServer::drop(Client client) {
  auto found = connections_.find(client);
  if (found == connections_.end()) return;
  loop_.forget(found->second->token);
  connections_.erase(found);
}

void ControlServer::on_events(Client client, uint32_t events) {
  auto found = connections_.find(client);
  if (found == connections_.end()) return;
  if (events & EPOLLOUT) return write(client, *found->second);
  read(client, *found->second);
}

void ControlServer::read(Client client, Connection& connection) {
  std::array<char, 4096> buffer;
  const ssize_t count = recv(connection.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return;
  // Whoever goes does not take the job along.
  if (count <= 0 || connection.has_asked) return drop(client);
  connection.in.append(buffer.data(), static_cast<size_t>(count));
  auto request = decode_fields(connection.in, kRequestBytesMax);
  if (!request) return drop(client);
  if (!*request) return;
  connection.has_asked = true;
  connection.in.clear();
  handler_(client, connection.user, **request);
}

void ControlServer::reply(Client client, const Fields& fields) {
  auto found = connections_.find(client);
  if (found == connections_.end()) return;
  found->second->out = encode_fields(fields);
  if (found->second->out.size() > kReplyBytesMax)
    found->second->out = encode_fields({"error", "too long a reply"});
  found->second->ends_when_sent = true;
  write(client, *found->second);
}

void ControlServer::write(Client client, Connection& connection) {
  while (!connection.out.empty()) {
    const ssize_t count = send(connection.socket.get(), connection.out.data(), connection.out.size(),
                               MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return loop_.change(connection.token, EPOLLOUT);
    if (count <= 0) return drop(client);
    connection.out.erase(0, static_cast<size_t>(count));
  }
  if (connection.ends_when_sent) drop(client);
}

}  // namespace holm::init
