// Values of shapes that are only known at run time: what generated structs are otherwise.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "aws/schema/shape.h"
#include "formats/value.h"

namespace holm::test {

struct Field;
struct Record;
using Items = std::vector<Field>;
using Entries = std::map<std::string, Field>;

// A member, item or entry: absent, or a value of some kind.
struct Field {
  std::variant<std::monostate, bool, int32_t, int64_t, double, std::string, Time, aws::Stream,
               aws::Document, std::unique_ptr<Items>, std::unique_ptr<Entries>,
               std::unique_ptr<Record>>
      data;
};

// A structure; its members stand in the order of the model.
constexpr size_t kFieldsMax = 48;
struct Record {
  std::array<Field, kFieldsMax> fields;
};

const aws::FieldOps* field_ops(aws::Kind kind);
extern const aws::ListOps kItemsOps;
extern const aws::MapOps kEntriesOps;

// Reads the vectors' notation: blobs are text, times seconds, NaN and infinities text.
void fill(const aws::Member& member, const formats::Value& value, Field& field);
void fill(const aws::Shape& shape, const formats::Value& value, Record& record);

// Writes the same notation.
formats::Value describe(const aws::Shape& shape, const void* value);
// All bytes of a stream that is already there.
std::string read_stream(async::ByteSource& source);

}  // namespace holm::test
