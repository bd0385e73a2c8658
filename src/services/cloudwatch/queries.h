// Metric data queries: metrics by their ids and expressions over them, as GetMetricData and alarms have them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cloudwatch/handlers.h"
#include "services/cloudwatch/curve.h"
#include "services/cloudwatch/expression.h"

namespace holm::metrics {
class Store;
}

namespace holm::cloudwatch {

struct Answer {
  std::string id;
  std::string label;
  Curve curve;
};

struct Span {
  Time start{};
  Time end{};
  enum class Align {
    ToPeriods,  // Periods lie at multiples of themselves.
    ToStart,    // They are counted from the start.
  };
  Align align = Align::ToPeriods;
};

// One request's queries; computes what is asked for. Everything it is given outlives it.
class Queries final {
 public:
  // Throws ValidationError for queries that cannot be, NotImplemented for what is not built.
  Queries(const metrics::Store& store, const aws::Caller& caller, const std::vector<MetricDataQuery>& queries,
          Span span);

  // Of those that return data, in their order; an expression may have several.
  std::vector<Answer> answers();
  // The time series of query `id`; throws ValidationError when it is not one.
  Curve curve_of(const std::string& id);

 private:
  struct Known {
    const MetricDataQuery* query = nullptr;
    std::optional<Expression> expression;
    std::optional<MathValue> value;
    bool is_being_computed = false;
  };
  void check(const MetricDataQuery& query);
  const MathValue& value_of(const std::string& id);
  MathValue compute(Known& known);
  Curve read(const MetricStat& stat) const;
  Periods periods_of(int64_t period) const;

  const metrics::Store& store_;
  const aws::Caller& caller_;
  const std::vector<MetricDataQuery>& queries_;
  const Span span_;
  std::map<std::string, Known> known_;
};

}  // namespace holm::cloudwatch
