// run_program: from an argument list to an exit code.
#include <CLI/CLI.hpp>
#include <new>

#include "apps/common/cli.h"
#include "apps/common/interrupt.h"
#include "apps/common/version.h"

namespace mosaic::apps {
namespace {

constexpr int failure = 1, usage = 2, stopped = 130;

void talk_options(CLI::App& app) {
  app.add_flag_callback(
      "-v,--verbose", [] { set_level(Level::verbose); }, "Say more on standard error");
  app.add_flag_callback(
      "-q,--quiet", [] { set_level(Level::quiet); }, "Say nothing but warnings and errors");
  app.add_flag_callback(
      "--no-color", [] { set_plain(); }, "No colours and no progress bars");
  for (CLI::App* sub : app.get_subcommands({})) talk_options(*sub);
}

std::string overview(const std::vector<Command>& commands) {
  std::string text =
      cat("Mosaic ", version_text(), ": trains, searches and extracts translation supernets.\n\n",
          "Usage: mosaic COMMAND [OPTIONS]\n\nCommands:\n");
  for (const Command& command : commands) {
    const std::string name = command.name;
    text += "  " + name + std::string(12 - name.size(), ' ') + command.summary + "\n";
  }
  return text + "\n\"mosaic COMMAND --help\" explains one. \"mosaic --version\" says what this build is.\n";
}

// The innermost (sub-)command that the line chose.
const CLI::App& chosen(const CLI::App& app) {
  const auto inside = app.get_subcommands();
  return inside.empty() ? app : chosen(*inside.back());
}

// CLI11's refusal in our words: what was given, what is near to it.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& inner = chosen(app);
  const std::vector<std::string> extras = app.remaining(true);
  if (!extras.empty() && !extras.front().empty()) {
    const std::string& given = extras.front();
    std::vector<std::string> known;
    if (given[0] == '-') {
      for (const CLI::Option* option : inner.get_options())
        for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    } else {
      for (const CLI::App* sub : inner.get_subcommands({})) known.push_back(sub->get_name());
    }
    const std::string near = nearest(split(given, '=').front(), known);
    return cat("unexpected ", given[0] == '-' ? "option " : "word ", "\"", given, "\"",
               near.empty() ? "" : "; did you mean " + near + "?");
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !inner.get_subcommands({}).empty()) {
    std::vector<std::string> names;
    for (const CLI::App* sub : inner.get_subcommands({})) names.push_back(sub->get_name());
    return "needs one of its sub-commands: " + join(names, ", ");
  }
  return error.what();
}

int run_command(const Command& command, std::vector<std::string> arguments) {
  Program program;
  const std::string title = cat("mosaic ", command.name);
  CLI::App app(command.summary, title);
  app.require_subcommand(0, 1);
  app.allow_windows_style_options(false);
  command.declare(app, program);
  talk_options(app);
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them last first
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    put(chosen(app).help());
    return 0;
  } catch (const CLI::ParseError& error) {
    const std::string reason = explain(app, error);
    throw UsageError(title, cat(reason, " (", title, " --help explains)"));
  }
  check<UsageError>(program.action != nullptr, title.c_str(), "has nothing to do; see ", title, " --help");
  program.action();
  return program.exit_code;
}

int dispatch(const std::vector<Command>& commands, const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    error_line("a command is needed\n\n" + overview(commands));
    return usage;
  }
  const std::string& first = arguments.front();
  if (first == "-h" || first == "--help" || first == "help") {
    put(overview(commands));
    return 0;
  }
  if (first == "--version") {
    put(version_report());
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (first == command.name) return run_command(command, {arguments.begin() + 1, arguments.end()});
    names.emplace_back(command.name);
  }
  const std::string near = nearest(first, names);
  throw UsageError("mosaic",
                   cat("unknown command \"", first, "\"",
                       near.empty() ? "; mosaic --help lists them" : "; did you mean " + near + "?"));
}

}  // namespace

int run_program(const std::vector<Command>& commands, int argc, char** argv) {
  install_signal_handlers();
  try {
    return dispatch(commands, {argv + 1, argv + argc});
  } catch (const BrokenPipe&) {
    return 0;
  } catch (const Interrupted& error) {
    say("interrupted: ", error.what());
    return stopped;
  } catch (const UsageError& error) {
    error_line(error.what());
    return usage;
  } catch (const std::bad_alloc&) {
    error_line("out of memory");
    return failure;
  } catch (const std::exception& error) {
    error_line(error.what());
    return failure;
  }
}

}  // namespace mosaic::apps
