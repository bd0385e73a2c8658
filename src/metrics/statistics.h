// What is kept of the values that were measured in a time: their statistics, and how they were distributed.
#pragma once

#include <optional>
#include <vector>

namespace holm::metrics {

// A value that was measured `count` times.
struct Weighted {
  double value = 0;
  double count = 0;
  bool operator==(const Weighted&) const = default;
};

// More different values than this are rounded until they are as few: the mantissa loses bits, at first all
// but six, which is less than 0.8 % off.
inline constexpr size_t kDistinctValuesMax = 256;

// Sets of values merge in any order; so what is stored twice apart is the same as what is stored once
// together.
struct Statistics {
  double count = 0;
  double sum = 0;
  double min = 0;
  double max = 0;
  // Ascending. Empty where the others say it all (see distribution()), and where nothing is known.
  std::vector<Weighted> values;

  static Statistics of(double value, double count = 1);
  // Of values in any order, each measured at least once.
  static Statistics of_values(std::vector<Weighted> values);

  void merge(const Statistics& other);
  // Nothing when only the four numbers were handed in, and they leave it open.
  std::optional<std::vector<Weighted>> distribution() const;

  bool operator==(const Statistics&) const = default;

 private:
  void merge_value(const Statistics& other);
};

}  // namespace holm::metrics
