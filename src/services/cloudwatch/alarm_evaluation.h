// What the newest data points of a metric make of an alarm's state.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace holm::cloudwatch {

enum class AlarmState { Ok, Alarm, InsufficientData };
std::string_view name_of(AlarmState state);  // "OK", "ALARM", "INSUFFICIENT_DATA"
AlarmState alarm_state_of(std::string_view name);

enum class Comparison { GreaterOrEqual, Greater, Less, LessOrEqual };
std::optional<Comparison> comparison_of(std::string_view name);  // "GreaterThanThreshold" …
bool is_breaching(double value, Comparison comparison, double threshold);

enum class MissingData { Missing, Ignore, Breaching, NotBreaching };
std::optional<MissingData> missing_data_of(std::string_view name);

struct AlarmRule {
  Comparison comparison = Comparison::Greater;
  double threshold = 0;
  size_t periods = 1;   // EvaluationPeriods
  size_t to_alarm = 1;  // DatapointsToAlarm, at most `periods`.
  MissingData missing = MissingData::Missing;
};

// How many periods are looked at, so that some missing ones do not matter.
constexpr size_t periods_looked_at(const AlarmRule& rule) { return rule.periods + 2; }

struct Verdict {
  std::optional<AlarmState> state;  // Nothing: it stays as it is.
  std::vector<size_t> used;         // The periods whose points decided, the newest (0) first.
  size_t breaching = 0;             // How many of those breached.
  size_t filled = 0;                // How many more there should have been.
};

// `points` are periods_looked_at(), the newest first; nothing where a period has no data.
Verdict evaluate(const AlarmRule& rule, const std::vector<std::optional<double>>& points);

}  // namespace holm::cloudwatch
