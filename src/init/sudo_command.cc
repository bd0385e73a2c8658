// sudo: scripts are written for users who are not root, and in an instance they are.

#include <grp.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/strings.h"
#include "init/accounts.h"
#include "init/commands.h"
#include "init/files.h"
#include "init/sudo_words.h"

namespace holm::init {

namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* kAlwaysKept[] = {"TERM", "LANG", "LC_ALL", "DISPLAY", "TZ", "SSH_CONNECTION"};

int fail(const std::string& why) {
  fputs(("sudo: " + why + "\n").c_str(), stderr);
  return 1;
}

// What was set before is forgotten, but for what is to be kept.
std::vector<std::string> environment_of(const SudoWords& words, const Identity& target) {
  std::vector<std::string> made;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view name = std::string_view(*each).substr(0, std::string_view(*each).find('='));
    bool is_kept = words.keeps_environment && name != "PATH" && name != "HOME" && name != "USER" &&
                   name != "LOGNAME" && name != "SHELL";
    for (const char* kept : kAlwaysKept) is_kept = is_kept || name == kept;
    for (const std::string& kept : words.kept) is_kept = is_kept || name == kept;
    if (is_kept) made.emplace_back(*each);
  }
  made.push_back(std::string("PATH=") + kPath);
  made.push_back("HOME=" + target.home);
  made.push_back("USER=" + target.name);
  made.push_back("LOGNAME=" + target.name);
  made.push_back("SHELL=" + target.shell);
  made.push_back("SUDO_USER=" + user_name(read_account_files(), getuid()));
  made.push_back("SUDO_UID=" + std::to_string(getuid()));
  made.push_back("SUDO_GID=" + std::to_string(getgid()));
  made.push_back("SUDO_COMMAND=" + join(words.command, " "));
  made.insert(made.end(), words.variables.begin(), words.variables.end());
  return made;
}

// A word that a shell takes for exactly these bytes.
std::string quoted(const std::string& word) { return "'" + replace_all(word, "'", "'\\''") + "'"; }

std::vector<std::string> command_of(const SudoWords& words, const Identity& target) {
  if (words.shell == SudoWords::Shell::None) return words.command;
  std::vector<std::string> made = {
      words.shell == SudoWords::Shell::Login ? "-" + std::string(base_name(target.shell)) : target.shell};
  if (words.command.empty()) return made;
  std::string line;
  for (const std::string& word : words.command) line += (line.empty() ? "" : " ") + quoted(word);
  made.insert(made.end(), {"-c", line});
  return made;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> made;
  for (std::string& each : texts) made.push_back(each.data());
  made.push_back(nullptr);
  return made;
}

}  // namespace

int run_sudo(const std::vector<std::string>& words) {
  const auto parsed = parse_sudo(words);
  if (!parsed) return fail(parsed.error().message);
  if (getuid() != 0) return fail("programs in an instance gain no rights; log in as root with the same key");
  if (parsed->does_nothing && parsed->command.empty()) return 0;
  // "#1000" is a number.
  const std::string user = parsed->user.starts_with('#') ? parsed->user.substr(1) : parsed->user;
  const auto target = find_identity(read_account_files(), user, parsed->group, {});
  if (!target) return fail(target.error().message);
  std::vector<std::string> environment = environment_of(*parsed, *target);
  std::vector<std::string> command = command_of(*parsed, *target);
  const std::string program = parsed->shell == SudoWords::Shell::None ? command.front() : target->shell;
  if (setgroups(target->additional_groups.size(), target->additional_groups.data()) != 0 ||
      setgid(target->group) != 0 || setuid(target->user) != 0) {
    return fail(std::string("cannot become ") + target->name + ": " + strerror(errno));
  }
  if (parsed->shell == SudoWords::Shell::Login && chdir(target->home.c_str()) != 0) {
    fputs(("sudo: " + target->home + ": " + strerror(errno) + "\n").c_str(), stderr);
  }
  setenv("PATH", kPath, 1);  // Where the program is looked for.
  execvpe(program.c_str(), pointers_to(command).data(), pointers_to(environment).data());
  const int error = errno;
  fail(program + ": " + (error == ENOENT ? "command not found" : strerror(error)));
  return error == ENOENT ? 127 : 126;
}

}  // namespace holm::init
