// Where services' output arrives: one stream a start, read line by line, with the kernel's word on who wrote.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "init/event_loop.h"
#include "init/journal.h"

namespace holm::init {

class LogStreams final {
 public:
  LogStreams(EventLoop& loop, Journal& journal) : loop_(loop), journal_(journal) {}

  struct Source {
    std::string unit;
    std::string identifier;
    std::string copy_path;  // A file that gets the output as it is, too; empty: none.
  };
  // The end to write to, as standard output. Read until everybody has closed it, which may be after the
  // service's end. Not valid when no more can be made.
  UniqueFd open(const Source& source);
  // Reads what is there now, so that a last word is not missed.
  void drain();
  // Takes lines whose end has not come for seconds as they are: a prompt, a progress bar.
  void take_unended(Monotonic now);
  // When the next of those is due.
  Monotonic next_unended() const;

 private:
  struct Stream {
    Source source;
    UniqueFd reading;
    UniqueFd copy;
    EventLoop::Token token = 0;
    std::string partial;  // A line whose end has not come.
    Monotonic partial_since = kForever;
    pid_t writer = 0;
  };
  enum class More { Yes, No };

  // Returns whether there may be more to read now.
  More read(Stream& stream);
  void take(Stream& stream, std::string_view bytes, pid_t writer);
  void end_line(Stream& stream, std::vector<JournalEntry>& entries);
  void on_readable(uint64_t id);

  EventLoop& loop_;
  Journal& journal_;
  std::map<uint64_t, std::unique_ptr<Stream>> streams_;
  uint64_t next_ = 1;
};

}  // namespace holm::init
