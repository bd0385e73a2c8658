// ConnectionRoom: how many connections of a kind a process has at a time, so that descriptors are left for others.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "async/reactor.h"

namespace holm::net {

// A connection that can be closed while it only waits, on its reactor's thread.
class IdleList;

class Idler {
 public:
  Idler() = default;
  Idler(const Idler&) = delete;
  Idler& operator=(const Idler&) = delete;
  // Ends the connection if it waits; soon, or at once.
  virtual void close_if_idle() = 0;

 protected:
  ~Idler() { leave(); }

 private:
  friend class IdleList;
  void leave();

  Idler* previous_ = this;
  Idler* next_ = this;
  IdleList* list_ = nullptr;  // Whose it is.
};

// The connections of one reactor that only wait, the one that has waited longest first. On the reactor's thread.
class IdleList final {
 public:
  IdleList();
  ~IdleList();
  IdleList(const IdleList&) = delete;
  IdleList& operator=(const IdleList&) = delete;

  // Goes to the end, also from within.
  void add(Idler& idler);
  static void remove(Idler& idler) { idler.leave(); }
  // Closes up to `count`; returns how many.
  size_t close_oldest(size_t count);
  // Any thread.
  size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  friend class Idler;
  class Head;
  std::unique_ptr<Head> head_;
  std::atomic<size_t> size_ = 0;
};

// Any thread, but for the lists. Outlives the places.
class ConnectionRoom final {
 public:
  explicit ConnectionRoom(size_t places_max) : places_max_(places_max) {}
  ConnectionRoom(const ConnectionRoom&) = delete;
  ConnectionRoom& operator=(const ConnectionRoom&) = delete;

  // Taken by a connection for as long as it lives. Who does not ask has_place() before takes one too many.
  class Place final {
   public:
    explicit Place(ConnectionRoom& room) : room_(&room) { ++room_->taken_; }
    Place(Place&& other) noexcept : room_(std::exchange(other.room_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(room_, other.room_);
      return *this;
    }
    ~Place() {
      if (room_) --room_->taken_;
    }

   private:
    ConnectionRoom* room_;
  };

  size_t taken() const { return taken_; }
  bool has_place() const { return taken_ < places_max_; }
  // Whose connections make room for others; the same each time.
  IdleList& idle_of(async::Reactor& reactor);
  // On the thread of `reactor`: closes what has idled longest there. Where hardly anything does, beside what
  // another reactor has, that is asked to do so, and the result is false.
  bool make_room(async::Reactor& reactor);

 private:
  const size_t places_max_;
  std::atomic<size_t> taken_ = 0;
  std::mutex mutex_;
  std::map<async::Reactor*, std::shared_ptr<IdleList>> idle_;  // Guarded by mutex_.
};

}  // namespace holm::net
