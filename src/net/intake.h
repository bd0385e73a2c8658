// Intake: takes the connections of a server that works on several reactors, each of which gets as many.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "async/reactor.h"
#include "base/unique_fd.h"
#include "net/address.h"
#include "net/connection_room.h"
#include "net/listener.h"

namespace holm::net {

class TlsServerContext;

// What a connection counts among those of its reactor, for as long as it lives.
class Share final {
 public:
  explicit Share(std::atomic<size_t>& count) : count_(&count) { ++*count_; }
  Share(Share&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Share& operator=(Share&& other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~Share() {
    if (count_) --*count_;
  }

 private:
  std::atomic<size_t>* count_;
};

// A connection that was accepted.
struct Arrival {
  UniqueFd socket;  // Non-blocking, without delay (TCP_NODELAY).
  Address peer;
  std::shared_ptr<const TlsServerContext> tls;  // Of the socket that listened; null: none.
  ConnectionRoom::Place place;
  Share share;
};

// Any thread. The reactors and the room outlive it, and it outlives what arrived.
//
// The kernel wakes one of those that wait for a socket, again and again the same: left to that, clients who come
// together are all served by one thread while the others idle.
class Intake final {
 public:
  // Called on the thread of the reactor with that index, where the connection is served.
  using Taken = std::function<void(size_t reactor, Arrival arrival)>;

  // The bounds have a room.
  Intake(std::vector<async::Reactor*> reactors, Taken taken, Listener::Bounds bounds);
  ~Intake();  // After stop(), or where it never listened.
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // Takes connections from `socket` too, unless stopped. Returns what names it for stop_listening().
  int listen(UniqueFd socket, std::shared_ptr<const TlsServerContext> tls);
  // Closes that socket; connections that came through it go on.
  void stop_listening(int socket);
  // Nothing is taken when it returns, nor later; what was accepted and has not got to its reactor is closed. Who
  // connects now waits for close().
  void stop();
  // After stop(): closes the sockets.
  void close();

 private:
  class Gate;
  // Where a connection goes that was accepted at the gate with that index.
  Gate& gate_for_next(size_t own);

  const Taken taken_;
  const Listener::Bounds bounds_;
  std::vector<std::shared_ptr<Gate>> gates_;
  std::mutex mutex_;
  std::vector<UniqueFd> sockets_;  // Guarded by mutex_.
};

}  // namespace holm::net
