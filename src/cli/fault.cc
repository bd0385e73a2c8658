// `holm fault`: availability zones that fail and spot instances that are taken away on purpose, to see what
// becomes of a system without them.

#include <fmt/format.h>

#include <cctype>
#include <cstdio>
#include <optional>

#include "base/system_clock.h"
#include "cli/access.h"
#include "cli/commands.h"
#include "cli/fail.h"

namespace holm::cli {

namespace {

int list(const region::Options& options) {
  auto access = access_to(options, options.default_region);
  if (!access) return fail(access.error().message);
  SystemClock clock;
  ApiClient client(clock, std::move(*access));
  auto answer = client.ec2("DescribeAvailabilityZones",
                           {{"Filter.1.Name", "state"}, {"Filter.1.Value.1", "unavailable"}});
  if (!answer) return fail(answer.error().message);
  const formats::XmlElement* zones = answer->find("availabilityZoneInfo");
  if (!zones || zones->children.empty()) {
    fmt::print("Nothing is cut off in {}.\n", options.default_region);
    return 0;
  }
  for (const formats::XmlElement& zone : zones->children) {
    const formats::XmlElement* name = zone.find("zoneName");
    const formats::XmlElement* messages = zone.find("messageSet");
    const formats::XmlElement* first = messages ? messages->find("item") : nullptr;
    const formats::XmlElement* text = first ? first->find("message") : nullptr;
    fmt::print("az {}  down  {}\n", name ? name->text : "", text ? text->text : "");
  }
  return 0;
}

int set_zone(const region::Options& options, const std::string& zone, const std::string& action) {
  // "us-east-1a" is a zone of "us-east-1".
  if (zone.size() < 2 || std::isalpha(static_cast<unsigned char>(zone.back())) == 0) {
    return fail(zone + " is no availability zone; aws ec2 describe-availability-zones lists them");
  }
  auto access = access_to(options, zone.substr(0, zone.size() - 1));
  if (!access) return fail(access.error().message);
  SystemClock clock;
  ApiClient client(clock, std::move(*access));
  auto answer = client.ec2(action, {{"ZoneName", zone}});
  if (!answer) return fail(answer.error().message);
  const formats::XmlElement* state = answer->find("zoneState");
  fmt::print("{} is {}.\n", zone, state ? state->text : "unknown");
  return 0;
}

int interrupt(const region::Options& options, const std::string& instance,
              const std::optional<std::string>& seconds) {
  auto access = access_to(options, options.default_region);
  if (!access) return fail(access.error().message);
  SystemClock clock;
  ApiClient client(clock, std::move(*access));
  formats::Form parameters = {{"InstanceId", instance}};
  if (seconds) parameters.push_back({"SecondsBefore", *seconds});
  auto answer = client.ec2("InterruptSpotInstance", parameters);
  if (!answer) return fail(answer.error().message);
  const formats::XmlElement* end = answer->find("endTime");
  fmt::print("{} was told that it ends at {}.\n", instance, end ? end->text : "a time unknown");
  return 0;
}

}  // namespace

int fault(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.words;
  if (words.empty()) return list(arguments.options);
  const bool is_zone = words.size() == 3 && words[0] == "az";
  if (is_zone && words[2] == "down") return set_zone(arguments.options, words[1], "CutAvailabilityZone");
  if (is_zone && words[2] == "up") return set_zone(arguments.options, words[1], "RestoreAvailabilityZone");
  if ((words.size() == 2 || words.size() == 3) && words[0] == "spot") {
    return interrupt(arguments.options, words[1],
                     words.size() == 3 ? std::optional(words[2]) : std::nullopt);
  }
  fmt::print(stderr, "holm: usage: holm fault [az us-east-1a down|up] [spot i-… [SECONDS]]\n");
  return 2;
}

}  // namespace holm::cli
