// M of the newest N points, and what becomes of those that are missing.

#include "services/cloudwatch/alarm_evaluation.h"

#include <algorithm>

namespace holm::cloudwatch {

namespace {

// Where no point is calm: "the oldest available breaching data point during the evaluation periods is at
// least as old as the data points to alarm, and all other more recent data points are breaching or missing":
// what is known speaks for an alarm.
bool breaches_as_far_as_known(const AlarmRule& rule, const std::vector<std::optional<double>>& points) {
  size_t oldest = 0;  // Counts from 1; 0: there is none.
  for (size_t i = 0; i < std::min(rule.periods, points.size()); ++i) {
    if (points[i]) oldest = i + 1;
  }
  return oldest >= rule.to_alarm;
}

}  // namespace

std::string_view name_of(AlarmState state) {
  if (state == AlarmState::Ok) return "OK";
  return state == AlarmState::Alarm ? "ALARM" : "INSUFFICIENT_DATA";
}

AlarmState alarm_state_of(std::string_view name) {
  if (name == "OK") return AlarmState::Ok;
  return name == "ALARM" ? AlarmState::Alarm : AlarmState::InsufficientData;
}

std::optional<Comparison> comparison_of(std::string_view name) {
  if (name == "GreaterThanOrEqualToThreshold") return Comparison::GreaterOrEqual;
  if (name == "GreaterThanThreshold") return Comparison::Greater;
  if (name == "LessThanThreshold") return Comparison::Less;
  if (name == "LessThanOrEqualToThreshold") return Comparison::LessOrEqual;
  return std::nullopt;
}

bool is_breaching(double value, Comparison comparison, double threshold) {
  switch (comparison) {
    case Comparison::GreaterOrEqual: return value >= threshold;
    case Comparison::Greater: return value > threshold;
    case Comparison::Less: return value < threshold;
    case Comparison::LessOrEqual: return value <= threshold;
  }
  return false;
}

std::optional<MissingData> missing_data_of(std::string_view name) {
  if (name == "missing") return MissingData::Missing;
  if (name == "ignore") return MissingData::Ignore;
  if (name == "breaching") return MissingData::Breaching;
  if (name == "notBreaching") return MissingData::NotBreaching;
  return std::nullopt;
}

Verdict evaluate(const AlarmRule& rule, const std::vector<std::optional<double>>& points) {
  Verdict verdict;
  for (size_t i = 0; i < points.size() && verdict.used.size() < rule.periods; ++i) {
    if (!points[i]) continue;
    verdict.used.push_back(i);
    verdict.breaching += is_breaching(*points[i], rule.comparison, rule.threshold);
  }
  // As few missing points as possible are made up for.
  verdict.filled = rule.periods - verdict.used.size();
  const bool is_whole = verdict.filled == 0;
  const size_t filled_breaching = rule.missing == MissingData::Breaching ? verdict.filled : 0;
  const bool has_calm = verdict.breaching < verdict.used.size();
  if (verdict.breaching + filled_breaching >= rule.to_alarm) {
    verdict.state = AlarmState::Alarm;
  } else if (is_whole || rule.missing == MissingData::Breaching ||
             rule.missing == MissingData::NotBreaching) {
    verdict.state = AlarmState::Ok;
  } else if (verdict.used.empty()) {
    if (rule.missing == MissingData::Missing) verdict.state = AlarmState::InsufficientData;
  } else if (has_calm) {
    verdict.state = AlarmState::Ok;
  } else if (breaches_as_far_as_known(rule, points)) {
    if (rule.missing == MissingData::Missing) verdict.state = AlarmState::Alarm;
  }
  return verdict;
}

}  // namespace holm::cloudwatch
