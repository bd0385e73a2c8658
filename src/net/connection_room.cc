// A ring of those that wait, around a head.

#include "net/connection_room.h"

#include <utility>

namespace holm::net {

void Idler::leave() {
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = this;
  if (list_) list_->size_.fetch_sub(1, std::memory_order_relaxed);
  list_ = nullptr;
}

class IdleList::Head final : public Idler {
 public:
  void close_if_idle() override {}
};

IdleList::IdleList() : head_(std::make_unique<Head>()) {}
IdleList::~IdleList() = default;

void IdleList::add(Idler& idler) {
  idler.leave();
  Idler& head = *head_;
  idler.previous_ = head.previous_;
  idler.next_ = &head;
  head.previous_->next_ = &idler;
  head.previous_ = &idler;
  idler.list_ = this;
  size_.fetch_add(1, std::memory_order_relaxed);
}

size_t IdleList::close_oldest(size_t count) {
  Idler& head = *head_;
  size_t closed = 0;
  while (closed < count && head.next_ != &head) {
    Idler& oldest = *head.next_;
    // It may be gone after the call, and is asked only once.
    oldest.leave();
    oldest.close_if_idle();
    ++closed;
  }
  return closed;
}

IdleList& ConnectionRoom::idle_of(async::Reactor& reactor) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<IdleList>& list = idle_[&reactor];
  if (!list) list = std::make_shared<IdleList>();
  return *list;
}

bool ConnectionRoom::make_room(async::Reactor& reactor) {
  IdleList& own = idle_of(reactor);
  async::Reactor* most = nullptr;
  std::shared_ptr<IdleList> theirs;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [other, list] : idle_) {
      if (other == &reactor || (theirs && list->size() <= theirs->size())) continue;
      most = other;
      theirs = list;
    }
  }
  if (!theirs || own.size() * 2 >= theirs->size()) return own.close_oldest(1) > 0;
  most->post([theirs] { theirs->close_oldest(1); });
  return false;
}

}  // namespace holm::net
