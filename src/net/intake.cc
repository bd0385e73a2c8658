// A gate on each reactor accepts, and hands what it has too much of to the gate with the fewest.

#include "net/intake.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace holm::net {

// Used on its reactor's thread, but for what is said of others.
class Intake::Gate final : public std::enable_shared_from_this<Gate> {
 public:
  Gate(Intake& intake, size_t index, async::Reactor& reactor)
      : intake_(intake), index_(index), reactor_(reactor) {}

  // Any thread.
  async::Reactor& reactor() { return reactor_; }
  std::atomic<size_t>& count() { return count_; }

  void listen(int socket, const std::shared_ptr<const TlsServerContext>& tls) {
    if (has_stopped_) return;
    auto accepted = [this, tls](UniqueFd connection, const Address& peer) {
      Gate& gate = intake_.gate_for_next(index_);
      Arrival arrival{std::move(connection), peer, tls, ConnectionRoom::Place(*intake_.bounds_.room),
                      Share(gate.count_)};
      if (&gate == this) return intake_.taken_(index_, std::move(arrival));
      gate.hand(std::move(arrival));
    };
    listeners_[socket] =
        std::make_unique<Listener>(reactor_, socket, std::move(accepted), Listener::Bounds(intake_.bounds_));
  }

  void stop_listening(int socket) { listeners_.erase(socket); }

  void stop() {
    has_stopped_ = true;
    listeners_.clear();
  }

  // Any thread, once all gates have stopped.
  void forget_handed() {
    std::lock_guard lock(mutex_);
    handed_.clear();
  }

 private:
  // Any thread.
  void hand(Arrival arrival) {
    {
      std::lock_guard lock(mutex_);
      handed_.push_back(std::move(arrival));
    }
    reactor_.post([weak = weak_from_this()] {
      if (const auto gate = weak.lock()) gate->take_handed();
    });
  }

  void take_handed() {
    std::vector<Arrival> handed;
    {
      std::lock_guard lock(mutex_);
      handed.swap(handed_);
    }
    for (Arrival& arrival : handed) {
      if (!has_stopped_) intake_.taken_(index_, std::move(arrival));
    }
  }

  Intake& intake_;
  const size_t index_;
  async::Reactor& reactor_;
  std::atomic<size_t> count_ = 0;
  bool has_stopped_ = false;
  std::map<int, std::unique_ptr<Listener>> listeners_;  // By socket.
  std::mutex mutex_;
  std::vector<Arrival> handed_;  // Guarded by mutex_.
};

Intake::Intake(std::vector<async::Reactor*> reactors, Taken taken, Listener::Bounds bounds)
    : taken_(std::move(taken)), bounds_(std::move(bounds)) {
  CHECK(bounds_.room);
  for (size_t i = 0; i < reactors.size(); ++i) {
    gates_.push_back(std::make_shared<Gate>(*this, i, *reactors[i]));
  }
}

Intake::~Intake() = default;

// To be handed over costs a connection the waking of a thread, so it is done where the difference is two or more:
// clients who come one after the other stay with who accepted them.
Intake::Gate& Intake::gate_for_next(size_t own) {
  const auto count_of = [](const std::shared_ptr<Gate>& gate) { return gate->count().load(); };
  Gate& fewest = **std::ranges::min_element(gates_, {}, count_of);
  return gates_[own]->count() >= fewest.count() + 2 ? fewest : *gates_[own];
}

int Intake::listen(UniqueFd socket, std::shared_ptr<const TlsServerContext> tls) {
  const int fd = socket.get();
  {
    std::lock_guard lock(mutex_);
    sockets_.push_back(std::move(socket));
  }
  for (const auto& gate : gates_) {
    gate->reactor().call([&gate, fd, &tls] { gate->listen(fd, tls); });
  }
  return fd;
}

void Intake::stop_listening(int socket) {
  for (const auto& gate : gates_) {
    gate->reactor().call([&gate, socket] { gate->stop_listening(socket); });
  }
  std::lock_guard lock(mutex_);
  std::erase_if(sockets_, [socket](const UniqueFd& each) { return each.get() == socket; });
}

void Intake::stop() {
  for (const auto& gate : gates_) gate->reactor().call([&gate] { gate->stop(); });
  for (const auto& gate : gates_) gate->forget_handed();
}

void Intake::close() {
  std::lock_guard lock(mutex_);
  sockets_.clear();
}

}  // namespace holm::net
