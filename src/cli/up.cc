// `holm up`: the region runs, a template's stack stands, its sites answer.

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "base/files.h"
#include "base/strings.h"
#include "base/system_clock.h"
#include "cli/commands.h"
#include "cli/up/arguments.h"
#include "cli/up/secrets.h"
#include "cli/up/sites.h"
#include "cli/up/stack_client.h"
#include "region/addresses.h"
#include "region/credentials_file.h"

namespace holm::cli {

namespace {

constexpr size_t kTemplateBytesMax = 1 << 20;
// Longer ones are not taken along with a request; they go through a bucket.
constexpr size_t kTemplateBodyBytesMax = 51'200;
constexpr size_t kUploadBytesMax = size_t{1} << 30;
constexpr std::chrono::seconds kSitePatience{60};
constexpr async::Duration kSitePause{50};
// In a row: behind a balancer, one target may be ready before another.
constexpr int kSiteAnswers = 3;

double seconds_since(const Clock& clock, SteadyTime start) {
  return std::chrono::duration<double>(clock.steady() - start).count();
}

Progress::Screen screen_of(int descriptor) {
  winsize size{};
  if (::isatty(descriptor) != 1) return {};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col < 20 || size.ws_row < 5)
    return {.is_terminal = true};
  return {.is_terminal = true, .columns = size.ws_col, .rows = size.ws_row};
}

// Everything of one run; each step says on standard error why it failed.
class Deployment {
 public:
  Deployment(const region::Options& options, UpArguments arguments)
      : options_(options), arguments_(std::move(arguments)), started_(clock_.steady()) {}

  int run() {
    const bool is_done = read_template() && open_region() && upload() && gather() && deploy() && report();
    return is_done ? 0 : 1;
  }

 private:
  bool fail(std::string_view message) {
    fmt::print(stderr, "holm: {}\n", message);
    return false;
  }
  void write(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

  bool read_template();
  bool open_region();
  bool upload();
  bool gather();
  bool send_template();
  bool deploy();
  std::optional<std::string> follow(StackClient& stacks, const std::string& id, const std::string& operation);
  bool settle(StackClient& stacks, std::optional<StackState>& state);
  bool report();
  bool await_site(const Site& site);

  SystemClock clock_;
  SystemRandom random_;
  region::Options options_;
  UpArguments arguments_;
  SteadyTime started_;
  StackWish wish_;
  StackState made_;
  std::optional<ApiClient> api_;
  std::string account_;
};

bool Deployment::read_template() {
  const std::string& path = arguments_.template_path;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return fail(fmt::format("there is no template {}", path));
  if (!std::filesystem::is_regular_file(path, error)) return fail(path + " is no file");
  if (std::filesystem::file_size(path, error) > kTemplateBytesMax)
    return fail(fmt::format("{} is longer than a template may be, {} bytes", path, kTemplateBytesMax));
  auto text = read_file(path);
  if (!text) return fail(text.error().message);
  if (trim(*text).empty()) return fail(path + " is empty");
  wish_ = {.name = arguments_.stack_name,
           .template_body = std::move(*text),
           .template_url = {},
           .parameters = arguments_.parameters,
           .capabilities = arguments_.capabilities};
  return true;
}

bool Deployment::open_region() {
  const bool is_running = daemon_process_id(options_) != 0;
  if (ensure_daemon(options_) != 0) return false;
  auto key = region::read_credentials(region::credentials_path(options_));
  if (!key) return fail(key.error().message);
  auto address = region::api_address(options_);
  if (!address) return fail(address.error().message);
  if (!is_running) {
    write(fmt::format("The region started in {:.1f} s: http://localhost:{}\n",
                      seconds_since(clock_, started_), address->port()));
  }
  account_ = key->account;
  api_.emplace(clock_, ApiAccess{.address = *address,
                                 .region = options_.default_region,
                                 .access_key_id = key->access_key_id,
                                 .secret_access_key = key->secret_access_key});
  return true;
}

bool Deployment::upload() {
  for (const Upload& each : arguments_.uploads) {
    std::error_code error;
    if (std::filesystem::file_size(each.file, error) > kUploadBytesMax && !error)
      return fail(fmt::format("{} is too long for --upload; aws s3 cp takes it", each.file));
    auto content = read_file(each.file);
    if (!content) return fail(content.error().message);
    auto done = api_->make_bucket(each.bucket);
    if (done) done = api_->put_object(each.bucket, each.key, std::move(*content));
    if (!done) return fail(fmt::format("s3://{}/{}: {}", each.bucket, each.key, done.error().message));
  }
  return true;
}

bool Deployment::gather() {
  const std::string path = options_.data_directory + "/secrets/" + arguments_.stack_name;
  auto secrets = keep_secrets(path, arguments_.secrets, random_);
  if (!secrets) return fail(secrets.error().message);
  wish_.parameters.insert(wish_.parameters.end(), secrets->begin(), secrets->end());
  return wish_.template_body.size() <= kTemplateBodyBytesMax || send_template();
}

bool Deployment::send_template() {
  const std::string bucket = "holm-templates-" + account_;
  auto done = api_->make_bucket(bucket);
  if (done) done = api_->put_object(bucket, arguments_.stack_name, wish_.template_body);
  if (!done) return fail(fmt::format("s3://{}/{}: {}", bucket, arguments_.stack_name, done.error().message));
  wish_.template_url = fmt::format("http://{}/{}/{}", api_->host(), bucket, arguments_.stack_name);
  return true;
}

// The reason when the operation did not end well.
std::optional<std::string> Deployment::follow(StackClient& stacks, const std::string& id,
                                              const std::string& operation) {
  Progress progress(screen_of(STDOUT_FILENO));
  auto all = stacks.follow(id, operation, [&](const std::vector<StackEvent>& news) {
    const std::string text = progress.update(news, clock_.now());
    if (!text.empty()) write(text);
  });
  write(progress.finish());
  if (!all) return all.error().message;
  for (auto event = all->rbegin(); event != all->rend(); ++event) {
    if (!is_of_stack(*event)) continue;
    if (is_success(event->status)) return std::nullopt;
    break;
  }
  return failure_reason(*all);
}

// What another command began is waited for; what was rolled back and cannot be updated goes.
bool Deployment::settle(StackClient& stacks, std::optional<StackState>& state) {
  if (state && is_in_progress(state->status) && state->status != "REVIEW_IN_PROGRESS") {
    write(fmt::format("The stack {} is in {}; waiting.\n", wish_.name, state->status));
    auto operation = stacks.newest_operation(state->id);
    if (!operation) return fail(operation.error().message);
    follow(stacks, state->id, *operation);
    auto again = stacks.find(wish_.name);
    if (!again) return fail(again.error().message);
    state = std::move(*again);
  }
  const bool is_husk = state && (state->status == "ROLLBACK_COMPLETE" || state->status == "ROLLBACK_FAILED" ||
                                 state->status == "CREATE_FAILED" || state->status == "DELETE_FAILED");
  if (!is_husk) return true;
  write(fmt::format("What an earlier attempt left of the stack {} goes first.\n", wish_.name));
  auto operation = stacks.remove(wish_.name);
  if (!operation) return fail(operation.error().message);
  if (auto reason = follow(stacks, state->id, **operation))
    return fail(fmt::format("the stack {} cannot be deleted: {}", wish_.name, *reason));
  state.reset();
  return true;
}

bool Deployment::deploy() {
  StackClient stacks(*api_, random_);
  auto found = stacks.find(wish_.name);
  if (!found) return fail(found.error().message);
  std::optional<StackState> existing = std::move(*found);
  if (!settle(stacks, existing)) return false;
  auto operation = existing ? stacks.update(wish_) : stacks.make(wish_);
  if (!operation) {
    return fail(fmt::format("{} is refused: {}", arguments_.template_path, operation.error().message));
  }
  const SteadyTime begun = clock_.steady();
  auto state = stacks.find(wish_.name);
  if (!state) return fail(state.error().message);
  if (!*state) return fail(fmt::format("the stack {} is gone", wish_.name));
  if (!*operation) {
    write(fmt::format("The stack {} is as {} wants it; nothing changed.\n", wish_.name,
                      arguments_.template_path));
    made_ = std::move(**state);
    return true;
  }
  if (auto reason = follow(stacks, (*state)->id, **operation)) {
    return fail(
        fmt::format("the stack {} was not {}: {}", wish_.name, existing ? "updated" : "created", *reason));
  }
  state = stacks.find(wish_.name);
  if (!state) return fail(state.error().message);
  if (!*state) return fail(fmt::format("the stack {} is gone", wish_.name));
  made_ = std::move(**state);
  write(fmt::format("The stack {} was {} in {:.1f} s.\n", wish_.name, existing ? "updated" : "created",
                    seconds_since(clock_, begun)));
  return true;
}

// A URL is told only once something behind it answers.
bool Deployment::await_site(const Site& site) {
  auto edge = region::edge_address(options_);
  if (!edge) return fail(edge.error().message);
  const SteadyTime begun = clock_.steady();
  std::string last = "nothing";
  int answers = 0;
  while (true) {
    auto status = api_->site_status(*edge, site.host, site.path);
    const bool is_answer = status && *status < 500;
    answers = is_answer ? answers + 1 : 0;
    if (answers == kSiteAnswers) return true;
    if (!is_answer) last = status ? fmt::format("HTTP {}", *status) : status.error().message;
    if (clock_.steady() - begun > kSitePatience) break;
    api_->pause(kSitePause);
  }
  return fail(fmt::format("{} does not answer: {}", site.url, last));
}

bool Deployment::report() {
  auto edge = region::edge_address(options_);
  if (!edge) return fail(edge.error().message);
  std::vector<std::string> lines;
  for (const StackOutput& output : made_.outputs) {
    std::string value = output.value;
    if (auto site = find_site(output.value, edge->port())) {
      if (!await_site(*site)) return false;
      value = site->url;
    }
    lines.push_back(fmt::format("  {:<24} {}\n", output.key, value));
  }
  write(fmt::format("Up in {:.1f} s.\n", seconds_since(clock_, started_)));
  for (const std::string& line : lines) write(line);
  return true;
}

}  // namespace

int up(const Arguments& arguments) {
  auto parsed = parse_up_arguments(arguments.words);
  if (!parsed) {
    fmt::print(stderr, "holm: {}\n", parsed.error().message);
    return 2;
  }
  if (!parsed->template_path.empty()) return Deployment(arguments.options, std::move(*parsed)).run();
  const bool was_running = daemon_process_id(arguments.options) != 0;
  if (ensure_daemon(arguments.options) != 0) return 1;
  auto api = region::api_address(arguments.options);
  auto edge = region::edge_address(arguments.options);
  if (!api || !edge) {
    fmt::print(stderr, "holm: {}\n", (api ? edge : api).error().message);
    return 1;
  }
  fmt::print("The region {}: http://localhost:{}, sites at port {}.\n", was_running ? "runs" : "started",
             api->port(), edge->port());
  return 0;
}

}  // namespace holm::cli
