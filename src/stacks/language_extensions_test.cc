// Loops and computed policies become a template without them.

#include "stacks/language_extensions.h"

#include <gtest/gtest.h>

#include "formats/json.h"

namespace holm::stacks {
namespace {

// What the section becomes, as JSON, or "error: …".
std::string expanded(const std::string& text, std::string_view section) {
  auto root = parse_template_text("Transform: AWS::LanguageExtensions\n" + text);
  if (!root) return root.error().describe();
  const PseudoParameters pseudo{.account_id = "111122223333", .region = "eu-test-1", .stack_name = "s"};
  std::map<std::string, formats::Value> parameters;
  parameters["Names"] = formats::Array{"a", "b"};
  parameters["Policy"] = "Retain";
  auto result = expand_language_extensions(*root, {.pseudo = pseudo, .parameters = parameters});
  if (!result) return "error: " + result.error().message;
  auto read = read_template(*result);
  if (!read) return "unreadable: " + read.error().describe();
  return formats::write_json(*result->find(section));
}

constexpr char kHead[] = R"(
Parameters: {Names: {Type: CommaDelimitedList, Default: 'a,b'}, Policy: {Type: String, Default: Retain}}
Mappings: {M: {eu-test-1: {zones: [x, y]}}}
Conditions: {Keeps: !Equals [!Ref Policy, Retain]}
)";
constexpr char kOne[] = "Resources: {One: {Type: T}}\n";

struct Row {
  const char* what;
  std::string text;
  const char* section;
  const char* result;
};

TEST(LanguageExtensions, UnrollLoops) {
  const Row rows[] = {
      {"a list that is written out", "Resources: {'Fn::ForEach::L': [N, [a, b], {'R${N}': {Type: T}}]}\n",
       "Resources", R"({"Ra":{"Type":"T"},"Rb":{"Type":"T"}})"},
      {"a parameter, and the identifier in values",
       "Resources: {'Fn::ForEach::L': [N, !Ref Names, {'R${N}': {Type: T, Properties: {A: !Ref N, B: "
       "'x-${N}'}}}]}\n",
       "Resources",
       R"({"Ra":{"Type":"T","Properties":{"A":"a","B":"x-a"}},)"
       R"("Rb":{"Type":"T","Properties":{"A":"b","B":"x-b"}}})"},
      {"a list of a mapping",
       "Resources: {'Fn::ForEach::L': [N, !FindInMap [M, !Ref AWS::Region, zones], {'R${N}': {Type: T}}]}\n",
       "Resources", R"({"Rx":{"Type":"T"},"Ry":{"Type":"T"}})"},
      {"what no name may have in it is left out after &",
       "Resources: {'Fn::ForEach::L': [N, ['10.0/8'], {'R&{N}': {Type: T, Properties: {A: !Ref N}}}]}\n",
       "Resources", R"({"R1008":{"Type":"T","Properties":{"A":"10.0/8"}}})"},
      {"loops in loops, beside what is there",
       "Resources: {A: {Type: T}, 'Fn::ForEach::L': [N, [b], {'Fn::ForEach::M': [P, [c, d], {'R${N}${P}': "
       "{Type: "
       "T}}]}]}\n",
       "Resources", R"({"A":{"Type":"T"},"Rbc":{"Type":"T"},"Rbd":{"Type":"T"}})"},
      {"properties",
       "Resources: {A: {Type: T, Properties: {'Fn::ForEach::L': [N, [a, b], {'P${N}': !Ref N}]}}}\n",
       "Resources", R"({"A":{"Type":"T","Properties":{"Pa":"a","Pb":"b"}}})"},
      {"outputs that name what loops made",
       "Resources: {'Fn::ForEach::L': [N, [a], {'R${N}': {Type: T}}]}\n"
       "Outputs: {'Fn::ForEach::O': [N, [a], {'O${N}': {Value: !GetAtt [!Sub 'R${N}', Arn]}}]}\n",
       "Outputs", R"({"Oa":{"Value":{"Fn::GetAtt":["Ra","Arn"]}}})"},
      {"a policy that is a parameter", "Resources: {A: {Type: T, DeletionPolicy: !Ref Policy}}\n",
       "Resources", R"({"A":{"Type":"T","DeletionPolicy":"Retain"}})"},
      {"a policy by condition",
       "Resources: {A: {Type: T, UpdateReplacePolicy: !If [Keeps, Retain, Delete]}}\n", "Resources",
       R"({"A":{"Type":"T","UpdateReplacePolicy":"Retain"}})"},
      {"what is no list", "Resources: {'Fn::ForEach::L': [N, a, {'R${N}': {Type: T}}]}\n", "Resources",
       "error: Template error: the collection of Fn::ForEach must be a list."},
      {"one name twice", "Resources: {'Fn::ForEach::L': [N, [a, b], {R: {Type: T}}]}\n", "Resources",
       "error: Template format error: R is there twice."},
      {"an identifier that is a parameter", "Resources: {'Fn::ForEach::L': [Names, [a], {R: {Type: T}}]}\n",
       "Resources", "error: Template error: the identifier Names of Fn::ForEach is a name already."},
      {"too few parts", "Resources: {'Fn::ForEach::L': [N, [a]]}\n", "Resources",
       "error: Template error: Fn::ForEach requires an identifier, a collection and an object."},
  };
  for (const Row& row : rows) {
    const std::string text = kHead + row.text;
    EXPECT_EQ(expanded(text, row.section), row.result) << row.what;
  }
}

TEST(LanguageExtensions, AreOfTemplatesOnly) {
  const PseudoParameters pseudo{.account_id = "111122223333", .region = "eu-test-1", .stack_name = "s"};
  const std::map<std::string, formats::Value> none;
  const formats::Value roots[] = {formats::Value(), formats::Value("text"), formats::Value(formats::Array{"a"})};
  for (const formats::Value& root : roots) {
    auto refused = expand_language_extensions(root, {.pseudo = pseudo, .parameters = none});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "Template format error: unsupported structure.");
  }
}

TEST(LanguageExtensions, AreBounded) {
  std::string loops = "{'R${A}${B}${C}${D}${E}': {Type: T}}";
  for (const char* name : {"E", "D", "C", "B", "A"}) {
    std::string items;
    for (int i = 0; i < 20; ++i) items += (i ? "," : "") + std::string("x") + std::to_string(i);
    loops = "{'Fn::ForEach::L" + std::string(name) + "': [" + name + ", [" + items + "], " + loops + "]}";
  }
  const std::string result = expanded(kHead + ("Resources: " + loops + "\n"), "Resources");
  EXPECT_TRUE(result.starts_with("error: Template")) << result.substr(0, 200);
}

TEST(LanguageExtensions, FunctionsNeedTheTransform) {
  const std::string text =
      std::string(kHead) + kOne + "Outputs: {O: {Value: !Sub ['${n}', {n: {'Fn::Length': !Ref Names}}]}}\n";
  EXPECT_EQ(parse_template(text).error().message,
            "Template error: Fn::Length requires the transform AWS::LanguageExtensions.");
  EXPECT_TRUE(parse_template("Transform: AWS::LanguageExtensions\n" + text));
}

}  // namespace
}  // namespace holm::stacks
