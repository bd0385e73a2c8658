// Units as a whole.

#include "init/unit.h"

#include <algorithm>

#include "base/strings.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

void refuse(Unit& unit, std::string reason) {
  if (unit.load_state != LoadState::Loaded) return;
  unit.load_state = LoadState::BadSetting;
  unit.load_error = std::move(reason);
}

// https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
void check_service(Unit& unit) {
  Service& service = unit.service;
  if (service.start.empty() && !service.has_type) service.type = ServiceType::Oneshot;
  const bool is_oneshot = service.type == ServiceType::Oneshot;
  if (service.start.empty() && service.stop.empty()) {
    return refuse(unit, "it has neither ExecStart= nor ExecStop=");
  }
  if (service.start.empty() && !service.remains_after_exit) {
    return refuse(unit, "it has no ExecStart=, which RemainAfterExit=yes alone allows");
  }
  if (service.start.size() > 1 && !is_oneshot) {
    return refuse(unit, "it has more than one ExecStart=, which Type=oneshot alone allows");
  }
  const bool restarts =
      service.restart == RestartPolicy::Always || service.restart == RestartPolicy::OnSuccess;
  if (is_oneshot && restarts) {
    return refuse(unit, "Type=oneshot goes neither with Restart=always nor with Restart=on-success");
  }
  if (!service.start_timeout) service.start_timeout = is_oneshot ? kForever : Duration(90'000'000);
  if (!service.notify_access) {
    service.notify_access = service.type == ServiceType::Notify || service.watchdog > Duration(0)
                                ? NotifyAccess::Main
                                : NotifyAccess::None;
  }
}

}  // namespace

bool ExitSet::holds(bool is_signal, int number) const {
  const std::vector<int>& set = is_signal ? signals : codes;
  return std::ranges::find(set, number) != set.end();
}

std::string_view Unit::kind() const { return suffix_of(name); }

void check_unit(Unit& unit) {
  if (unit.description.empty()) unit.description = unit.name;
  if (unit.load_state != LoadState::Loaded) return;
  if (unit.kind() == "service") check_service(unit);
  else if (unit.kind() != "target")
    refuse(unit, "units of the kind ." + std::string(unit.kind()) + " are not built");
  if (unit.not_applied.empty()) return;
  unit.remarks.push_back(
      {.file = unit.fragment_path,
       .line = 0,
       .text = "not applied, since an instance is one sandbox: " + join(unit.not_applied, ", ")});
}

}  // namespace holm::init
