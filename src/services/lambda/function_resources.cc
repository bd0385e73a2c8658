// AWS::Lambda::Function, Version and Alias.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Lambda.html

#include <algorithm>

#include "aws/service/error.h"
#include "lambda/operations.h"
#include "services/lambda/cfn_response.h"
#include "services/lambda/packages.h"
#include "services/lambda/resources.h"
#include "stacks/numbers.h"

namespace holm::lambda {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

constexpr PropertySchema kCodeMembers[] = {
    {.name = "ZipFile"}, {.name = "S3Bucket"}, {.name = "S3Key"}, {.name = "S3ObjectVersion"}};
constexpr PropertySchema kEnvironmentMembers[] = {{.name = "Variables", .kind = PropertyKind::Map}};
constexpr PropertySchema kLoggingMembers[] = {{.name = "LogFormat"}, {.name = "LogGroup"}};
constexpr PropertySchema kTracingMembers[] = {{.name = "Mode"}};
constexpr PropertySchema kStorageMembers[] = {
    {.name = "Size", .kind = PropertyKind::Integer, .presence = Presence::Required}};

constexpr PropertySchema kFunction[] = {
    {.name = "FunctionName", .update = Update::Replacement},
    {.name = "Runtime"},
    {.name = "Handler"},
    {.name = "Role", .presence = Presence::Required},
    {.name = "Description"},
    {.name = "Timeout", .kind = PropertyKind::Integer},
    {.name = "MemorySize", .kind = PropertyKind::Integer},
    {.name = "PackageType", .update = Update::Replacement},
    {.name = "Architectures", .kind = PropertyKind::List},
    {.name = "Code", .kind = PropertyKind::Object, .presence = Presence::Required, .members = kCodeMembers},
    {.name = "Environment", .kind = PropertyKind::Object, .members = kEnvironmentMembers},
    {.name = "LoggingConfig", .kind = PropertyKind::Object, .members = kLoggingMembers},
    {.name = "TracingConfig", .kind = PropertyKind::Object, .members = kTracingMembers},
    {.name = "EphemeralStorage", .kind = PropertyKind::Object, .members = kStorageMembers},
    {.name = "ReservedConcurrentExecutions", .kind = PropertyKind::Integer},
    {.name = "Tags",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = stacks::kTagSchema}};

FunctionCode code_of(const Properties& wanted, const std::string& runtime) {
  const Properties code = *wanted.find_object("Code");
  FunctionCode result{.s3_bucket = code.find_text("S3Bucket"),
                      .s3_key = code.find_text("S3Key"),
                      .s3_object_version = code.find_text("S3ObjectVersion")};
  // The text of a template is a whole package, with what it can only have from CloudFormation.
  if (auto text = code.find_text("ZipFile")) {
    if (!runtime.starts_with("python")) {
      throw aws::ServiceError("InvalidRequest", 400,
                              "ZipFile can only be used when Runtime is set to"
                              " either nodejs or python");
    }
    std::vector<PackedFile> files = {{"index.py", *text}};
    if (text->find(kCfnResponseModule) != std::string::npos) {
      files.push_back({std::string(kCfnResponseModule) + ".py", cfn_response_python()});
    }
    result.zip_file = make_archive(files);
  }
  return result;
}

std::optional<Environment> environment_of(const Properties& wanted) {
  auto object = wanted.find_object("Environment");
  if (!object) return std::nullopt;
  return Environment{.variables = object->text_map("Variables")};
}

std::optional<LoggingConfig> logging_of(const Properties& wanted) {
  auto object = wanted.find_object("LoggingConfig");
  if (!object) return std::nullopt;
  return LoggingConfig{.log_format = object->find_text("LogFormat"),
                       .log_group = object->find_text("LogGroup")};
}

std::optional<TracingConfig> tracing_of(const Properties& wanted) {
  auto object = wanted.find_object("TracingConfig");
  return object ? std::optional(TracingConfig{.mode = object->find_text("Mode")}) : std::nullopt;
}

EphemeralStorage storage_of(const Properties& wanted) {
  auto object = wanted.find_object("EphemeralStorage");
  if (!object) return EphemeralStorage{.size = 512};  // A template that no longer says it means the default.
  return EphemeralStorage{.size = static_cast<int32_t>(object->integer("Size", 512))};
}

void set_reserved(Context& context, const std::string& name, const Properties& wanted) {
  if (auto reserved = stacks::number(wanted, "ReservedConcurrentExecutions")) {
    context.invoke<PutFunctionConcurrency>(
        {.function_name = name, .reserved_concurrent_executions = *reserved});
  } else {
    context.invoke<DeleteFunctionConcurrency>({.function_name = name});
  }
}

class FunctionType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::Lambda::Function"; }
  std::span<const PropertySchema> properties() const override { return kFunction; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    const std::string function = wanted.find_text("FunctionName").value_or(context.name(64));
    CreateFunctionRequest request{.function_name = function,
                                  .runtime = wanted.find_text("Runtime"),
                                  .role = wanted.text("Role"),
                                  .handler = wanted.find_text("Handler"),
                                  .code = code_of(wanted, wanted.text("Runtime")),
                                  .description = wanted.find_text("Description"),
                                  .timeout = stacks::number(wanted, "Timeout"),
                                  .memory_size = stacks::number(wanted, "MemorySize"),
                                  .package_type = wanted.find_text("PackageType"),
                                  .environment = environment_of(wanted),
                                  .tracing_config = tracing_of(wanted),
                                  .architectures = wanted.texts("Architectures"),
                                  .ephemeral_storage = storage_of(wanted),
                                  .logging_config = logging_of(wanted)};
    for (const stacks::Tag& tag : context.tags(wanted.tags())) request.tags[tag.key] = tag.value;
    const FunctionConfiguration made = context.invoke<CreateFunction>(request);
    set_reserved(context, function, wanted);
    Created result{.physical_id = function};
    result.attributes.set("Arn", made.function_arn.value_or(""));
    return result;
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    if (stacks::differs_beyond(was.properties, wanted, "Tags")) change(context, was, wanted);
    update_tags(context, was, wanted);
  }

  static void change(Context& context, const Existing& was, const Properties& wanted) {
    const std::string& function = was.physical_id;
    // What the template leaves out has its default again.
    context.invoke<UpdateFunctionConfiguration>(
        {.function_name = function,
         .role = wanted.text("Role"),
         .handler = wanted.find_text("Handler"),
         .description = wanted.text("Description"),
         .timeout = stacks::number(wanted, "Timeout").value_or(3),
         .memory_size = stacks::number(wanted, "MemorySize").value_or(128),
         .environment = environment_of(wanted).value_or(Environment{}),
         .runtime = wanted.find_text("Runtime"),
         .tracing_config = tracing_of(wanted),
         .ephemeral_storage = storage_of(wanted),
         .logging_config = logging_of(wanted).value_or(LoggingConfig{})});
    if (stacks::differs(was.properties, wanted, "Code") ||
        stacks::differs(was.properties, wanted, "Architectures")) {
      const FunctionCode code = code_of(wanted, wanted.text("Runtime"));
      context.invoke<UpdateFunctionCode>({.function_name = function,
                                          .zip_file = code.zip_file,
                                          .s3_bucket = code.s3_bucket,
                                          .s3_key = code.s3_key,
                                          .s3_object_version = code.s3_object_version,
                                          .architectures = wanted.texts("Architectures")});
    }
    if (stacks::differs(was.properties, wanted, "ReservedConcurrentExecutions")) {
      set_reserved(context, function, wanted);
    }
  }

  void remove(Context& context, const Existing& resource, Removal) const override {
    if (!find(context, resource.physical_id)) return;
    context.invoke<DeleteFunction>({.function_name = resource.physical_id});
  }

  Progress check(Context& context, const Existing& resource) const override {
    const auto now = context.invoke<GetFunctionConfiguration>({.function_name = resource.physical_id});
    if (now.state == "Pending" || now.last_update_status == "InProgress") return stacks::in_progress();
    if (now.last_update_status == "Failed") return stacks::failed(now.last_update_status_reason.value_or(""));
    return stacks::ready();
  }

 private:
  static constexpr std::string_view kAttributes[] = {"Arn"};

  static bool find(Context& context, const std::string& function) {
    for (std::optional<std::string> marker;;) {
      auto page = context.invoke<ListFunctions>({.marker = marker});
      for (const FunctionConfiguration& each : page.functions) {
        if (each.function_name == function) return true;
      }
      if (!page.next_marker) return false;
      marker = page.next_marker;
    }
  }

  static void update_tags(Context& context, const Existing& was, const Properties& wanted) {
    const auto now = context.tags(wanted.tags());
    TagResourceRequest put{.resource = was.attributes.find("Arn")->as_string()->c_str()};
    for (const stacks::Tag& tag : now) put.tags[tag.key] = tag.value;
    const UntagResourceRequest gone{.resource = put.resource,
                                    .tag_keys = stacks::keys_gone(was, was.properties.tags(), now)};
    if (!gone.tag_keys.empty()) context.invoke<UntagResource>(gone);
    if (!put.tags.empty()) context.invoke<TagResource>(put);
  }
};

constexpr PropertySchema kVersion[] = {
    {.name = "FunctionName", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "Description", .update = Update::Replacement},
    {.name = "CodeSha256", .update = Update::Replacement}};

class VersionType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::Lambda::Version"; }
  std::span<const PropertySchema> properties() const override { return kVersion; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    const auto made = context.invoke<PublishVersion>({.function_name = wanted.text("FunctionName"),
                                                      .code_sha256 = wanted.find_text("CodeSha256"),
                                                      .description = wanted.find_text("Description")});
    Created result{.physical_id = made.function_arn.value_or("")};
    result.attributes.set("Version", made.version.value_or(""));
    result.attributes.set("FunctionArn", result.physical_id);
    return result;
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  void remove(Context& context, const Existing& resource, Removal) const override {
    const std::string function = resource.physical_id.substr(0, resource.physical_id.rfind(':'));
    for (std::optional<std::string> marker;;) {
      auto page = context.invoke<ListVersionsByFunction>({.function_name = function, .marker = marker});
      for (const FunctionConfiguration& each : page.versions) {
        if (each.function_arn != resource.physical_id) continue;
        context.invoke<DeleteFunction>({.function_name = resource.physical_id});
        return;
      }
      if (!page.next_marker) return;
      marker = page.next_marker;
    }
  }

 private:
  static constexpr std::string_view kAttributes[] = {"Version", "FunctionArn"};
};

constexpr PropertySchema kAlias[] = {
    {.name = "FunctionName", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "Name", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "FunctionVersion", .presence = Presence::Required},
    {.name = "Description"}};

class AliasType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::Lambda::Alias"; }
  std::span<const PropertySchema> properties() const override { return kAlias; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    const auto made = context.invoke<CreateAlias>({.function_name = wanted.text("FunctionName"),
                                                   .name = wanted.text("Name"),
                                                   .function_version = wanted.text("FunctionVersion"),
                                                   .description = wanted.find_text("Description")});
    Created result{.physical_id = made.alias_arn.value_or("")};
    result.attributes.set("AliasArn", result.physical_id);
    return result;
  }
  void update(Context& context, const Existing&, const Properties& wanted) const override {
    context.invoke<UpdateAlias>({.function_name = wanted.text("FunctionName"),
                                 .name = wanted.text("Name"),
                                 .function_version = wanted.text("FunctionVersion"),
                                 .description = wanted.text("Description")});
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteAlias>({.function_name = resource.properties.text("FunctionName"),
                                 .name = resource.properties.text("Name")});
  }

 private:
  static constexpr std::string_view kAttributes[] = {"AliasArn"};
};

}  // namespace

void add_function_types(ResourceTypes& types) {
  types.push_back(std::make_unique<FunctionType>());
  types.push_back(std::make_unique<VersionType>());
  types.push_back(std::make_unique<AliasType>());
}

ResourceTypes resource_types() {
  ResourceTypes types;
  add_function_types(types);
  add_permission_types(types);
  return types;
}

}  // namespace holm::lambda
