// Reading from a connection to where the bytes are wanted.
#pragma once

#include <span>

#include "http/transfer.h"

namespace holm::http {

// As read_shared(), what comes at the beginning of `place`, which has room.
async::Task<Fill> read_to(net::Stream& stream, std::span<char> place, std::string_view& piece,
                          async::Duration timeout);

}  // namespace holm::http
