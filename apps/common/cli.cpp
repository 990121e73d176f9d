#include "apps/common/cli.h"

#include <CLI/CLI.hpp>

#include "engine/core/parallel.h"

namespace mosaic::apps {
namespace {

// The long name of "-o,--out", for messages.
std::string long_name(const std::string& flags) {
  const std::vector<std::string> names = split(flags, ',');
  return names.back();
}

CLI::Option* add(CLI::App& app, const std::string& flags, const std::string& help, const char* type,
                 const std::function<void(const std::string&)>& set) {
  return app.add_option_function<std::string>(flags, set, help)->allow_extra_args(false)->type_name(type);
}

}  // namespace

CLI::Option* text_option(CLI::App& app, const std::string& flags, std::string& value,
                         const std::string& help) {
  return add(app, flags, help, "TEXT", [&value](const std::string& text) { value = text; });
}

CLI::Option* path_option(CLI::App& app, const std::string& flags, std::filesystem::path& value,
                         const std::string& help) {
  return add(app, flags, help, "PATH", [&value, name = long_name(flags)](const std::string& text) {
    check<UsageError>(!text.empty(), name.c_str(), "needs a path, got an empty text");
    value = text;
  });
}

CLI::Option* integer_option(CLI::App& app, const std::string& flags, int64_t& value, int64_t low,
                            int64_t high, const std::string& help) {
  return add(app, flags, cat(help, " [", value, "]"), "N",
             [&value, low, high, name = long_name(flags)](const std::string& text) {
               value = parse_integer(text, name, low, high);
             });
}

CLI::Option* integer_option(CLI::App& app, const std::string& flags, std::optional<int64_t>& value,
                            int64_t low, int64_t high, const std::string& help) {
  return add(app, flags, help, "N", [&value, low, high, name = long_name(flags)](const std::string& text) {
    value = parse_integer(text, name, low, high);
  });
}

CLI::Option* number_option(CLI::App& app, const std::string& flags, double& value, double low, double high,
                           const std::string& help) {
  return add(app, flags, cat(help, " [", brief(value), "]"), "X",
             [&value, low, high, name = long_name(flags)](const std::string& text) {
               value = parse_number(text, name, low, high);
             });
}

CLI::Option* number_option(CLI::App& app, const std::string& flags, std::optional<double>& value, double low,
                           double high, const std::string& help) {
  return add(app, flags, help, "X", [&value, low, high, name = long_name(flags)](const std::string& text) {
    value = parse_number(text, name, low, high);
  });
}

CLI::Option* choice_option(CLI::App& app, const std::string& flags, std::string& value,
                           const std::vector<std::string>& allowed, const std::string& help) {
  const std::string shown = value.empty() ? help : cat(help, " [", value, "]");
  return add(app, flags, shown, join(allowed, "|").c_str(),
             [&value, allowed, name = long_name(flags)](const std::string& text) {
               if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
                 const std::string near = nearest(text, allowed);
                 throw UsageError(name, cat("\"", text, "\" is not one of ", join(allowed, ", "),
                                            near.empty() ? "" : "; did you mean " + near + "?"));
               }
               value = text;
             });
}

CLI::Option* duration_option(CLI::App& app, const std::string& flags, std::optional<double>& seconds,
                             const std::string& help) {
  return add(app, flags, help, "TIME", [&seconds, name = long_name(flags)](const std::string& text) {
    seconds = parse_duration(text, name);
  });
}

CLI::Option* texts_option(CLI::App& app, const std::string& flags, std::vector<std::string>& values,
                          const std::string& help) {
  return app.add_option(flags, values, help)->allow_extra_args(false)->type_name("TEXT");
}

CLI::Option* words(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                   const std::string& help) {
  return app.add_option(name, values, help)->type_name("");
}

CLI::Option* word(CLI::App& app, const std::string& name, std::string& value, const std::string& help) {
  return app.add_option(name, value, help)->type_name("");
}

CLI::App& sub_command(CLI::App& app, const std::string& name, const std::string& help) {
  return *app.add_subcommand(name, help);
}

void need_sub_command(CLI::App& app) {
  app.require_subcommand(1);
}

void flag(CLI::App& app, const std::string& flags, bool& value, const std::string& help) {
  app.add_flag(flags, value, help);
}

void required(CLI::Option* option) {
  option->required();
}

void json_flag(CLI::App& app, Program& program) {
  app.add_flag("--json", program.json, "Print the result as one line of JSON, last on standard output");
}

void threads_option(CLI::App& app) {
  add(app, "--threads", "Threads to compute with [all cores]", "N", [](const std::string& text) {
    set_threads(static_cast<int>(parse_integer(text, "--threads", 1, 512)));
  });
}

namespace {
Device chosen_device;
}  // namespace

void device_option(CLI::App& app) {
  add(app, "--device", "Where to compute: cpu, cuda or cuda:N [cpu]", "DEVICE", [](const std::string& text) {
    try {
      chosen_device = parse_device(text);
    } catch (const ArgumentError& error) {
      throw UsageError("--device", error.message());
    }
  });
}

Device compute_device() {
  return chosen_device;
}

void examples(CLI::App& app, const std::vector<std::string>& lines) {
  app.footer("\nExamples:\n  " + join(lines, "\n  "));
}

void on_chosen(CLI::App& app, Program& program, std::function<void()> action) {
  // A sub-command's callback runs before its parent's, and is the one that was chosen.
  app.callback([&program, action = std::move(action)] {
    if (!program.action) program.action = action;
  });
}

}  // namespace mosaic::apps
