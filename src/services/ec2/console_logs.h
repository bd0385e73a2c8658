// Instances' output on its way to CloudWatch Logs: group /aws/ec2/instances, a stream an instance.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "async/reactor.h"
#include "async/task_set.h"
#include "aws/service/call.h"
#include "base/unique_fd.h"
#include "services/ec2/console_lines.h"

namespace holm::ec2 {

struct Dependencies;

inline constexpr char kInstancesLogGroup[] = "/aws/ec2/instances";

// Follows the files in which instances' output ends up. How far each was read is stored together with the
// events that were made of it, so a restart neither loses nor doubles a line. Its state lives on one
// reactor's thread; start() and stop() are called on others.
class ConsoleLogs final : public async::FdHandler {
 public:
  // `folder` holds <instance>.log files.
  ConsoleLogs(Dependencies& use, std::string folder);
  ~ConsoleLogs();

  // Takes up what was written while no daemon lived, and follows what is written from now on.
  void start();
  void stop();

 private:
  // What is known of an instance's file while the daemon lives.
  struct Source {
    int64_t allowance = 0;  // Bytes it may have read at once; grows with time.
    SteadyTime allowed_at{};
    std::optional<SteadyTime> waits_for_end_since;  // Its last line has no end.
    bool is_busy = false;
    bool has_stream = false;
  };
  struct Turn;
  struct Progress;

  void on_events(async::Events events) override;
  void watch();
  void look_at_all();
  static void allow_more(Source& source, SteadyTime now);
  void wake_in(async::Duration delay);
  void forward_all();
  async::Task<void> forward(std::string id);
  void store(aws::Call& call, const std::string& id, Progress& progress);
  void settle(const std::string& id, const Progress& progress);
  std::string path_of(const std::string& id) const { return folder_ + "/" + id + ".log"; }

  Dependencies& use_;
  const std::string folder_;
  async::Reactor& reactor_;
  UniqueFd notifications_;
  std::unique_ptr<async::Watch> watch_;
  std::unique_ptr<async::Timer> timer_;
  SteadyTime wakes_at_{};
  std::map<std::string, Source> sources_;
  std::set<std::string> written_;  // Files that may hold something new.
  std::unique_ptr<async::TaskSet> tasks_;
};

}  // namespace holm::ec2
