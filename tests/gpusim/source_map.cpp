#include "tests/gpusim/source_map.h"

#include <string>

#include "tests/gpusim/lexer.h"

namespace gpusim {

SourceMap::SourceMap(std::string_view text) {
  constexpr std::string_view directive = ".file";
  for (size_t at = text.find(directive); at != text.npos; at = text.find(directive, at + 1)) {
    const size_t before = text.find_last_not_of(" \t", at == 0 ? 0 : at - 1);
    if (at > 0 && before != text.npos && text[before] != '\n') continue;
    Lexer rest(text.substr(at + directive.size()));
    const int number = static_cast<int>(rest.integer());
    const std::string path(rest.next().text);
    is_toolkit_[number] = path.find("/include/") != path.npos && path.find("cuda") != path.npos;
  }
}

SourceLine SourceMap::locate(Location location, Location parent) {
  parents_[location] = parent;
  constexpr Location none{0, 0, 0};
  Location innermost = none, outermost = none;  // outside of the toolkit's headers
  Location at = location;
  for (int depth = 0; depth < 64 && at != none; ++depth) {
    if (!is_toolkit_[std::get<0>(at)]) {
      if (innermost == none) innermost = at;
      outermost = at;
    }
    const auto found = parents_.find(at);
    at = found == parents_.end() ? none : found->second;
  }
  if (outermost == none) return {std::get<0>(location), std::get<1>(location)};
  const auto [file, line, column] = outermost;
  if (innermost == outermost) return {file, line};
  return {file, line, std::get<0>(innermost), std::get<1>(innermost)};
}

}  // namespace gpusim
