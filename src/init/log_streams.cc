// Lines out of sockets.

#include "init/log_streams.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "init/files.h"

namespace holm::init {

namespace {

constexpr size_t kLineBytesMax = 48 << 10;  // As systemd's journal cuts.
constexpr size_t kStreamsMax = 1024;
constexpr int kReadsAtOnce = 8;  // Before somebody else has a turn.
constexpr size_t kReadBytes = 64 << 10;
constexpr Duration kLineEndWait{3'000'000};

}  // namespace

UniqueFd LogStreams::open(const Source& source) {
  int ends[2] = {-1, -1};
  if (streams_.size() >= kStreamsMax || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return {};
  auto stream = std::make_unique<Stream>();
  stream->source = source;
  stream->reading.reset(ends[0]);
  UniqueFd writing(ends[1]);
  const int yes = 1;
  setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
  shutdown(ends[0], SHUT_WR);
  if (!source.copy_path.empty()) {
    stream->copy.reset(::open(source.copy_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  }
  const uint64_t id = next_++;
  stream->token = loop_.watch(ends[0], EPOLLIN, [this, id](uint32_t) { on_readable(id); });
  streams_[id] = std::move(stream);
  return writing;
}

void LogStreams::on_readable(uint64_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  for (int i = 0; i < kReadsAtOnce && read(*found->second) == More::Yes; ++i) {
  }
  if (found->second->reading) return;
  loop_.forget(found->second->token);
  streams_.erase(found);
}

void LogStreams::drain() {
  for (auto stream = streams_.begin(); stream != streams_.end();) {
    const uint64_t id = stream->first;
    ++stream;
    on_readable(id);
  }
}

LogStreams::More LogStreams::read(Stream& stream) {
  static std::array<char, kReadBytes> buffer;  // Too much for a stack, and there is one thread.
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control;
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t count = recvmsg(stream.reading.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return More::No;
  if (count <= 0) {
    std::vector<JournalEntry> entries;
    if (!stream.partial.empty()) end_line(stream, entries);
    journal_.add(stream.source.unit, entries);
    // The token is forgotten before another descriptor gets this number.
    loop_.forget(stream.token);
    stream.reading.reset();
    return More::No;
  }
  pid_t writer = 0;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_CREDENTIALS) continue;
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(each), sizeof sender);
    writer = sender.pid;
  }
  take(stream, {buffer.data(), static_cast<size_t>(count)}, writer);
  return More::Yes;
}

void LogStreams::end_line(Stream& stream, std::vector<JournalEntry>& entries) {
  std::string_view line = stream.partial;
  JournalEntry entry{
      .time = calendar_now(), .process = stream.writer, .identifier = stream.source.identifier};
  entry.priority = take_priority(line);
  entry.message = line;
  entries.push_back(std::move(entry));
  stream.partial.clear();
  stream.partial_since = kForever;
}

void LogStreams::take(Stream& stream, std::string_view bytes, pid_t writer) {
  if (stream.copy) [[maybe_unused]]
    const ssize_t copied = write(stream.copy.get(), bytes.data(), bytes.size());
  std::vector<JournalEntry> entries;
  if (writer != stream.writer && !stream.partial.empty()) end_line(stream, entries);
  stream.writer = writer;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const size_t length = std::min({end, bytes.size(), kLineBytesMax - stream.partial.size()});
    stream.partial += bytes.substr(0, length);
    bytes.remove_prefix(length);
    const bool has_end = !bytes.empty() && bytes.front() == '\n';
    if (has_end) bytes.remove_prefix(1);
    if (has_end || stream.partial.size() == kLineBytesMax) end_line(stream, entries);
  }
  if (!stream.partial.empty()) stream.partial_since = monotonic_now();
  journal_.add(stream.source.unit, entries);
}

void LogStreams::take_unended(Monotonic now) {
  for (auto& [id, stream] : streams_) {
    if (stream->partial_since == kForever || now - stream->partial_since < kLineEndWait) continue;
    std::vector<JournalEntry> entries;
    end_line(*stream, entries);
    journal_.add(stream->source.unit, entries);
  }
}

Monotonic LogStreams::next_unended() const {
  Monotonic next = kForever;
  for (const auto& [id, stream] : streams_) {
    if (stream->partial_since != kForever) next = std::min(next, stream->partial_since + kLineEndWait);
  }
  return next;
}

}  // namespace holm::init
