// Conditions and assertions about files and about the machine.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Conditions%20and%20Asserts

#include "init/conditions.h"

#include <fnmatch.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "init/files.h"

namespace holm::init {

namespace {

// Whether a path exists that `pattern` describes, part by part. (The C library's glob would bring all of its
// lookups of users with it.)
bool matches_any(const std::string& folder, std::string_view pattern) {
  while (pattern.starts_with('/')) pattern.remove_prefix(1);
  if (pattern.empty()) return true;
  const size_t slash = pattern.find('/');
  const std::string part(pattern.substr(0, slash));
  const std::string_view rest = slash == std::string_view::npos ? "" : pattern.substr(slash);
  return std::ranges::any_of(names_in(folder + "/"), [&](const std::string& name) {
    if (fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) != 0) return false;
    return rest.empty() || matches_any(folder + "/" + name, rest);
  });
}

// Whether processes of the instance may have it at all.
bool is_capability_there(const std::string& name) {
  const int number = parse_capability(name);
  return number >= 0 && prctl(PR_CAPBSET_READ, number) == 1;
}

// An instance shares its kernel: what units leave to the host of containers is not for it either.
bool is_virtualization(const std::string& kind) {
  const auto wanted = parse_boolean(kind);
  return wanted ? *wanted : kind == "container";
}

bool holds(const Condition& condition, const std::string& root) {
  using Kind = Condition::Kind;
  const std::string path = root + condition.operand;
  struct stat status{};
  const bool exists = stat(path.c_str(), &status) == 0;
  switch (condition.kind) {
    case Kind::PathExists: return exists;
    case Kind::PathExistsGlob: return matches_any(root, condition.operand);
    case Kind::PathIsDirectory: return exists && S_ISDIR(status.st_mode);
    case Kind::PathIsSymbolicLink: return link_target(path).has_value();
    case Kind::FileNotEmpty: return exists && S_ISREG(status.st_mode) && status.st_size > 0;
    case Kind::FileIsExecutable: return exists && S_ISREG(status.st_mode) && (status.st_mode & 0111) != 0;
    case Kind::DirectoryNotEmpty: return exists && S_ISDIR(status.st_mode) && !names_in(path).empty();
    case Kind::Capability: return is_capability_there(condition.operand);
    case Kind::Virtualization: return is_virtualization(condition.operand);
  }
  return false;
}

// All that must hold, and one of the alternatives where there are any.
ConditionsResult check_kind(const std::vector<Condition>& conditions, const std::string& root,
                            bool assertions) {
  bool has_alternative = false;
  bool one_holds = false;
  std::string unmet;
  for (const Condition& each : conditions) {
    if (each.is_assertion != assertions) continue;
    const bool is_met = holds(each, root) != each.negated;
    if (each.alternative) {
      has_alternative = true;
      one_holds = one_holds || is_met;
    }
    if (!is_met && unmet.empty()) unmet = each.shown;
    if (!is_met && !each.alternative)
      return {.hold = false, .failed_assertion = assertions, .unmet = each.shown};
  }
  if (has_alternative && !one_holds) return {.hold = false, .failed_assertion = assertions, .unmet = unmet};
  return {};
}

}  // namespace

ConditionsResult check_conditions(const std::vector<Condition>& conditions, const std::string& root) {
  ConditionsResult result = check_kind(conditions, root, false);
  return result.hold ? check_kind(conditions, root, true) : result;
}

}  // namespace holm::init
