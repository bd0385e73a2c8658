// Reading and writing the API's JSON. Included by the API's files only: it is slow to compile.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "kit/web.h"

namespace school {

using Json = nlohmann::json;

kit::Response json_response(const Json& json, int status = 200);

// The body; throws 400 when it is not an object, 415 when it is not sent as JSON.
Json read_object(const kit::Request& request);

// Members; nothing when absent, 400 naming the field when of another type.
std::optional<std::string> text_member(const Json& object, const char* name);
std::optional<std::int64_t> number_member(const Json& object, const char* name);
std::optional<bool> bool_member(const Json& object, const char* name);

// A whole number of the query, `otherwise` when absent; throws 400.
std::int64_t query_number(const kit::Request& request, const char* name, std::int64_t otherwise);

}  // namespace school
