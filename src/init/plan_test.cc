// Which units a wish starts and stops, in which order, and how services are judged when they end.

#include "init/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "init/control_message.h"
#include "init/entry_text.h"
#include "init/journal.h"
#include "init/notify_socket.h"
#include "init/restart.h"

namespace holm::init {
namespace {

// Units as texts; a name without text is not there.
class Units final : public UnitSource {
 public:
  explicit Units(const std::map<std::string, std::string>& texts) {
    for (const auto& [name, text] : texts) {
      Unit& unit = units_[name];
      unit.name = name;
      unit.names = {name};
      const std::string whole =
          "[Unit]\n" + text + (name.ends_with(".service") ? "\n[Service]\nExecStart=/bin/a\n" : "\n");
      apply_assignments(unit, parse_unit_file(whole, name), name, [](char) { return std::nullopt; });
      check_unit(unit);
    }
  }
  const Unit& unit(const std::string& name) override {
    Unit& found = units_[name];
    if (!found.name.empty()) return found;
    found.name = name;
    found.names = {name};
    found.load_state = LoadState::NotFound;
    return found;
  }
  bool is_active(const std::string& name) override { return active.contains(name); }
  std::vector<std::string> active_units() override { return {active.begin(), active.end()}; }

  std::set<std::string> active;

 private:
  std::map<std::string, Unit> units_;
};

std::string shown(const Result<Plan>& plan) {
  if (!plan) return "! " + plan.error().message;
  std::vector<std::string> words;
  for (const PlannedJob& job : plan->jobs) {
    words.push_back((job.kind == JobKind::Start ? "+" : job.kind == JobKind::Stop ? "-" : "~") + job.unit);
  }
  std::ranges::sort(words);
  std::string text = join(words, " ");
  for (const std::string& note : plan->notes) text += "; " + note;
  return text;
}

TEST(Plans, StartWhatIsRequiredAndWanted) {
  struct Case {
    const char* what;
    std::map<std::string, std::string> units;
    std::set<std::string> active;
    const char* plan;
  };
  const Case cases[] = {
      {"alone", {{"a.service", ""}}, {}, "+a.service"},
      {"what runs already", {{"a.service", ""}}, {"a.service"}, ""},
      {"not there", {}, {}, "! Unit a.service not found."},
      {"with what it requires",
       {{"a.service", "Requires=b.service"}, {"b.service", "BindsTo=c.service"}, {"c.service", ""}},
       {},
       "+a.service +b.service +c.service"},
      {"what it requires is not there",
       {{"a.service", "Requires=b.service"}},
       {},
       "! Unit b.service not found."},
      {"what it wants is not there",
       {{"a.service", "Wants=b.service"}},
       {},
       "+a.service; a.service wants b.service, which is not there"},
      {"what it wants cannot be started",
       {{"a.service", "Wants=b.service"}, {"b.service", "Requires=c.service"}},
       {},
       "+a.service; b.service is not started: Unit c.service not found."},
      {"circles of requirements are no trouble",
       {{"a.service", "Requires=b.service"}, {"b.service", "Requires=a.service"}},
       {},
       "+a.service +b.service"},
      {"a requisite that does not run",
       {{"a.service", "Requisite=b.service"}, {"b.service", ""}},
       {},
       "! it needs b.service, which does not run"},
      {"what conflicts is stopped, with what needs it",
       {{"a.service", "Conflicts=b.service"}, {"b.service", ""}, {"c.service", "Requires=b.service"}},
       {"b.service", "c.service"},
       "+a.service -b.service -c.service"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Units units(c.units);
    units.active = c.active;
    EXPECT_EQ(shown(plan_start(units, {"a.service"})), c.plan);
  }
}

TEST(Plans, LeaveOutWhatIsOnlyWantedToBreakACycle) {
  Units boot({{"m.target", "Wants=a.service b.service"},
              {"a.service", "After=b.service"},
              {"b.service", "After=a.service"}});
  EXPECT_EQ(shown(plan_start(boot, {"m.target"})),
            "+b.service +m.target; the order is cyclic: a.service before b.service before a.service; "
            "a.service is left out");
  Units required({{"a.service", "Requires=b.service\nAfter=b.service"}, {"b.service", "After=a.service"}});
  EXPECT_TRUE(shown(plan_start(required, {"a.service"})).starts_with("! Transaction order is cyclic: "));
}

TEST(Plans, StopAndRestartWhatIsBound) {
  Units units({{"a.service", ""},
               {"b.service", "PartOf=a.service"},
               {"c.service", "Requires=b.service"},
               {"d.service", "Wants=a.service"},
               {"e.service", "PartOf=a.service"}});
  units.active = {"a.service", "b.service", "c.service", "d.service"};
  EXPECT_EQ(shown(plan_stop(units, {"a.service"})), "-a.service -b.service -c.service");
  EXPECT_EQ(shown(plan_restart(units, {"a.service"})), "~a.service ~b.service ~c.service");
  EXPECT_EQ(shown(plan_restart(units, {"e.service"})), "~e.service") << "one that does not run is started";
  EXPECT_EQ(shown(plan_restart(units, {"none.service"})), "! Unit none.service not found.");
}

TEST(Orders, AreKeptByStartsAndTurnedRoundByStops) {
  Units units({{"first.service", ""},
               {"second.service", "After=first.service"},
               {"other.service", ""},
               {"m.target", "Wants=second.service late.service"},
               {"late.service", "After=m.target"}});
  const Unit& first = units.unit("first.service");
  const Unit& second = units.unit("second.service");
  const Unit& other = units.unit("other.service");
  using enum JobKind;
  EXPECT_TRUE(waits_for(second, Start, first, Start));
  EXPECT_FALSE(waits_for(first, Start, second, Start));
  EXPECT_TRUE(waits_for(first, Stop, second, Stop));
  EXPECT_FALSE(waits_for(second, Stop, first, Stop));
  EXPECT_TRUE(waits_for(first, Start, second, Stop)) << "what ends goes first";
  EXPECT_TRUE(waits_for(second, Start, first, Restart));
  EXPECT_FALSE(waits_for(second, Stop, first, Start));
  EXPECT_FALSE(waits_for(other, Start, first, Start));
  const Unit& target = units.unit("m.target");
  EXPECT_TRUE(is_before(second, target)) << "a target is reached after what it wants";
  EXPECT_FALSE(is_before(units.unit("late.service"), target)) << "unless that says otherwise";
  EXPECT_TRUE(is_before(target, units.unit("late.service")));
}

ProcessEnd code(int number) { return {.number = number}; }
ProcessEnd killed(int number) { return {.is_signal = true, .number = number}; }

TEST(Services, AreJudgedByHowTheirProcessEnds) {
  ExitSet success{.codes = {143}, .signals = {SIGUSR1}};
  EXPECT_EQ(outcome_of(code(0), EndOf::Command, {}), Outcome::Success);
  EXPECT_EQ(outcome_of(code(1), EndOf::Daemon, {}), Outcome::ExitCode);
  EXPECT_EQ(outcome_of(code(143), EndOf::Daemon, success), Outcome::Success);
  EXPECT_EQ(outcome_of(killed(SIGTERM), EndOf::Daemon, {}), Outcome::Success);
  EXPECT_EQ(outcome_of(killed(SIGTERM), EndOf::Command, {}), Outcome::Signal);
  EXPECT_EQ(outcome_of(killed(SIGKILL), EndOf::Daemon, {}), Outcome::Signal);
  EXPECT_EQ(outcome_of(killed(SIGUSR1), EndOf::Daemon, success), Outcome::Success);
  EXPECT_EQ(outcome_of({.is_signal = true, .dumped_core = true, .number = SIGSEGV}, EndOf::Daemon, {}),
            Outcome::CoreDump);
  EXPECT_EQ(describe(code(203)), "code=exited, status=203/EXEC");
  EXPECT_EQ(describe(killed(SIGKILL)), "code=killed, status=9/KILL");
}

TEST(Services, StartAgainByTheirPolicy) {
  struct Row {
    RestartPolicy policy;
    const char* outcomes;  // Of success, exit code, signal, timeout, watchdog: which start it again.
  };
  const Row rows[] = {
      {RestartPolicy::No, "-----"},         {RestartPolicy::Always, "+++++"},
      {RestartPolicy::OnSuccess, "+----"},  {RestartPolicy::OnFailure, "-++++"},
      {RestartPolicy::OnAbnormal, "--+++"}, {RestartPolicy::OnAbort, "--+--"},
      {RestartPolicy::OnWatchdog, "----+"},
  };
  constexpr Outcome kOutcomes[] = {Outcome::Success, Outcome::ExitCode, Outcome::Signal, Outcome::Timeout,
                                   Outcome::Watchdog};
  for (const Row& row : rows) {
    Service service{.restart = row.policy};
    std::string shown;
    for (const Outcome outcome : kOutcomes) shown += starts_again(service, outcome, code(7)) ? '+' : '-';
    EXPECT_EQ(shown, row.outcomes) << static_cast<int>(row.policy);
  }
  Service never{.restart = RestartPolicy::Always, .prevents_restart = {.codes = {23}, .signals = {}}};
  EXPECT_FALSE(starts_again(never, Outcome::ExitCode, code(23)));
  EXPECT_TRUE(starts_again(never, Outcome::ExitCode, code(24)));
  Service forced{.forces_restart = {.codes = {}, .signals = {SIGUSR2}}};
  EXPECT_TRUE(starts_again(forced, Outcome::Signal, killed(SIGUSR2)));
  EXPECT_FALSE(starts_again(never, Outcome::ConditionFailed, code(1)));
}

TEST(Services, AreNotStartedTooOften) {
  StartLimit limit;
  const Duration ten(10'000'000);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limit.allow(Duration(i * 1'000'000), ten, 5));
  EXPECT_FALSE(limit.allow(Duration(9'000'000), ten, 5));
  EXPECT_TRUE(limit.allow(Duration(10'000'001), ten, 5)) << "the first is long ago";
  EXPECT_FALSE(limit.allow(Duration(10'000'002), ten, 5));
  limit.reset();
  EXPECT_TRUE(limit.allow(Duration(10'000'003), ten, 5));
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(limit.allow(Duration(0), Duration(0), 5)) << "no interval is no limit";
}

TEST(Notices, AreLines) {
  const Notice notice = parse_notice("READY=1\nSTATUS=12 pupils\nMAINPID=77\nFROB=1");
  EXPECT_TRUE(notice.is_ready);
  EXPECT_FALSE(notice.is_alive);
  EXPECT_EQ(notice.status, "12 pupils");
  EXPECT_EQ(notice.main_process, 77);
  EXPECT_EQ(parse_notice("MAINPID=1\nREADY=0").main_process, 0);
  EXPECT_FALSE(parse_notice("").is_ready);
}

TEST(JournalEntries, AreLines) {
  const JournalEntry entry{.time = Calendar(1'763'708'760'000'001),
                           .priority = 3,
                           .process = 12,
                           .identifier = "a b",
                           .message = "one\ntwo  "};
  const std::string line = encode_entry(entry);
  EXPECT_EQ(line, "1763708760000001 3 12 a_b one two  \n");
  auto back = parse_entry(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->message, "one two  ");
  EXPECT_EQ(back->process, 12);
  for (const char* wrong : {"", "1", "1 2 3", "1 2 3 a", "x 2 3 a b", "1 9 3 a b", "-1 2 3 a b"}) {
    EXPECT_FALSE(parse_entry(wrong)) << wrong;
  }
  EXPECT_EQ(entry_text(entry, EntryFormat::Cat), "one\ntwo  ");
  std::string_view text = "<3>disk";
  EXPECT_EQ(take_priority(text), 3);
  EXPECT_EQ(text, "disk");
  text = "<x>disk";
  EXPECT_EQ(take_priority(text), 6);
}

TEST(Moments, AreDatesAndDistances) {
  const Calendar now(1'763'708'760'000'000);
  EXPECT_EQ(parse_moment("now", now), now);
  EXPECT_EQ(parse_moment("-1h", now), now - std::chrono::hours(1));
  EXPECT_EQ(parse_moment("5 min ago", now), now - std::chrono::minutes(5));
  EXPECT_EQ(parse_moment("@100", now), Calendar(100'000'000));
  EXPECT_EQ(*parse_moment("2025-11-21 10:00:30", now) - *parse_moment("2025-11-21 10:00", now),
            Calendar(30'000'000));
  for (const char* wrong : {"", "soon", "2025-11", "10", "25:x", "@x"})
    EXPECT_FALSE(parse_moment(wrong, now)) << wrong;
}

TEST(ControlMessages, AreListsOfTexts) {
  const Fields fields{"start", "", std::string("a\0b", 3)};
  const std::string bytes = encode_fields(fields);
  for (size_t length = 0; length < bytes.size(); ++length) {
    auto part = decode_fields(bytes.substr(0, length), 1000);
    ASSERT_TRUE(part);
    EXPECT_FALSE(*part) << length;
  }
  EXPECT_EQ(**decode_fields(bytes, 1000), fields);
  EXPECT_FALSE(decode_fields(bytes, 10)) << "longer than allowed";
  EXPECT_FALSE(decode_fields(std::string("\0\0\0\5\0\0\0\xff\0", 9), 1000)) << "a text longer than the whole";
}

}  // namespace
}  // namespace holm::init
