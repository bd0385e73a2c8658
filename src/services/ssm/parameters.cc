// Parameters and their versions.

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/characters.h"
#include "base/page_token.h"
#include "base/strings.h"
#include "ec2/operations.h"
#include "services/ssm/public_parameters.h"
#include "services/ssm/secure_strings.h"
#include "services/ssm/service.h"
#include "services/ssm/tags.h"
#include "ssm/handlers.h"

namespace holm::ssm {

namespace {

constexpr size_t kStandardValueMax = 4096;
constexpr size_t kAdvancedValueMax = 8192;
constexpr size_t kVersionsMax = 100;
constexpr size_t kLevelsMax = 15;

struct Row {
  std::string name;
  int64_t version = 0;
  std::string type, value, data_type;
  std::optional<std::string> description, pattern;
  int64_t modified = 0;
  std::string modifier;
  std::string tier;
  std::optional<std::string> key_id;  // Of a secure string, whose value is encrypted.
};

constexpr char kSecure[] = "SecureString";
constexpr char kColumns[] =
    "name, version, type, value, data_type, description, pattern, modified, modifier, tier, key_id";

Row read_row(const sql::Row& row) {
  return {row.text(0), row.integer(1),       row.text(2),          row.text(3),
          row.text(4), row.optional_text(5), row.optional_text(6), row.integer(7),
          row.text(8), row.text(9),          row.optional_text(10)};
}

std::vector<Row> rows_where(Call& call, std::string_view condition, std::vector<sql::Value> arguments) {
  arguments.insert(arguments.begin(), {call.account, call.region});
  std::vector<Row> rows;
  for (const sql::Row& row :
       call.transaction.run(fmt::format("SELECT {} FROM ssm_parameter p WHERE account = ?1 AND region = ?2 "
                                        "AND {} ORDER BY name, version",
                                        kColumns, condition),
                            std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

constexpr char kIsNewest[] =
    "version = (SELECT max(version) FROM ssm_parameter n WHERE n.account = p.account AND n.region = p.region"
    " AND n.name = p.name)";

// "name", "name:3" or an ARN of a parameter.
std::optional<Row> find_parameter(Call& call, std::string_view selector) {
  if (selector.starts_with("arn:")) {
    const size_t at = selector.find(":parameter");
    if (at == std::string_view::npos) return std::nullopt;
    selector = selector.substr(at + 10);
    // The ARN of "x" and of "/x" are the same.
    if (rows_where(call, "name = ?3", {std::string(selector)}).empty()) selector = selector.substr(1);
  }
  const size_t colon = selector.rfind(':');
  const std::string name(selector.substr(0, colon));
  if (auto value = find_public_parameter(name)) {
    return Row{.name = name,
               .version = 1,
               .type = "String",
               .value = *value,
               .data_type = "text",
               .tier = "Standard"};
  }
  std::vector<Row> rows;
  if (colon == std::string_view::npos) {
    rows = rows_where(call, std::string("name = ?3 AND ") + kIsNewest, {name});
  } else if (auto version = parse_integer(selector.substr(colon + 1))) {
    rows = rows_where(call, "name = ?3 AND version = ?4", {name, int64_t{*version}});
  }
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

std::string arn_of(Call& call, const std::string& name) {
  const std::string path = name.starts_with('/') ? name : "/" + name;
  if (name.starts_with("/aws/service/")) return fmt::format("arn:aws:ssm:{}::parameter{}", call.region, path);
  return aws::arn("ssm", call, "parameter" + path);
}

std::string value_of(Call& call, const Row& row, const std::optional<bool>& with_decryption) {
  if (row.type != kSecure || !with_decryption.value_or(false)) return row.value;
  return decrypt_value(call, arn_of(call, row.name), row.value);
}

Parameter describe(Call& call, const Row& row, const std::optional<bool>& with_decryption) {
  return {.name = row.name,
          .type = row.type,
          .value = value_of(call, row, with_decryption),
          .version = row.version,
          .last_modified_date = from_milliseconds(row.modified),
          .arn = arn_of(call, row.name),
          .data_type = row.data_type};
}

aws::ServiceError invalid(const std::string& message) {
  return aws::ServiceError("ValidationException", 400, message);
}

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
void check_name(const std::string& name) {
  const bool is_plain = is_alphanumeric(name, "_.-/");
  const std::string lower = to_lower(name.starts_with('/') ? name.substr(1) : name);
  if (!is_plain || name.empty() || (name.find('/') != std::string::npos && !name.starts_with('/'))) {
    throw invalid(
        "Parameter name must be a fully qualified name: letters, numbers, and the symbols "
        ".-_/ are allowed.");
  }
  if (lower.starts_with("aws") || lower.starts_with("ssm")) {
    throw aws::ServiceError(lower.starts_with("aws") ? "AccessDeniedException" : "ValidationException", 400,
                            fmt::format("No access to reserved parameter name: {}.", name));
  }
  if (std::ranges::count(name, '/') > static_cast<std::ptrdiff_t>(kLevelsMax)) {
    throw HierarchyLevelLimitExceededException("A parameter has at most 15 levels.");
  }
}

enum class Known { No, Yes };

void check_overwrite(const PutParameterRequest& request, Known known) {
  const bool overwrites = request.overwrite.value_or(false);
  if (known == Known::Yes && !overwrites) {
    throw ParameterAlreadyExists(
        "The parameter already exists. To overwrite this value, set the overwrite option in "
        "the request to true.");
  }
  if (overwrites && !request.tags.empty()) {
    throw invalid(
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
        "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
        "RemoveTagsFromResource.");
  }
  if (known == Known::No && !request.type)
    throw invalid("A parameter type is required when you create a parameter.");
}

// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
std::string tier_of(const PutParameterRequest& request, const std::string& was) {
  const std::string asked = request.tier.value_or("Standard");
  if (asked == "Intelligent-Tiering") return request.value.size() > kStandardValueMax ? "Advanced" : was;
  if (asked == "Standard" && was == "Advanced" && request.tier) {
    throw invalid(
        "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
        "advanced-parameter tier to the standard-parameter tier.");
  }
  return was == "Advanced" ? was : asked;
}

void check_value(Call& call, const PutParameterRequest& request, const std::string& tier) {
  const size_t bytes_max = tier == "Advanced" ? kAdvancedValueMax : kStandardValueMax;
  if (request.value.empty() || request.value.size() > bytes_max) {
    throw invalid(fmt::format(
        "{} tier parameters support a maximum parameter value of {} characters, and no empty one.", tier,
        bytes_max));
  }
  if (request.allowed_pattern && !request.allowed_pattern->empty()) {
    const re2::RE2 pattern(*request.allowed_pattern, re2::RE2::Quiet);
    if (!pattern.ok()) {
      throw InvalidAllowedPatternException(
          fmt::format("{} is no regular expression: {}.", *request.allowed_pattern, pattern.error()));
    }
    if (!re2::RE2::PartialMatch(request.value, pattern)) {
      throw ParameterPatternMismatchException(fmt::format(
          "Parameter value, cannot be validated against allowedPattern: {}", *request.allowed_pattern));
    }
  }
  const std::string data_type = request.data_type.value_or("text");
  if (data_type == "aws:ec2:image") {
    call.client.call<ec2::DescribeImages>(call, call.principal, {.image_ids = {request.value}});
  } else if (data_type != "text") {
    throw invalid(fmt::format("The following data type is not supported: {}.", data_type));
  }
}

[[noreturn]] void throw_not_found(Call& call, const std::string& selector) {
  const size_t colon = selector.rfind(':');
  const std::string name = selector.substr(0, colon);
  if (colon != std::string::npos && !selector.starts_with("arn:") && find_parameter(call, name)) {
    throw ParameterVersionNotFound(
        fmt::format("Systems Manager could not find version {} of {}. Verify the version and try again.",
                    selector.substr(colon + 1), name));
  }
  throw ParameterNotFound(fmt::format("Parameter {} not found.", selector));
}

template <class Item>
std::optional<std::string> take_page(std::vector<Item>& items, size_t count,
                                     const std::optional<std::string>& token) {
  const size_t from =
      token ? static_cast<size_t>(parse_integer(read_page_token(*token).value_or("")).value_or(-1)) : 0;
  if (from > items.size()) throw InvalidNextToken("The specified token isn't valid.");
  const size_t to = std::min(items.size(), from + count);
  std::optional<std::string> next;
  if (to < items.size()) next = make_page_token(std::to_string(to));
  items = std::vector<Item>(items.begin() + static_cast<std::ptrdiff_t>(from),
                            items.begin() + static_cast<std::ptrdiff_t>(to));
  return next;
}

bool is_below(const std::string& name, std::string path, bool recursive) {
  if (!path.ends_with('/')) path += '/';
  if (!name.starts_with(path)) return false;
  return recursive || name.find('/', path.size()) == std::string::npos;
}

// What a filter of DescribeParameters looks at.
std::string filtered(const Row& row, const std::string& key) {
  if (key == "Name" || key == "Path") return row.name;
  if (key == "Type") return row.type;
  if (key == "Tier") return row.tier;
  if (key == "KeyId") return row.key_id.value_or("");
  if (key == "DataType") return row.data_type;
  throw aws::NotImplemented(fmt::format("DescribeParameters: a filter by {}", key));
}

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
bool passes(const Row& row, const ParameterStringFilter& filter) {
  const std::string value = filtered(row, filter.key);
  const std::string option = filter.option.value_or(filter.key == "Path" ? "OneLevel" : "Equals");
  return std::ranges::any_of(filter.values, [&](const std::string& wanted) {
    if (filter.key == "Path") return is_below(value, wanted, option == "Recursive");
    if (option == "BeginsWith") return value.starts_with(wanted);
    if (option == "Contains") return value.find(wanted) != std::string::npos;
    return value == wanted;
  });
}

}  // namespace

PutParameterResult put_parameter(Service&, Call& call, const PutParameterRequest& request) {
  check_name(request.name);
  const std::vector<Row> known = rows_where(call, "name = ?3", {request.name});
  check_overwrite(request, known.empty() ? Known::No : Known::Yes);
  const std::string type = request.type.value_or(known.empty() ? "" : known.back().type);
  if (!known.empty() && type != known.back().type) {
    throw HierarchyTypeMismatchException(
        fmt::format("The type of {} is {} and cannot be changed; make another parameter.", request.name,
                    known.back().type));
  }
  if (type != kSecure && request.key_id) throw invalid("KeyId is for parameters of the type SecureString.");
  const std::string tier = tier_of(request, known.empty() ? "Standard" : known.back().tier);
  check_value(call, request, tier);
  Row row{.name = request.name, .type = type, .value = request.value};
  if (type == kSecure) {
    row.key_id = request.key_id.value_or(kOwnKey);
    row.value = encrypt_value(call, *row.key_id, {arn_of(call, row.name), request.value});
  }
  const int64_t version = known.empty() ? 1 : known.back().version + 1;
  call.transaction.run(
      "INSERT INTO ssm_parameter (account, region, name, version, type, value, data_type, description,"
      " pattern, modified, modifier, tier, key_id)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
      {call.account, call.region, request.name, version, type, row.value, request.data_type.value_or("text"),
       sql::optional_value(request.description), sql::optional_value(request.allowed_pattern),
       to_milliseconds(call.now), call.principal.arn, tier, sql::optional_value(row.key_id)});
  if (known.size() >= kVersionsMax) {
    call.transaction.run(
        "DELETE FROM ssm_parameter WHERE account = ?1 AND region = ?2 AND name = ?3 AND version = ?4",
        {call.account, call.region, request.name, known.front().version});
  }
  write_tags(call, request.name, request.tags);
  return {.version = version, .tier = tier};
}

GetParameterResult get_parameter(Service&, Call& call, const GetParameterRequest& request) {
  auto row = find_parameter(call, request.name);
  if (!row) throw_not_found(call, request.name);
  Parameter parameter = describe(call, *row, request.with_decryption);
  const size_t colon = request.name.rfind(':');
  if (colon != std::string::npos && !request.name.starts_with("arn:"))
    parameter.selector = request.name.substr(colon);
  return {.parameter = std::move(parameter)};
}

GetParametersResult get_parameters(Service&, Call& call, const GetParametersRequest& request) {
  GetParametersResult result;
  for (const std::string& name : request.names) {
    if (auto row = find_parameter(call, name))
      result.parameters.push_back(describe(call, *row, request.with_decryption));
    else result.invalid_parameters.push_back(name);
  }
  return result;
}

GetParametersByPathResult get_parameters_by_path(Service&, Call& call,
                                                 const GetParametersByPathRequest& request) {
  const bool recursive = request.recursive.value_or(false);
  if (!request.path.starts_with('/')) {
    throw invalid(fmt::format("The parameter path {} must begin with a forward slash.", request.path));
  }
  std::vector<Row> rows;
  for (const std::string& name : public_parameter_names()) {
    if (is_below(name, request.path, recursive)) rows.push_back(*find_parameter(call, name));
  }
  for (Row& row : rows_where(call, kIsNewest, {})) {
    if (is_below(row.name, request.path, recursive)) rows.push_back(std::move(row));
  }
  GetParametersByPathResult result{
      .next_token =
          take_page(rows, static_cast<size_t>(request.max_results.value_or(10)), request.next_token)};
  for (const Row& row : rows) result.parameters.push_back(describe(call, row, request.with_decryption));
  return result;
}

DeleteParameterResult delete_parameter(Service&, Call& call, const DeleteParameterRequest& request) {
  call.transaction.run("DELETE FROM ssm_parameter WHERE account = ?1 AND region = ?2 AND name = ?3",
                       {call.account, call.region, request.name});
  if (call.transaction.changes() == 0)
    throw ParameterNotFound(fmt::format("Parameter {} not found.", request.name));
  delete_tags(call, request.name);
  return {};
}

DeleteParametersResult delete_parameters(Service&, Call& call, const DeleteParametersRequest& request) {
  DeleteParametersResult result;
  for (const std::string& name : request.names) {
    call.transaction.run("DELETE FROM ssm_parameter WHERE account = ?1 AND region = ?2 AND name = ?3",
                         {call.account, call.region, name});
    const bool is_deleted = call.transaction.changes() > 0;
    if (is_deleted) delete_tags(call, name);
    (is_deleted ? result.deleted_parameters : result.invalid_parameters).push_back(name);
  }
  return result;
}

DescribeParametersResult describe_parameters(Service&, Call& call, const DescribeParametersRequest& request) {
  DescribeParametersResult result;
  for (const Row& row : rows_where(call, kIsNewest, {})) {
    const bool is_wanted = std::ranges::all_of(
        request.parameter_filters, [&](const ParameterStringFilter& filter) { return passes(row, filter); });
    if (!is_wanted) continue;
    result.parameters.push_back({.name = row.name,
                                 .arn = arn_of(call, row.name),
                                 .type = row.type,
                                 .key_id = row.key_id,
                                 .last_modified_date = from_milliseconds(row.modified),
                                 .last_modified_user = row.modifier,
                                 .description = row.description,
                                 .allowed_pattern = row.pattern,
                                 .version = row.version,
                                 .tier = row.tier,
                                 .data_type = row.data_type});
  }
  result.next_token =
      take_page(result.parameters, static_cast<size_t>(request.max_results.value_or(50)), request.next_token);
  return result;
}

GetParameterHistoryResult get_parameter_history(Service&, Call& call,
                                                const GetParameterHistoryRequest& request) {
  std::vector<Row> rows = rows_where(call, "name = ?3", {request.name});
  if (rows.empty()) throw ParameterNotFound(fmt::format("Parameter {} not found.", request.name));
  GetParameterHistoryResult result{
      .next_token =
          take_page(rows, static_cast<size_t>(request.max_results.value_or(50)), request.next_token)};
  for (const Row& row : rows) {
    result.parameters.push_back({.name = row.name,
                                 .type = row.type,
                                 .key_id = row.key_id,
                                 .last_modified_date = from_milliseconds(row.modified),
                                 .last_modified_user = row.modifier,
                                 .description = row.description,
                                 .value = value_of(call, row, request.with_decryption),
                                 .allowed_pattern = row.pattern,
                                 .version = row.version,
                                 .tier = row.tier,
                                 .data_type = row.data_type});
  }
  return result;
}

}  // namespace holm::ssm
