// Shape tables and operations made at run time from the models that stand in the vectors.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/operation.h"
#include "formats/value.h"

namespace holm::test {

// One suite of a vector file: its service, one operation of it, and their shapes. Neither copied
// nor moved, as the tables point into each other.
class ModelBuilder final {
 public:
  // `suite` has "metadata" and "shapes" like a service model, `given` is an operation; both outlive
  // this.
  ModelBuilder(const formats::Value& suite, const formats::Value& given);
  ModelBuilder(const ModelBuilder&) = delete;
  ModelBuilder& operator=(const ModelBuilder&) = delete;

  const aws::ServiceModel& model() const { return model_; }
  const aws::Operation& operation() const { return operations_.front(); }
  // Null when the model has no shape of that name.
  const aws::Shape* find_shape(std::string_view name) const;

 private:
  void build_shapes(const formats::Value& shapes);
  void fill_shape(std::string_view name, const formats::Value& source, aws::Shape& shape);
  void fill_structure(const formats::Value& source, aws::Shape& shape);
  const aws::Member* element(const formats::Value& reference, std::string_view default_name);
  aws::Member member(std::string_view name, const formats::Value& reference);
  void fill_service(const formats::Value& metadata);
  void fill_operation(const formats::Value& given, const formats::Value& shapes);
  std::string_view keep(std::string text);

  std::map<std::string, aws::Shape, std::less<>> shapes_;
  std::map<std::string, const formats::Value*, std::less<>> sources_;
  std::deque<std::vector<aws::Member>> members_;
  std::deque<std::string> texts_;
  std::vector<aws::ErrorModel> errors_;
  std::vector<aws::Protocol> protocols_;
  std::vector<aws::Operation> operations_;
  aws::Shape nothing_{.kind = aws::Kind::Structure, .name = "Nothing"};
  aws::ServiceModel model_{};
};

}  // namespace holm::test
