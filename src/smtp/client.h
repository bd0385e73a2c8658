// Handing one message to a relay.
#pragma once

#include <string>

#include "async/reactor.h"
#include "async/task.h"
#include "base/result.h"
#include "net/address.h"
#include "smtp/relay.h"

namespace holm::smtp {

struct Envelope {
  std::string sender;
  std::string recipient;
};

// Why the relay did not take a message.
struct Refusal {
  enum class Kind {
    Temporary,  // Nobody there, or it said so: try again.
    Permanent,  // It will not take this message.
  };
  Kind kind = Kind::Temporary;
  std::string message;  // The relay's own words where there are any. Without secrets.
};

// `address` is where the relay's host is. Returns what the relay said when it took the message: from then on
// it is the relay's. Runs on `reactor`; ends within a few minutes whatever the relay does.
async::Task<Result<std::string, Refusal>> send(async::Reactor& reactor, Relay relay, net::Address address,
                                               Envelope envelope, std::string mail);

}  // namespace holm::smtp
