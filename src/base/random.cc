// Random numbers, identifiers and strings.

#include "base/random.h"

#include <string.h>
#include <sys/random.h>

#include <cstring>
#include <string_view>

#include "base/check.h"

namespace holm {

namespace {

// A byte a character; those that would favour some of them are thrown away.
std::string pick(Random& random, size_t count, std::string_view alphabet) {
  const size_t fair = 256 - 256 % alphabet.size();
  std::string text(count, '\0');
  random.fill(text.data(), count);
  for (char& c : text) {
    while (static_cast<unsigned char>(c) >= fair) random.fill(&c, 1);
    c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  }
  return text;
}

void fill_from_kernel(void* bytes, size_t count) {
  auto* out = static_cast<char*>(bytes);
  while (count > 0) {
    ssize_t got = ::getrandom(out, count, 0);
    CHECK_FATAL(got > 0);
    out += got;
    count -= static_cast<size_t>(got);
  }
}

// Bytes of the kernel's that one thread has not used yet. What is used is wiped, so that what was made of it
// is not found here. Who forks makes no secrets before another program runs: both would have the same.
struct Reserve {
  void take(void* out, size_t count) {
    if (left < count) {
      fill_from_kernel(bytes, sizeof bytes);
      left = sizeof bytes;
    }
    char* from = bytes + sizeof bytes - left;
    std::memcpy(out, from, count);
    ::explicit_bzero(from, count);
    left -= count;
  }

  char bytes[512] = {};
  size_t left = 0;
};

}  // namespace

uint64_t Random::number() {
  uint64_t value = 0;
  fill(&value, sizeof value);
  return value;
}

uint64_t Random::below(uint64_t bound) {
  CHECK(bound > 0);
  // Numbers from the last, incomplete range would favour small results.
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  uint64_t value = number();
  while (value >= limit) value = number();
  return value % bound;
}

std::string Random::hex(size_t count) { return pick(*this, count, "0123456789abcdef"); }
std::string Random::base32(size_t count) { return pick(*this, count, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"); }

std::string Random::alphanumeric(size_t count) {
  return pick(*this, count, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
}

std::string Random::uuid() {
  std::string digits = hex(32);
  digits[12] = '4';
  digits[16] = "89ab"[below(4)];
  std::string text(36, '-');
  // Each group's place in the text and in the digits, and how many it has.
  constexpr size_t kGroups[][3] = {{0, 0, 8}, {9, 8, 4}, {14, 12, 4}, {19, 16, 4}, {24, 20, 12}};
  for (const auto& [to, from, count] : kGroups) digits.copy(text.data() + to, count, from);
  return text;
}

void SystemRandom::fill(void* bytes, size_t count) {
  // A number is a fraction of what a system call costs, so they are fetched many at a time.
  thread_local Reserve reserve;
  if (count > sizeof reserve.bytes) return fill_from_kernel(bytes, count);
  reserve.take(bytes, count);
}

}  // namespace holm
