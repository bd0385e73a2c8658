// The engine's threads.

#include "objects/store.h"

#include <atomic>
#include <thread>

#include "base/log.h"

namespace holm::objects {

namespace {

// Left to others on the disk, above all to the database that says what is removed.
constexpr uint64_t kRoomBytesMin = uint64_t{16} << 20;
// Where there is so much, it is not looked at each time.
constexpr uint64_t kRoomBytesMuch = uint64_t{4} << 30;
constexpr int kTrustedMax = 64;

class ThreadedStore final : public Store {
 public:
  ThreadedStore(std::unique_ptr<Disk> disk, std::unique_ptr<Engine> engine)
      : disk_(std::move(disk)), engine_(std::move(engine)) {
    writer_ = std::thread([this] {
      while (engine_->wait_for_commits()) engine_->write_group();
    });
    keeper_ = std::thread([this] { keep_up(); });
  }

  ~ThreadedStore() override {
    engine_->stop();
    writer_.join();
    keeper_.join();
    // The next start then reads nothing of the log.
    if (auto written = engine_->checkpoint(); !written) log::warning(written.error().message);
  }

  Metadata& metadata() override { return *engine_; }
  Bodies& bodies() override { return *engine_; }
  Outcome<ScrubReport> scrub() override { return engine_->scrub(); }
  EngineNumbers numbers() const override { return engine_->numbers(); }
  bool has_room() const override {
    if (trusted_ > 0) {
      --trusted_;
      return true;
    }
    const uint64_t room = disk_->room();
    if (room >= kRoomBytesMuch) trusted_ = kTrustedMax;
    return room >= kRoomBytesMin;
  }

 private:
  void keep_up() {
    std::string told;
    while (engine_->wait_for_upkeep()) {
      Outcome<bool> done = true;
      while (done && *done) done = engine_->upkeep();
      // A disk that is full stays so for a while: it is said once.
      const std::string message = done ? "" : done.error().message;
      if (!message.empty() && message != told) log::error("The object store is not kept up. " + message);
      told = message;
    }
  }

  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Engine> engine_;
  mutable std::atomic<int> trusted_ = 0;  // How often there is room without looking; about.
  std::thread writer_, keeper_;
};

}  // namespace

Outcome<std::unique_ptr<Store>> open_store(const std::string& folder, const Options& options) {
  auto disk = open_disk(folder);
  if (!disk) return fail(disk.error());
  auto engine = Engine::open(**disk, options);
  if (!engine) return fail(engine.error());
  return std::make_unique<ThreadedStore>(std::move(*disk), std::move(*engine));
}

}  // namespace holm::objects
