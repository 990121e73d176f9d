#include "engine/core/json.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_set>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace mosaic {
namespace {

constexpr size_t max_depth = 64;

// Walks the text and tells the builder how far the parser has come (the parser's copies share `seen`).
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** seen;
  const char& operator*() const { return *at; }
  CountingIterator& operator++() {
    *seen = ++at;
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

// Throws FormatError at byte `at` of the text as "origin:line:column".
[[noreturn]] void refuse(std::string_view text, size_t at, const std::string& origin,
                         const std::string& message) {
  const std::string_view before = text.substr(0, std::min(at, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n');
  const size_t column = 1 + before.size() - (start == before.npos ? 0 : start + 1);
  throw FormatError(cat(origin, ":", line, ":", column), message);
}

// Builds the value from the parser's events. Members are appended after a look into a hash set, because
// ordered_json itself searches linearly, which makes a file of many keys quadratic.
class Builder : public json::json_sax_t {
 public:
  Builder(std::string_view text, const std::string& origin)
      : text_(text), origin_(origin), seen_(text.data()) {}

  json root;
  const char** seen() { return &seen_; }

  bool null() override { return leaf(nullptr); }
  bool boolean(bool value) override { return leaf(value); }
  bool number_integer(number_integer_t value) override { return leaf(value); }
  bool number_unsigned(number_unsigned_t value) override { return leaf(value); }
  bool number_float(number_float_t value, const string_t&) override { return leaf(value); }
  bool string(string_t& value) override { return leaf(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!open_.back().names.insert(name).second) {
      refuse(text_, position(), origin_, cat("the key \"", name, "\" appears twice in one object"));
    }
    open_.back().key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& error) override {
    std::string message = error.what();
    for (const std::string_view cut :
         {"column ", ": "}) {  // drop "[json.exception...] parse error at line.., column..: "
      const size_t found = message.find(cut);
      if (found != message.npos) message.erase(0, found + cut.size());
    }
    const size_t at = std::min(byte == 0 ? 0 : byte - 1, text_.size());
    const size_t before = text_.substr(0, at).find_last_not_of(" \t\r\n");
    const char wrong = at < text_.size() ? text_[at] : '\0';
    const size_t word = text_.find_last_of("/#", at);
    const bool comment = word != text_.npos && at - word <= 1;
    if (comment) message += "; JSON does not allow comments";
    if ((wrong == ']' || wrong == '}') && before != text_.npos && text_[before] == ',') {
      message += "; JSON does not allow a comma before the closing bracket";
    }
    refuse(text_, at, origin_, cat("not JSON: ", message));
  }

 private:
  struct Level {
    json* value;
    std::string key;
    std::unordered_set<std::string> names;
  };

  // The parser has read at most one character past the token.
  size_t position() const {
    return static_cast<size_t>(seen_ - text_.data()) - (seen_ == text_.data() ? 0 : 1);
  }

  json* place(json&& value) {
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    Level& level = open_.back();
    if (level.value->is_array()) {
      auto& items = level.value->get_ref<json::array_t&>();
      items.push_back(std::move(value));
      return &items.back();
    }
    auto& members = level.value->get_ref<json::object_t&>();
    static_cast<json::object_t::Container&>(members).emplace_back(level.key, std::move(value));
    return &members.back().second;
  }
  bool leaf(json value) {
    place(std::move(value));
    return true;
  }
  bool open(json&& value) {
    if (open_.size() >= max_depth) {
      refuse(text_, position(), origin_, cat("nested more than ", max_depth, " levels deep"));
    }
    json* placed = place(std::move(value));
    open_.push_back({placed, {}, {}});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  const std::string& origin_;
  const char* seen_;
  std::vector<Level> open_;
};

std::string kind(const json& value) {
  if (value.is_number_float()) return "a number with a fraction or out of range";
  if (value.is_number()) return "an integer";
  return cat(value.is_array() || value.is_object() ? "an " : "a ", value.type_name());
}

// The value as written, shortened for messages.
std::string shown(const json& value) {
  if (value.is_object() || value.is_array()) return kind(value);
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return cat(text, " (", kind(value), ")");
}

template <class T>
std::string range(T low, T high) {
  if (high == std::numeric_limits<T>::max()) return cat(" of at least ", low);
  if (low == std::numeric_limits<T>::lowest()) return cat(" of at most ", high);
  return cat(" in ", low, "..", high);
}

int64_t as_integer(const json& value, const std::string& where, const std::string& name, int64_t low,
                   int64_t high) {
  const bool bounded =
      low != std::numeric_limits<int64_t>::min() || high != std::numeric_limits<int64_t>::max();
  const std::string expected = cat("must be an integer", bounded ? range(low, high) : "");
  if (!value.is_number_integer()) throw FormatError(where, cat(name, " ", expected, ", got ", shown(value)));
  const bool fits = !value.is_number_unsigned() || value.get<uint64_t>() <= uint64_t{INT64_MAX};
  if (!fits || value.get<int64_t>() < low || value.get<int64_t>() > high) {
    throw FormatError(where, cat(name, " ", expected, ", got ", value.dump()));
  }
  return value.get<int64_t>();
}

double as_number(const json& value, const std::string& where, const std::string& name, double low,
                 double high) {
  const bool bounded =
      low != -std::numeric_limits<double>::max() || high != std::numeric_limits<double>::max();
  const std::string expected = cat("must be a number", bounded ? range(low, high) : "");
  if (!value.is_number()) throw FormatError(where, cat(name, " ", expected, ", got ", shown(value)));
  const double number = value.get<double>();
  // Written so that a NaN (possible in values built by programs) is refused too.
  if (!(number >= low && number <= high))
    throw FormatError(where, cat(name, " ", expected, ", got ", value.dump()));
  return number;
}

std::string quoted(std::string_view key) {
  return cat("\"", key, "\"");
}

}  // namespace

json parse_json(std::string_view text, const std::string& origin) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    refuse(text, 0, origin, "looks like UTF-16, expected JSON in UTF-8");
  }
  if (text.starts_with("\xEF\xBB\xBF"))
    refuse(text, 0, origin, "starts with a byte order mark, which JSON does not allow");
  if (text.find_first_not_of(" \t\r\n") == text.npos)
    refuse(text, text.size(), origin, "empty, expected a JSON document");
  Builder builder(text, origin);
  const CountingIterator first{text.data(), builder.seen()}, last{text.data() + text.size(), builder.seen()};
  if (!json::sax_parse(first, last, &builder)) refuse(text, 0, origin, "not JSON");
  return std::move(builder.root);
}

json load_json(const std::filesystem::path& path, uint64_t max_bytes) {
  return parse_json(read_file(path, max_bytes), path.string());
}

void save_json(const std::filesystem::path& path, const json& value) {
  std::string text;
  try {
    text = value.dump(2) + "\n";
  } catch (const json::exception& error) {
    throw FormatError(path.string(), cat("the value cannot be written as JSON: ", error.what()));
  }
  write_file_atomic(path, text);
}

Fields::Fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object()) throw FormatError(where_, cat("must be an object {...}, got ", shown(object_)));
}

bool Fields::has(std::string_view key) const {
  const auto& members = object_.get_ref<const json::object_t&>();
  return std::any_of(members.begin(), members.end(), [&](const auto& member) { return member.first == key; });
}

const json* Fields::find(std::string_view key) {
  asked_.emplace(key);
  for (const auto& [name, value] : object_.get_ref<const json::object_t&>()) {
    if (name == key) return &value;
  }
  return nullptr;
}

const json& Fields::need(std::string_view key) {
  const json* value = find(key);
  if (!value) {
    std::vector<std::string> present;
    for (const auto& member : object_.get_ref<const json::object_t&>()) {
      if (!asked_.contains(member.first)) present.push_back(member.first);
    }
    const std::string near = nearest(key, present);
    throw FormatError(where_, cat("key ", quoted(key), " is missing",
                                  near.empty() ? "" : cat("; is ", quoted(near), " a typing error for it?")));
  }
  return *value;
}

int64_t Fields::integer(std::string_view key, int64_t low, int64_t high) {
  return as_integer(need(key), where_, quoted(key), low, high);
}

double Fields::number(std::string_view key, double low, double high) {
  return as_number(need(key), where_, quoted(key), low, high);
}

bool Fields::boolean(std::string_view key) {
  const json& value = need(key);
  if (!value.is_boolean())
    throw FormatError(where_, cat(quoted(key), " must be true or false, got ", shown(value)));
  return value.get<bool>();
}

std::string Fields::text(std::string_view key) {
  const json& value = need(key);
  if (!value.is_string())
    throw FormatError(where_, cat(quoted(key), " must be a string, got ", shown(value)));
  return value.get<std::string>();
}

const json& Fields::object(std::string_view key) {
  const json& value = need(key);
  if (!value.is_object())
    throw FormatError(where_, cat(quoted(key), " must be an object {...}, got ", shown(value)));
  return value;
}

const json& Fields::array(std::string_view key) {
  const json& value = need(key);
  if (!value.is_array())
    throw FormatError(where_, cat(quoted(key), " must be an array [...], got ", shown(value)));
  return value;
}

const json& Fields::any(std::string_view key) {
  return need(key);
}

std::vector<int64_t> Fields::integers(std::string_view key, int64_t low, int64_t high) {
  std::vector<int64_t> values;
  for (const json& item : array(key)) {
    values.push_back(as_integer(item, where_, cat(quoted(key), "[", values.size(), "]"), low, high));
  }
  return values;
}

std::vector<double> Fields::numbers(std::string_view key) {
  constexpr double most = std::numeric_limits<double>::max();
  std::vector<double> values;
  for (const json& item : array(key)) {
    values.push_back(as_number(item, where_, cat(quoted(key), "[", values.size(), "]"), -most, most));
  }
  return values;
}

std::string Fields::one_of(std::string_view key, const std::vector<std::string>& allowed) {
  const std::string value = text(key);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    std::string list;
    for (const std::string& word : allowed) list += cat(list.empty() ? "" : ", ", quoted(word));
    const std::string near = nearest(value, allowed);
    throw FormatError(where_, cat(quoted(key), " must be one of ", list, ", got ", quoted(value),
                                  near.empty() ? "" : cat("; did you mean ", quoted(near), "?")));
  }
  return value;
}

int64_t Fields::integer_or(std::string_view key, int64_t otherwise, int64_t low, int64_t high) {
  return find(key) ? integer(key, low, high) : otherwise;
}

double Fields::number_or(std::string_view key, double otherwise, double low, double high) {
  return find(key) ? number(key, low, high) : otherwise;
}

bool Fields::boolean_or(std::string_view key, bool otherwise) {
  return find(key) ? boolean(key) : otherwise;
}

std::string Fields::text_or(std::string_view key, const std::string& otherwise) {
  return find(key) ? text(key) : otherwise;
}

void Fields::finish() const {
  for (const auto& [name, value] : object_.get_ref<const json::object_t&>()) {
    if (asked_.contains(name)) continue;
    const std::vector<std::string> known(asked_.begin(), asked_.end());
    const std::string near = nearest(name, known);
    std::string hint;
    if (!near.empty()) {
      hint = cat("; did you mean ", quoted(near), "?");
    } else {
      for (const std::string& word : known) hint += cat(hint.empty() ? "; known keys: " : ", ", word);
    }
    throw FormatError(where_, cat("unknown key ", quoted(name), hint));
  }
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  // Optimal string alignment distance: insert, delete, replace, swap neighbours.
  const auto distance = [&](std::string_view a, std::string_view b) {
    std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      for (size_t j = 1; j <= b.size(); ++j) {
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
          d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
    return d[a.size()][b.size()];
  };
  std::string best;
  if (word.size() > 200) return best;
  size_t least = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    if (candidate.size() > 200) continue;
    const size_t d = distance(word, candidate);
    if (d < least) least = d, best = candidate;
  }
  return best;
}

}  // namespace mosaic
