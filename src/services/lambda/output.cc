// Reading a function's output.

#include "services/lambda/output.h"

#include <unistd.h>

#include <array>

namespace holm::lambda {

namespace {

constexpr size_t kLineBytesMax = 262'144;
constexpr int kReadsMax = 64;  // In a row, so that one function does not keep the thread.

}  // namespace

Output::Output(async::Reactor& reactor, UniqueFd pipe, std::function<void(std::string)> line)
    : pipe_(std::move(pipe)),
      line_(std::move(line)),
      watch_(reactor, pipe_.get(), *this, async::Trigger::Level) {}

void Output::on_events(async::Events) { read(); }

void Output::read() {
  std::array<char, 16 << 10> buffer;
  for (int i = 0; i < kReadsMax; ++i) {
    const ssize_t bytes = ::read(pipe_.get(), buffer.data(), buffer.size());
    if (bytes <= 0) return;
    std::string_view rest(buffer.data(), static_cast<size_t>(bytes));
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      partial_ += rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (end != std::string_view::npos || partial_.size() >= kLineBytesMax) {
        line_(std::exchange(partial_, {}));
      }
    }
  }
}

void Output::drain() {
  read();
  if (!partial_.empty()) line_(std::exchange(partial_, {}));
}

}  // namespace holm::lambda
