// Command-line options: strictly typed, the same words for the same thing in every command.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/output.h"
#include "apps/common/text.h"
#include "engine/core/device.h"

// CLI11 itself is included by cli.cpp and program.cpp only: it takes longer to compile than any command.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mosaic::apps {

// What a command gets from the program, and the action it leaves behind: options are declared first, then the
// line is parsed, then the chosen action runs. Actions report failure by throwing.
struct Program {
  bool json = false;  // a last line of JSON on standard output
  std::function<void()> action;
  int exit_code = 0;  // for commands whose answer is yes or no (selftest, data check)
};

// One command of the table in main.cpp. `declare` adds its options (and sub-commands) to `app` and makes the
// parse set program.action.
struct Command {
  const char* name;
  const char* summary;
  void (*declare)(CLI::App& app, Program& program);
};

// Options take one value each and may be given once. All return CLI11's option, for required().
CLI::Option* text_option(CLI::App& app, const std::string& flags, std::string& value,
                         const std::string& help);
CLI::Option* path_option(CLI::App& app, const std::string& flags, std::filesystem::path& value,
                         const std::string& help);
CLI::Option* integer_option(CLI::App& app, const std::string& flags, int64_t& value, int64_t low,
                            int64_t high, const std::string& help);
CLI::Option* integer_option(CLI::App& app, const std::string& flags, std::optional<int64_t>& value,
                            int64_t low, int64_t high, const std::string& help);
CLI::Option* number_option(CLI::App& app, const std::string& flags, double& value, double low, double high,
                           const std::string& help);
CLI::Option* number_option(CLI::App& app, const std::string& flags, std::optional<double>& value, double low,
                           double high, const std::string& help);
CLI::Option* choice_option(CLI::App& app, const std::string& flags, std::string& value,
                           const std::vector<std::string>& allowed, const std::string& help);
CLI::Option* duration_option(CLI::App& app, const std::string& flags, std::optional<double>& seconds,
                             const std::string& help);
// May be repeated; each takes exactly one value, so positional words that follow are not swallowed.
CLI::Option* texts_option(CLI::App& app, const std::string& flags, std::vector<std::string>& values,
                          const std::string& help);
// Words without a flag.
CLI::Option* words(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                   const std::string& help);
CLI::Option* word(CLI::App& app, const std::string& name, std::string& value, const std::string& help);

// A sub-command; one of them must be given; a switch; an option that must be given.
CLI::App& sub_command(CLI::App& app, const std::string& name, const std::string& help);
void need_sub_command(CLI::App& app);
void flag(CLI::App& app, const std::string& flags, bool& value, const std::string& help);
void required(CLI::Option* option);

// --json
void json_flag(CLI::App& app, Program& program);
// --threads N, applied before the action runs.
void threads_option(CLI::App& app);
// --device cpu, cuda or cuda:N, applied before the action runs: where models are put from then on. UsageError
// for other words, DeviceError saying why when there is no such device.
void device_option(CLI::App& app);
Device compute_device();
// Lines under "Examples:" of --help.
void examples(CLI::App& app, const std::vector<std::string>& lines);
// The action of a command or sub-command, run after the whole line was understood.
void on_chosen(CLI::App& app, Program& program, std::function<void()> action);

// Parses and runs; returns the process's exit code: 0, 1 failure, 2 usage, 130 interrupted. Never throws.
int run_program(const std::vector<Command>& commands, int argc, char** argv);

}  // namespace mosaic::apps
