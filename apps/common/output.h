// The two voices of the program: data on standard output, talk on standard error.
#pragma once

#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/core/json.h"

namespace mosaic::apps {

// Nobody reads standard output any more (`| head -1`): the program ends without a word.
struct BrokenPipe : Error {
  using Error::Error;
};

enum class Level { quiet, normal, verbose };
void set_level(Level level);
Level level();
// No colours and no moving bars from now on, whatever the terminal can do (--no-color).
void set_plain();

// Whether standard error is a terminal that understands cursor movement (TERM is set and not "dumb").
bool live_terminal();
// Whether colours are wanted: a live terminal, no NO_COLOR in the environment, no --no-color.
bool colors();
// The same for data: standard output must be a terminal, too.
bool output_colors();

// Bytes to standard output, at once. BrokenPipe when the reader is gone, ResourceError on other failures.
void put(std::string_view bytes);
// One line of JSON to standard output.
void put_json(const json& value);
// The results of a measurement: for machines one line of JSON, for people a line a number.
void put_result(const json& result, bool as_json);

// One line on standard error; write failures are ignored. say: unless quiet; detail: when verbose;
// warn: always, prefixed with "warning: ".
void say_line(Level at_least, std::string_view line);
void warn_line(std::string_view line);
// "mosaic: error: ..." on standard error.
void error_line(std::string_view line);

template <class... Parts>
void say(const Parts&... parts) {
  say_line(Level::normal, cat(parts...));
}
template <class... Parts>
void detail(const Parts&... parts) {
  say_line(Level::verbose, cat(parts...));
}
template <class... Parts>
void warn(const Parts&... parts) {
  warn_line(cat(parts...));
}

}  // namespace mosaic::apps
