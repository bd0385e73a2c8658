// What sudo is told.

#include "init/sudo_words.h"

#include <gtest/gtest.h>

namespace holm::init {
namespace {

using Words = std::vector<std::string>;

TEST(SudoWords, OptionsEndWhereTheCommandBegins) {
  const auto words = parse_sudo({"-u", "ec2-user", "-E", "A=b", "ls", "-l", "-u"});
  ASSERT_TRUE(words);
  EXPECT_EQ(words->user, "ec2-user");
  EXPECT_TRUE(words->keeps_environment);
  EXPECT_EQ(words->variables, Words{"A=b"});
  EXPECT_EQ(words->command, (Words{"ls", "-l", "-u"}));
}

TEST(SudoWords, LettersAndValuesMayStandTogether) {
  const auto words = parse_sudo({"-nHuwww-data", "--preserve-env=A,B", "--group=adm", "--", "-x"});
  ASSERT_TRUE(words);
  EXPECT_EQ(words->user, "www-data");
  EXPECT_EQ(words->group, "adm");
  EXPECT_EQ(words->kept, (Words{"A", "B"}));
  EXPECT_EQ(words->command, Words{"-x"});
}

TEST(SudoWords, ShellsNeedNoCommand) {
  EXPECT_EQ(parse_sudo({"-i"})->shell, SudoWords::Shell::Login);
  EXPECT_EQ(parse_sudo({"-su", "a"})->user, "a");
  EXPECT_TRUE(parse_sudo({"-v"})->does_nothing);
}

TEST(SudoWords, WhatIsNotUnderstoodIsRefused) {
  EXPECT_FALSE(parse_sudo({}));
  EXPECT_FALSE(parse_sudo({"-u"}));
  EXPECT_FALSE(parse_sudo({"-e", "/etc/hosts"}));
  EXPECT_FALSE(parse_sudo({"--host=other", "ls"}));
}

}  // namespace
}  // namespace holm::init
