// What runners and the manager say to each other.

#include <sys/socket.h>

#include "init/runner.h"

namespace holm::init {

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::Dead: return "dead";
    case Phase::Condition: return "condition";
    case Phase::StartPre: return "start-pre";
    case Phase::Start: return "start";
    case Phase::StartPost: return "start-post";
    case Phase::Running: return "running";
    case Phase::Exited: return "exited";
    case Phase::Reload: return "reload";
    case Phase::Stop: return "stop";
    case Phase::StopSignal: return "stop-sigterm";
    case Phase::StopKill: return "stop-sigkill";
    case Phase::StopPost: return "stop-post";
    case Phase::FinalSignal: return "final-sigterm";
    case Phase::FinalKill: return "final-sigkill";
  }
  return "";
}

std::optional<Report> receive_report(int channel) {
  Report report;
  const ssize_t count = recv(channel, &report, sizeof report, MSG_DONTWAIT);
  if (count != static_cast<ssize_t>(sizeof report)) return std::nullopt;
  report.text[sizeof report.text - 1] = 0;
  return report;
}

bool send_order(int channel, Order order) {
  return send(channel, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(sizeof order);
}

}  // namespace holm::init
