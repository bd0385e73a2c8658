// holm's command line: which verb, with which options.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string_view>

#include "base/strings.h"
#include "cli/commands.h"

namespace holm::cli {
namespace {

constexpr std::string_view kUsage = R"usage(holm: an AWS region on your own machine

  holm up [TEMPLATE …]       start the region in the background, deploy a CloudFormation template
  holm serve                 run the region in the foreground
  holm env [--ca]            print the exports that point AWS clients here: eval "$(holm env)"
  holm status                what runs
  holm status --graph [NAME] a CloudWatch dashboard as a picture (SVG), with what was measured up to now
  holm exec INSTANCE -- CMD  run a command inside an instance
  holm logs                  the newest lines of the daemon's log
  holm fault [az ZONE down|up]  what is cut off; cut an availability zone off, or give it back
  holm fault spot INSTANCE [SECONDS]  take a spot instance away, after the two minutes' notice that AWS gives
  holm down                  stop everything; stored data stays

  --data DIR     where the region keeps everything ($HOLM_DATA, else /var/lib/holm or ~/.local/share/holm)
  --listen A:P   address of the AWS API (127.0.0.1:4566)
  --edge A:P     address of the sites that load balancers serve (127.0.0.1:80, else 127.0.0.1:8080)
  --secure-edge A:P  the same with TLS (127.0.0.1:443, else 127.0.0.1:8443; any port where --edge is given)
  --region NAME  the default region (us-east-1)
  --new-buckets KIND  what S3's new buckets are like: current (as AWS since 2023: no access control lists,
                 nothing public) or classic (lists count, nothing is blocked)
  --lifecycle-day SECONDS  how long a day of S3's lifecycle rules is, to try them out (86400)
  --mail-relay U  where e-mail is handed to, smtp://user:password@host:587 or smtps://… ($HOLM_MAIL_RELAY, which
                 others on this machine cannot read); without one there is no e-mail
  --mail-from A  its sender ($HOLM_MAIL_FROM, else no-reply@holm.localhost)

Of holm up TEMPLATE, which makes the stack or brings it up to date, and waits until its sites answer:
  --stack-name NAME            the stack (called as the template's file, or its folder)
  --parameter NAME=VALUE       a parameter of the template
  --secret NAME[:LENGTH]       a parameter made up the first time and kept, readable by you alone
  --capability CAPABILITY      CAPABILITY_IAM, CAPABILITY_NAMED_IAM
  --upload FILE=s3://BUCKET/KEY  put there before; the bucket is made if it is missing

The AWS CLI does the rest.
)usage";

struct Verb {
  int (*run)(const Arguments&);
  bool takes_words = true;  // Besides holm's own options.
};

const std::map<std::string_view, Verb>& verbs() {
  static const std::map<std::string_view, Verb> all = {
      {"up", {up}},           {"serve", {serve, false}}, {"anchor", {anchor}},
      {"down", {down, false}}, {"env", {env}},           {"status", {status}},
      {"exec", {exec}},       {"logs", {logs}},          {"fault", {fault}}};
  return all;
}

bool asks_for_help(const std::vector<std::string>& words) {
  const auto asks = [](const std::string& word) { return word == "--help" || word == "-h"; };
  const auto ours_end = std::ranges::find(words, "--");
  return (!words.empty() && words[0] == "help") || std::any_of(words.begin(), ours_end, asks);
}

// "--name=VALUE" is the same as "--name VALUE".
void part_assignments(std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const size_t sign = words[i].find('=');
    if (!words[i].starts_with("--") || sign == std::string::npos) continue;
    words.insert(words.begin() + static_cast<ptrdiff_t>(i) + 1, words[i].substr(sign + 1));
    words[i++].resize(sign);
  }
}

// Takes holm's own options out of the words; what follows "--" is left alone.
bool take_options(std::vector<std::string>& words, region::Options& options) {
  const std::map<std::string_view, std::string*> known = {{"--data", &options.data_directory},
                                                          {"--listen", &options.api_address},
                                                          {"--edge", &options.edge_address},
                                                          {"--secure-edge", &options.secure_edge_address},
                                                          {"--mail-relay", &options.mail_relay},
                                                          {"--mail-from", &options.mail_sender},
                                                          {"--region", &options.default_region},
                                                          {"--new-buckets", &options.new_buckets},
                                                          {"--lifecycle-day", &options.lifecycle_day}};
  std::vector<std::string> rest;
  bool is_ours = true;
  bool chooses_secure = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") is_ours = false;
    auto option = known.find(words[i]);
    if (!is_ours || option == known.end()) {
      rest.push_back(words[i]);
      continue;
    }
    if (i + 1 == words.size()) {
      fmt::print(stderr, "holm: {} needs a value\n", words[i]);
      return false;
    }
    *option->second = words[++i];
    // An address that was chosen is not exchanged for another.
    if (option->first == "--edge") options.edge_fallback_address.clear();
    chooses_secure = chooses_secure || option->first == "--secure-edge";
  }
  if (chooses_secure || options.edge_fallback_address.empty()) options.secure_edge_fallback_address.clear();
  // Beside an edge that was chosen nobody waits at the web's own port.
  if (!chooses_secure && options.edge_fallback_address.empty()) {
    options.secure_edge_address = options.edge_address.substr(0, options.edge_address.rfind(':')) + ":0";
  }
  words = std::move(rest);
  return true;
}

// What the region has on the machine is called after its folder, which is the same however it is written.
std::string absolute_folder(const std::string& folder) {
  namespace fs = std::filesystem;
  const fs::path path = fs::absolute(folder.empty() ? "." : folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).string();
}

int run(int count, char** values) {
  std::vector<std::string> words(values + 1, values + count);
  Arguments arguments;
  arguments.options.data_directory = region::default_data_directory();
  if (const char* relay = std::getenv("HOLM_MAIL_RELAY")) arguments.options.mail_relay = relay;
  if (const char* sender = std::getenv("HOLM_MAIL_FROM")) arguments.options.mail_sender = sender;
  part_assignments(words);
  const bool wants_help = asks_for_help(words);
  if (!wants_help && !take_options(words, arguments.options)) return 2;
  arguments.options.data_directory = absolute_folder(arguments.options.data_directory);
  if (wants_help || words.empty()) {
    fmt::print("{}", kUsage);
    return wants_help ? 0 : 2;
  }
  auto verb = verbs().find(words[0]);
  if (verb == verbs().end()) {
    fmt::print(stderr, "holm: there is no verb \"{}\"; holm help lists them\n", words[0]);
    return 2;
  }
  arguments.words.assign(words.begin() + 1, words.end());
  if (!arguments.words.empty() && !verb->second.takes_words) {
    fmt::print(stderr, "holm: {} takes no \"{}\"; holm help lists what it takes\n", words[0], words[1]);
    return 2;
  }
  return verb->second.run(arguments);
}

}  // namespace
}  // namespace holm::cli

int main(int count, char** values) { return holm::cli::run(count, values); }
