// One worker at a time takes what waits, in the order in which it came.

#include "services/s3/write_queue.h"

#include <future>
#include <vector>

#include "aws/service/region.h"

namespace holm::s3 {

namespace {

// Those who come first do not wait for all who come later.
constexpr size_t kTogetherMax = 64;

}  // namespace

struct WriteQueue::Item {
  enum class State { Queued, Running, Done };

  Item(async::Reactor& where, aws::Caller who, const std::function<void(aws::Call&)>& what)
      : reactor(where), caller(std::move(who)), task([&what](aws::Call& call) {
          sql::Savepoint savepoint(call.transaction);
          what(call);
          savepoint.release();
        }) {}

  async::Reactor& reactor;
  aws::Caller caller;
  std::packaged_task<void(aws::Call&)> task;
  std::future<void> own = task.get_future();  // How it went.
  std::shared_future<void> all;               // And the transaction.
  std::coroutine_handle<> waiting;
  State state = State::Queued;  // Guarded by the queue's mutex.
  bool is_abandoned = false;    // Used on the reactor's thread.
};

class WriteQueue::Awaiter {
 public:
  Awaiter(WriteQueue& queue, std::shared_ptr<Item> item) : queue_(queue), item_(std::move(item)) {}
  Awaiter(const Awaiter&) = delete;
  Awaiter& operator=(const Awaiter&) = delete;
  ~Awaiter() {
    if (is_suspended_) queue_.abandon(*item_);
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    item_->waiting = waiting;
    queue_.enqueue(item_);
    is_suspended_ = true;
  }
  // What failed together was not done, whatever came of it by itself.
  void await_resume() {
    is_suspended_ = false;
    item_->all.get();
    item_->own.get();
  }

 private:
  WriteQueue& queue_;
  std::shared_ptr<Item> item_;
  bool is_suspended_ = false;
};

WriteQueue::~WriteQueue() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !is_working_; });
}

async::Task<void> WriteQueue::transact(async::Reactor& reactor, aws::Caller caller,
                                       std::function<void(aws::Call&)> work) {
  auto item = std::make_shared<Item>(reactor, std::move(caller), work);
  co_await Awaiter(*this, std::move(item));
}

void WriteQueue::enqueue(const std::shared_ptr<Item>& item) {
  std::lock_guard lock(mutex_);
  // Whoever works takes it.
  if (!is_working_ && !workers_.try_post([this] { work(); })) throw async::QueueFull();
  is_working_ = true;
  queue_.push_back(item);
}

size_t WriteQueue::waiting() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void WriteQueue::abandon(Item& item) {
  item.is_abandoned = true;
  std::unique_lock lock(mutex_);
  if (item.state == Item::State::Queued) {
    std::erase_if(queue_, [&item](const std::shared_ptr<Item>& each) { return each.get() == &item; });
    return;
  }
  changed_.wait(lock, [&item] { return item.state == Item::State::Done; });
}

std::shared_ptr<WriteQueue::Item> WriteQueue::take() {
  std::lock_guard lock(mutex_);
  if (queue_.empty()) return nullptr;
  std::shared_ptr<Item> item = std::move(queue_.front());
  queue_.pop_front();
  item->state = Item::State::Running;
  return item;
}

void WriteQueue::work() {
  while (true) {
    std::vector<std::shared_ptr<Item>> items;
    if (auto first = take()) items.push_back(std::move(first));
    if (!items.empty()) run_together(items);
    std::lock_guard lock(mutex_);
    for (const std::shared_ptr<Item>& item : items) {
      // Posted under the lock: once abandon() sees Done, the reactor is not touched any more.
      item->reactor.post([item] {
        if (!item->is_abandoned) item->waiting.resume();
      });
      item->state = Item::State::Done;
    }
    is_working_ = !queue_.empty();
    changed_.notify_all();
    if (!is_working_) return;
  }
}

void WriteQueue::run_together(std::vector<std::shared_ptr<Item>>& items) {
  std::function<void(aws::Call&)> all = [&](aws::Call& call) {
    for (size_t next = 0; next < items.size(); ++next) {
      aws::Call own{items[next]->caller, call.transaction, call.client};
      items[next]->task(own);
      if (items.size() == kTogetherMax) continue;
      if (auto another = take()) items.push_back(std::move(another));
    }
  };
  std::packaged_task<void()> task([&] { region_.transact({}, sql::Access::Write, all); });
  const std::shared_future<void> result = task.get_future().share();
  task();
  for (const std::shared_ptr<Item>& item : items) item->all = result;
}

}  // namespace holm::s3
