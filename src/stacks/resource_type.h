// What a CloudFormation resource type is to the engine. Each service implements its types in its
// resources.cc in terms of its own operations and returns them from `resource_types()`; region.cc
// fills the registry.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "aws/service/region.h"
#include "formats/value.h"
#include "stacks/signals.h"

namespace holm::stacks {

// ---- Properties: the schema, as a static table.

enum class PropertyKind : uint8_t {
  String,   // Numbers and booleans given for one become text.
  Integer,  // Text that is an integer becomes one, as CloudFormation does.
  Number,
  Boolean,  // So does the text "true" or "false".
  Json,     // Anything, as it stands: policy documents. Text that holds an object is read as JSON.
  Object,   // With `members`.
  List,     // Of `element`, which has `members` if it is Object.
  Map,      // From text to `element`.
};

// What a change of the property does. Conditional: ResourceType::replaces() decides.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
enum class Update : uint8_t { NoInterruption, SomeInterruption, Replacement, Conditional };
enum class Presence : uint8_t { Optional, Required };

// {.name = "CidrBlock", .update = Update::Replacement}
// {.name = "Tags", .kind = PropertyKind::List, .element = PropertyKind::Object,
//  .members = kTagSchema}
//
// A property that is not in the table is refused by name before anything is created. A table that
// is one entry named "*" takes any property as it stands (custom resources). Only the `update` of the
// outermost properties counts.
struct PropertySchema {
  std::string_view name;
  PropertyKind kind = PropertyKind::String;
  Presence presence = Presence::Optional;
  Update update = Update::NoInterruption;
  PropertyKind element = PropertyKind::String;
  std::span<const PropertySchema> members = {};
};

// Key and Value, both required.
inline constexpr PropertySchema kTagSchema[] = {
    {.name = "Key", .presence = Presence::Required},
    {.name = "Value", .presence = Presence::Required},
};

struct Tag {
  std::string key;
  std::string value;
  bool operator==(const Tag&) const = default;
};

// Evaluated properties (or an object inside them) in the kinds of the schema. Borrows; absent is
// empty or nothing. A value of another kind than is asked for is a bug of the type
// (InternalFailure): the schema was checked.
class Properties {
 public:
  explicit Properties(const formats::Value& object) : object_(&object) {}

  bool has(std::string_view name) const;
  std::string text(std::string_view name) const;  // "" when absent.
  std::optional<std::string> find_text(std::string_view name) const;
  std::optional<int64_t> find_integer(std::string_view name) const;
  int64_t integer(std::string_view name, int64_t otherwise) const;
  std::optional<double> find_number(std::string_view name) const;
  std::optional<bool> find_boolean(std::string_view name) const;
  bool boolean(std::string_view name, bool otherwise) const;
  std::vector<std::string> texts(std::string_view name) const;
  std::map<std::string, std::string> text_map(std::string_view name) const;
  std::optional<Properties> find_object(std::string_view name) const;
  std::vector<Properties> objects(std::string_view name) const;
  std::vector<Tag> tags(std::string_view name = "Tags") const;
  std::string json(std::string_view name) const;  // As JSON text; "" when absent.
  const formats::Value* find(std::string_view name) const;
  const formats::Value& value() const { return *object_; }

 private:
  const formats::Value* object_;
};

// Whether the two differ in this property.
bool differs(const Properties& a, const Properties& b, std::string_view name);

// ---- What an action on a resource is given and answers.

enum class NameCase : uint8_t { Mixed, Lower };

// One action on one resource, inside one transaction. Lives as long as the action.
struct Context {
  aws::Call& call;  // call.principal is who started the stack operation, or the stack's role.
  std::string stack_id;
  std::string stack_name;
  std::string logical_id;
  std::string type;  // As written in the template ("Custom::Thing").
  std::string
      name_suffix;  // 12 characters of [A-Z2-7], of this one physical resource for its life.
  std::vector<Tag> stack_tags;  // To be put on the resource, under its own tags, if it takes tags.
  const formats::Value* metadata = nullptr;         // Evaluated; null when there is none.
  const formats::Value* creation_policy = nullptr;  // Likewise.
  const formats::Value* update_policy = nullptr;    // Likewise; only keys that policies() lists.
  Time started{};  // When this action on this resource began, for the polls too.
  std::function<Signals()> signals = [] { return Signals(); };  // For the resource, since then.

  // The name AWS would give: stack-logicalid-SUFFIX, cut to `length_max`.
  std::string name(size_t length_max, NameCase name_case = NameCase::Mixed) const;
  // `own` and below them the stack's tags and aws:cloudformation:stack-name, stack-id, logical-id.
  std::vector<Tag> tags(const std::vector<Tag>& own) const;

  // Calls an operation inside the transaction, for whom the stack acts.
  template <class Op>
  typename Op::Output invoke(const typename Op::Input& input) {
    return call.client.call<Op>(call, call.principal, input);
  }
};

struct Created {
  std::string physical_id;  // What Ref gives. Empty only when Progress will bring it.
  formats::Object attributes = {};
};

// A resource that exists, with what it was made of.
struct Existing {
  std::string physical_id;
  const formats::Object& attributes;
  Properties properties;  // Those that were last applied.
  std::span<const Tag> stack_tags = {};  // Likewise, the stack's.
};

// The keys of the tags that `was` has, its own (`was_own`) and the stack's, and that are not among those wanted.
std::vector<std::string> keys_gone(const Existing& was, const std::vector<Tag>& was_own,
                                   const std::vector<Tag>& wanted);
// Whether anything but this property differs: tags are changed without touching the rest.
bool differs_beyond(const Properties& a, const Properties& b, std::string_view name);

// The answer to "is it done?".
struct Progress {
  enum class State : uint8_t { Ready, InProgress, Failed };
  State state = State::Ready;
  std::string reason = {};          // Of Failed: AWS's words.
  formats::Object attributes = {};  // Of Ready: laid over those known.
  std::string physical_id =
      {};  // Of Ready: when it is other than what was known (custom resources).
};
Progress ready(formats::Object attributes = {});
Progress in_progress();
Progress failed(std::string reason);

enum class Removal : uint8_t { Delete, Snapshot };

// One type, for example AWS::EC2::VPC. Stateless but for references to its service; any thread;
// every function runs inside the transaction of `context.call`, which also records the result: the
// resource and the record of it commit together. A thrown ServiceError undoes what the action wrote
// and fails the resource with the error's message. Nothing may wait: what takes time is started and
// then polled.
class ResourceType {
 public:
  virtual ~ResourceType() = default;

  virtual std::string_view name() const = 0;
  virtual std::span<const PropertySchema> properties() const = 0;
  // What GetAtt may name; "Outputs.*" stands for any name after the dot.
  virtual std::span<const std::string_view> attributes() const = 0;

  virtual Created create(Context& context, const Properties& wanted) const = 0;
  // Only for properties that need no replacement; `was.properties` are those before. Also when only the
  // stack's tags have changed, for types with the property Tags. After it check() is polled.
  virtual void update(Context& context, const Existing& was, const Properties& wanted) const = 0;
  // Starts the removal. A resource that is gone already is success. May be asked of one that is
  // still being made or whose making failed. After it check_removed() is polled.
  virtual void remove(Context& context, const Existing& resource, Removal removal) const = 0;

  // Polled after create() and update() until not InProgress. `resource.properties` are those
  // wanted.
  virtual Progress check(Context&, const Existing&) const { return ready(); }
  virtual Progress check_removed(Context&, const Existing&) const { return ready(); }

  // Whether a change of a property that is Update::Conditional means replacement.
  virtual bool replaces(const Properties& was, const Properties& wanted,
                        std::string_view property) const;
  // What the template's properties would be for the resource as it is now (drift); nothing: not
  // told.
  virtual std::optional<formats::Value> read(Context&, const Existing&) const {
    return std::nullopt;
  }

  // Whether remove() understands Removal::Snapshot.
  virtual bool takes_snapshots() const { return false; }
  // Where the template names no DeletionPolicy.
  virtual Removal default_removal(const Properties&) const { return Removal::Delete; }
  // The keys of UpdatePolicy that update() and check() obey, and "CreationPolicy" when the type can
  // be asked to wait for signals (the engine does the waiting), "AutoScalingCreationPolicy" when for a
  // part of them.
  virtual std::span<const std::string_view> policies() const { return {}; }
  // How long creating, updating or removing may stay InProgress before it counts as failed.
  virtual std::chrono::seconds patience() const { return std::chrono::hours(2); }
};

// The types that exist. Filled before use, then only read; any thread.
class TypeRegistry {
 public:
  void add(std::unique_ptr<ResourceType> type);
  // "Custom::Anything" finds AWS::CloudFormation::CustomResource. Null when there is none.
  const ResourceType* find(std::string_view name) const;
  std::vector<std::string_view> names() const;

 private:
  std::map<std::string, std::unique_ptr<ResourceType>, std::less<>> types_;
};

}  // namespace holm::stacks
