// Lines about a stack's resources.

#include "cli/up/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holm::cli {

namespace {

struct Words {
  std::string_view status;
  std::string_view words;
};

constexpr std::array<Words, 14> kWords = {{
    {"CREATE_IN_PROGRESS", "creating"},
    {"CREATE_COMPLETE", "created"},
    {"CREATE_FAILED", "failed"},
    {"UPDATE_IN_PROGRESS", "updating"},
    {"UPDATE_COMPLETE", "updated"},
    {"UPDATE_FAILED", "failed"},
    {"DELETE_IN_PROGRESS", "removing"},
    {"DELETE_COMPLETE", "removed"},
    {"DELETE_FAILED", "not removed"},
    {"DELETE_SKIPPED", "kept"},
    {"IMPORT_IN_PROGRESS", "importing"},
    {"IMPORT_COMPLETE", "imported"},
    {"IMPORT_FAILED", "failed"},
    {"ROLLBACK_COMPLETE", "rolled back"},
}};

std::string words_for(std::string_view status) {
  for (const Words& each : kWords) {
    if (each.status == status) return std::string(each.words);
  }
  return std::string(status);
}

std::string line(std::string_view verb, std::string_view logical_id, std::string_view type,
                 std::chrono::milliseconds took) {
  return fmt::format("  {:<11} {:<28} {:<42} {:>6.1f} s", verb, logical_id, type,
                     static_cast<double>(std::max<int64_t>(took.count(), 0)) / 1000);
}

bool is_failed(std::string_view status) { return status.ends_with("_FAILED"); }

// Not the cause: the engine stopped it because another had failed.
bool is_cancelled(const StackEvent& event) { return event.reason.find("cancelled") != std::string::npos; }

}  // namespace

bool is_of_stack(const StackEvent& event) {
  return event.type == "AWS::CloudFormation::Stack" && event.physical_id.starts_with("arn:") &&
         event.physical_id.find(":stack/" + event.logical_id + "/") != std::string::npos;
}

bool is_in_progress(std::string_view status) { return status.ends_with("_IN_PROGRESS"); }

bool is_success(std::string_view stack_status) {
  return stack_status == "CREATE_COMPLETE" || stack_status == "UPDATE_COMPLETE" ||
         stack_status == "IMPORT_COMPLETE" || stack_status == "DELETE_COMPLETE";
}

std::string failure_reason(const std::vector<StackEvent>& events) {
  for (const StackEvent& event : events) {
    if (is_of_stack(event) || !is_failed(event.status) || is_cancelled(event)) continue;
    return fmt::format("{} ({}): {}", event.logical_id, event.type,
                       event.reason.empty() ? "no reason is told" : event.reason);
  }
  for (const StackEvent& event : events) {
    if (is_of_stack(event) && !event.reason.empty()) return event.reason;
  }
  return "no reason is told";
}

std::string Progress::settle(const StackEvent& event) {
  auto running = std::ranges::find(running_, event.logical_id, &Running::logical_id);
  const Time since = running == running_.end() ? event.time : running->since;
  if (running != running_.end()) running_.erase(running);
  std::string text = line(words_for(event.status), event.logical_id, event.type, event.time - since) + "\n";
  if (is_failed(event.status) && !event.reason.empty()) text += fmt::format("      {}\n", event.reason);
  return text;
}

std::string Progress::update(const std::vector<StackEvent>& news, Time now) {
  std::string settled;
  for (const StackEvent& event : news) {
    if (is_of_stack(event)) {
      const bool goes_back = event.status.find("ROLLBACK_IN_PROGRESS") != std::string::npos;
      if (goes_back) settled += fmt::format("  rolling back: {}\n", event.reason);
      continue;
    }
    if (!is_in_progress(event.status)) {
      settled += settle(event);
      continue;
    }
    const std::string verb = words_for(event.status);
    auto known = std::ranges::find(running_, event.logical_id, &Running::logical_id);
    // Told twice when the work goes on outside; it began with the first.
    if (known != running_.end() && known->verb == verb) continue;
    if (known != running_.end()) running_.erase(known);
    running_.push_back({event.logical_id, event.type, verb, event.time});
  }
  if (!screen_.is_terminal) return settled;
  std::string running = running_lines(now);
  if (settled.empty() && running == shown_) return "";
  std::string text = erase() + settled + running;
  drawn_ = static_cast<size_t>(std::ranges::count(running, '\n'));
  shown_ = std::move(running);
  return text;
}

std::string Progress::finish() {
  std::string text = erase();
  drawn_ = 0;
  shown_.clear();
  return text;
}

// As many as the screen holds, the oldest first: the cursor cannot go back above its top.
std::string Progress::running_lines(Time now) {
  const size_t room = screen_.rows > 3 ? screen_.rows - 3 : 1;
  std::string text;
  for (size_t i = 0; i < std::min(running_.size(), room); ++i) {
    const Running& each = running_[i];
    text +=
        line(each.verb, each.logical_id, each.type, now - each.since).substr(0, screen_.columns - 1) + "\n";
  }
  if (running_.size() > room) text += fmt::format("  and {} more\n", running_.size() - room);
  return text;
}

std::string Progress::erase() const { return drawn_ == 0 ? "" : fmt::format("\x1b[{}A\x1b[J", drawn_); }

}  // namespace holm::cli
