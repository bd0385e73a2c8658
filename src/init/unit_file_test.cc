// The syntax of unit files, of command lines, of environment files and of lengths of time.

#include "init/unit_file.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "init/command_line.h"
#include "init/environment.h"
#include "init/time_span.h"
#include "init/unit_name.h"

namespace holm::init {
namespace {

std::optional<std::string> specifier(char letter) {
  if (letter == 'n') return "web@1.service";
  if (letter == 'i') return "1";
  return std::nullopt;
}

std::string shown(const UnitFile& file) {
  std::string text;
  for (const Assignment& each : file.assignments) {
    text += std::to_string(each.line) + ":" + each.section + "." + each.key + "=" + each.value + "\n";
  }
  for (const Remark& each : file.remarks) text += std::to_string(each.line) + "!" + each.text + "\n";
  return text;
}

TEST(UnitFiles, AreSectionsOfAssignments) {
  struct Case {
    const char* what;
    const char* text;
    const char* shown;
  };
  const Case cases[] = {
      {"nothing", "", ""},
      {"comments and blanks around", "# a\n; b\n[Unit]\n  Description = A b  \n", "4:Unit.Description=A b\n"},
      {"a value with an equals sign", "[Service]\nEnvironment=A=b\n", "2:Service.Environment=A=b\n"},
      {"an empty value", "[Service]\nExecStart=\n", "2:Service.ExecStart=\n"},
      {"a continued line is known by its first", "[Service]\nExecStart=/a \\\n  b \\\n c\nUser=d\n",
       "2:Service.ExecStart=/a  b  c\n5:Service.User=d\n"},
      {"a comment within a continued line", "[Unit]\nAfter=a \\\n# b\n c\n", "2:Unit.After=a  c\n"},
      {"the end of the file within a continued line", "[Unit]\nAfter=a \\", "2:Unit.After=a\n"},
      {"lines with carriage returns", "[Unit]\r\nAfter=a\r\n", "2:Unit.After=a\n"},
      {"no assignment", "[Unit]\nnonsense\nAfter=a\n", "3:Unit.After=a\n2!not an assignment: NAME=VALUE\n"},
      {"no section", "After=a\n", "1!an assignment outside of a section\n"},
      {"half a section", "[Unit\nAfter=a\n",
       "1!a section's name ends with ]\n2!an assignment outside of a section\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(shown(parse_unit_file(c.text, "x.service")), c.shown);
  }
}

TEST(UnitFiles, AreBounded) {
  std::string text = "[Unit]\n";
  for (int i = 0; i < 20'000; ++i) text += "After=a.service\n";
  const UnitFile file = parse_unit_file(text, "x.service");
  EXPECT_EQ(file.assignments.size(), 10'000u);
  ASSERT_EQ(file.remarks.size(), 1u);
  EXPECT_EQ(parse_unit_file("[Unit]\n#" + std::string(2 << 20, 'a'), "x").remarks.size(), 1u);
}

std::string shown(const std::vector<Command>& commands) {
  std::string text;
  for (const Command& each : commands) {
    text += each.ignores_failure ? "-" : "";
    text += each.keeps_variables ? ":" : "";
    text += each.is_privileged ? "+" : "";
    if (!each.shown_name.empty()) text += "@" + each.shown_name + " ";
    text += join(each.words, "|") + "\n";
  }
  return text;
}

TEST(CommandLines, HaveWordsQuotesEscapesPrefixesAndSpecifiers) {
  struct Case {
    const char* line;
    const char* shown;
  };
  const Case cases[] = {
      {"", ""},
      {"/bin/a b  c", "/bin/a|b|c\n"},
      {"name-in-path b", "name-in-path|b\n"},
      {R"(/a "b c" 'd "e"' f"g h"i)", "/a|b c|d \"e\"|fg hi\n"},
      {R"(/a "" '')", "/a||\n"},
      {R"(/a \x41\101\tb\sc \u00e4 \q)", "/a|AA\tb c|\xc3\xa4|\\q\n"},
      {R"(/a 'it\'s' "q\"")", "/a|it's|q\"\n"},
      {"-/a", "-/a\n"},
      {"-+:/a", "-:+/a\n"},
      {"@/bin/sh -sh -c x", "@-sh /bin/sh|-c|x\n"},
      {"/a b ; /c d", "/a|b\n/c|d\n"},
      {R"(/a b \; c ";" d;)", "/a|b|;|c|;|d;\n"},
      {"/a %n %%i %i", "/a|web@1.service|%i|1\n"},
      {"/a 100%", "/a|100%\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.line);
    auto commands = parse_commands(c.line, specifier);
    ASSERT_TRUE(commands) << commands.error().message;
    EXPECT_EQ(shown(*commands), c.shown);
  }
}

TEST(CommandLines, ThatMakeNoSenseSayWhy) {
  for (const char* line : {"/a \"b", "/a 'b", "/a %z", "-", "a/b", "/a/ b", "/a ; -"}) {
    SCOPED_TRACE(line);
    EXPECT_FALSE(parse_commands(line, specifier));
  }
}

TEST(CommandLines, TakeVariables) {
  Environment environment;
  environment.set("ONE", "1");
  environment.set("TWO", "a 'b c'");
  environment.set("EMPTY", "");
  struct Case {
    const char* line;
    const char* shown;
  };
  const Case cases[] = {
      {"/a $ONE ${ONE} x${ONE}y x$ONE", "/a|1|1|x1y|x$ONE"},
      {"/a $TWO ${TWO}", "/a|a|b c|a 'b c'"},
      {"/a $EMPTY ${EMPTY} $MISSING ${MISSING} b", "/a|||b"},
      {"/a $$ONE 5$ ${ ${no-name}", "/a|$ONE|5$|${|${no-name}"},
      {":/a $ONE ${ONE}", "/a|$ONE|${ONE}"},
      {"/bin/$ONE", "/bin/$ONE"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.line);
    auto commands = parse_commands(c.line, specifier);
    ASSERT_TRUE(commands);
    EXPECT_EQ(join(expand_variables(commands->front(), environment), "|"), c.shown);
  }
}

TEST(EnvironmentFiles, AreLinesAsAShellWritesThem) {
  struct Case {
    const char* what;
    const char* text;
    const char* shown;
  };
  const Case cases[] = {
      {"plain", "A=1\nB=two words  \n", "A=1|B=two words"},
      {"comments, blanks, words", "# A=1\n\n; B=2\nexport C\n D = 4\n", "D=4"},
      {"quotes", "A='x $y \\z'\nB=\"q\\\"r\\$s \"\nC=a'b'c\n", "A=x $y \\z|B=q\"r$s |C=abc"},
      {"a quoted line end", "A=\"x\ny\"\nB=2", "A=x\ny|B=2"},
      {"continued", "A=x\\\ny\n", "A=xy"},
      {"an empty value does not take the next line", "A=\nB=2\n", "A=|B=2"},
      {"a password with what shells would take", "P=a#b!c%d\n", "P=a#b!c%d"},
      {"no name", "=1\n1A=2\nA-B=3\n", ""},
      {"an open quote ends with the file", "A='x", "A=x"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(join(parse_environment_file(c.text), "|"), c.shown);
  }
}

TEST(TimeSpans, AreNumbersWithUnits) {
  struct Case {
    const char* text;
    std::optional<int64_t> microseconds;
    const char* shown;
  };
  const Case cases[] = {
      {"90", 90'000'000, "1min 30s"},
      {"1min 30s", 90'000'000, "1min 30s"},
      {"1.5h", 5'400'000'000, "1h 30min"},
      {"250ms", 250'000, "250ms"},
      {"2 d 3hours", 183'600'000'000, "2d 3h"},
      {"0", 0, "0"},
      {"infinity", Duration::max().count(), "infinity"},
      {"", std::nullopt, ""},
      {"soon", std::nullopt, ""},
      {"5 parsecs", std::nullopt, ""},
      {"-5", std::nullopt, ""},
      {"99999999999999999999", std::nullopt, ""},
      {"9999999999y", std::nullopt, ""},
      {".", std::nullopt, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto span = parse_time_span(c.text);
    EXPECT_EQ(span ? std::optional(span->count()) : std::nullopt, c.microseconds);
    if (span) EXPECT_EQ(time_span_text(*span), c.shown);
  }
}

TEST(UnitNames, HaveParts) {
  EXPECT_TRUE(is_unit_name("a.service"));
  EXPECT_TRUE(is_unit_name("a@b-c\\x2d.service"));
  for (const char* name : {"", "a", ".service", "a.exe", "a b.service", "../a.service", "@a.service"}) {
    EXPECT_FALSE(is_unit_name(name)) << name;
  }
  EXPECT_FALSE(is_unit_name(std::string(300, 'a') + ".service"));
  EXPECT_EQ(with_suffix("a"), "a.service");
  EXPECT_EQ(with_suffix("a.target"), "a.target");
  EXPECT_EQ(with_suffix("php8.2-fpm"), "php8.2-fpm.service");
  EXPECT_EQ(prefix_of("a@b.service"), "a");
  EXPECT_EQ(instance_of("a@b@c.service"), "b@c");
  EXPECT_EQ(template_of("a@b.service"), "a@.service");
  EXPECT_EQ(template_of("a.service"), "");
  EXPECT_TRUE(is_template("a@.service"));
  EXPECT_FALSE(is_template("a@b.service"));
  EXPECT_EQ(unescape_name("var-lib\\x2dx-a"), "var/lib-x/a");
}

}  // namespace
}  // namespace holm::init
