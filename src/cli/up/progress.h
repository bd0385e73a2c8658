// A stack's events as lines for a person: one a resource, with the time it took.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace holm::cli {

struct StackEvent {
  std::string id;
  std::string logical_id;
  std::string physical_id;
  std::string type;
  std::string status;  // "CREATE_IN_PROGRESS"
  std::string reason;
  Time time{};
};

// About the stack as a whole.
bool is_of_stack(const StackEvent& event);
bool is_in_progress(std::string_view status);
// The operation on a stack ended in what was asked for.
bool is_success(std::string_view stack_status);
// "Subnet (AWS::EC2::Subnet): The CIDR …": of the first resource that failed by itself, else of the stack.
std::string failure_reason(const std::vector<StackEvent>& events);

// Keeps no file: it returns what to write. Times of events are the region's, those of running work `now`.
class Progress {
 public:
  struct Screen {
    bool is_terminal = false;  // Lines of running work are drawn anew in place.
    size_t columns = 80;
    size_t rows = 24;
  };
  explicit Progress(Screen screen) : screen_(screen) {}

  // `news` in the order in which they happened. Nothing to write is an empty string.
  std::string update(const std::vector<StackEvent>& news, Time now);
  // Takes the lines of running work off the screen, so that others can follow.
  std::string finish();

 private:
  struct Running {
    std::string logical_id;
    std::string type;
    std::string verb;
    Time since{};
  };
  std::string settle(const StackEvent& event);
  std::string running_lines(Time now);
  std::string erase() const;

  Screen screen_;
  std::vector<Running> running_;
  size_t drawn_ = 0;
  std::string shown_;  // What is drawn, to leave it alone when it would look the same.
};

}  // namespace holm::cli
