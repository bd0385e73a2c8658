// A column of numbers in few bytes. Private to this folder.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::metrics {

// Whole numbers that are alike: groups of 32, each in as many bits as its range needs.
void put_integers(std::string& bytes, std::span<const int64_t> numbers);
// Whichever takes least: one number for all, decimals as whole numbers, short mantissas, or what differs from
// the number before (as in T. Pelkonen et al., "Gorilla", VLDB 2015).
void put_doubles(std::string& bytes, std::span<const double> numbers);

// They take `count` numbers off the front of `bytes`.
Result<std::vector<int64_t>> take_integers(std::string_view& bytes, size_t count);
Result<std::vector<double>> take_doubles(std::string_view& bytes, size_t count);

}  // namespace holm::metrics
