#include "engine/io/safetensors_header.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace mosaic {
namespace {

// Follows the parser's events through {name: {dtype, shape, data_offsets}, "__metadata__": {text: text}}.
// Nothing nests deeper, so the depth is bounded by the states.
class HeaderReader final : public nlohmann::json::json_sax_t {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}
  SafetensorsHeader header;

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("true or false"); }
  bool binary(binary_t&) override { return unexpected("binary data"); }
  bool number_float(number_float_t, const string_t& text) override {
    return unexpected("the number " + text.substr(0, 40));
  }
  bool number_integer(number_integer_t value) override { return unexpected(cat("the number ", value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (state_ == State::shape) {
      if (sizes_.size() == Shape::max_rank) {
        refuse(cat("the shape has more than ", Shape::max_rank, " axes"));
      }
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
        refuse(cat("size ", value, " is too large"));
      sizes_.push_back(static_cast<int64_t>(value));
    } else if (state_ == State::offsets) {
      if (offsets_.size() == 2) refuse("data_offsets must be two numbers");
      offsets_.push_back(value);
    } else {
      return unexpected(cat("the number ", value));
    }
    return true;
  }
  bool string(string_t& text) override {
    if (state_ == State::metadata) {
      header.metadata.emplace(key_, std::move(text));
    } else if (state_ == State::entry && key_ == "dtype") {
      entry_.dtype = std::move(text);
    } else {
      return unexpected("a text");
    }
    return true;
  }
  bool start_object(std::size_t) override {
    if (state_ == State::start) {
      state_ = State::top;
    } else if (state_ == State::top && key_ == "__metadata__") {
      if (has_metadata_) refuse("__metadata__ appears twice");
      has_metadata_ = true;
      name_ = key_;
      state_ = State::metadata;
    } else if (state_ == State::top) {
      name_ = key_;
      entry_ = {};
      entry_.name = key_;
      seen_ = 0;
      state_ = State::entry;
    } else {
      return unexpected("an object");
    }
    return true;
  }
  bool end_object() override {
    if (state_ == State::entry) finish_entry();
    state_ = state_ == State::top ? State::end : State::top;
    name_.clear();
    return true;
  }
  bool start_array(std::size_t) override {
    if (state_ != State::entry || (key_ != "shape" && key_ != "data_offsets")) return unexpected("an array");
    state_ = key_ == "shape" ? State::shape : State::offsets;
    sizes_.resize(state_ == State::shape ? 0 : sizes_.size());
    offsets_.resize(state_ == State::offsets ? 0 : offsets_.size());
    return true;
  }
  bool end_array() override {
    state_ = State::entry;
    return true;
  }
  bool key(string_t& name) override {
    if (state_ == State::metadata && header.metadata.contains(name))
      refuse(cat("key \"", name, "\" appears twice"));
    if (state_ == State::entry) {
      const unsigned field = name == "dtype" ? 1 : name == "shape" ? 2 : name == "data_offsets" ? 4 : 0;
      if (field == 0) refuse(cat("unknown key \"", name.substr(0, 80), "\""));
      if (seen_ & field) refuse(cat("key \"", name, "\" appears twice"));
      seen_ |= field;
    }
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    std::string reason = error.what();
    if (const size_t found = reason.find("column "); found != reason.npos) reason.erase(0, found);
    throw FormatError(path_,
                      cat("the header is not JSON at its byte ", position, ": ", reason.substr(0, 300)));
  }

 private:
  enum class State : uint8_t { start, top, metadata, entry, shape, offsets, end };

  [[noreturn]] void refuse(const std::string& why) const {
    throw FormatError(
        path_, name_.empty() ? cat("header: ", why) : cat("header: \"", name_.substr(0, 200), "\": ", why));
  }
  bool unexpected(const std::string& what) const {
    switch (state_) {
      case State::start:
        refuse(cat("must be an object, found ", what));
      case State::top:
        refuse(cat("\"", key_.substr(0, 200), "\" must be an object, found ", what));
      case State::metadata:
        refuse(cat("the value of \"", key_.substr(0, 200), "\" must be a text, found ", what));
      case State::shape:
        refuse(cat("shape must list sizes, integers not below 0, found ", what));
      case State::offsets:
        refuse(cat("data_offsets must be two integers not below 0, found ", what));
      default:
        refuse(cat(key_, " must be ", key_ == "dtype" ? "a text" : "an array", ", found ", what));
    }
  }
  void finish_entry() {
    for (const auto& [bit, field] : {std::pair{1u, "dtype"}, {2u, "shape"}, {4u, "data_offsets"}}) {
      if (!(seen_ & bit)) refuse(cat(field, " is missing"));
    }
    if (offsets_.size() != 2) refuse("data_offsets must be two numbers");
    entry_.begin = offsets_[0];
    entry_.end = offsets_[1];
    if (entry_.end < entry_.begin)
      refuse(cat("data_offsets end at ", entry_.end, ", before they begin at ", entry_.begin));
    entry_.shape = Shape(std::span<const int64_t>(sizes_));
    check_size();
    header.entries.push_back(std::move(entry_));
  }
  // The bytes must be the product of the sizes times the element; every multiplication is checked, also when
  // another size is zero.
  void check_size() const {
    const int bits = safetensors_bits(entry_.dtype);
    if (bits == 0) refuse(cat("unknown dtype \"", entry_.dtype.substr(0, 40), "\""));
    uint64_t elements = 1, nonzero = 1;
    for (const int64_t size : sizes_) {
      const auto factor = static_cast<uint64_t>(size);
      if (factor != 0 && nonzero > (uint64_t{1} << 56) / factor)
        refuse(cat("the shape ", entry_.shape, " is too large"));
      nonzero *= factor == 0 ? 1 : factor;
      elements *= factor;
    }
    const uint64_t total_bits = elements * static_cast<uint64_t>(bits);
    if (total_bits % 8 != 0) refuse(cat(entry_.dtype, " ", entry_.shape, " does not fill whole bytes"));
    if (entry_.end - entry_.begin != total_bits / 8) {
      refuse(cat(entry_.dtype, " ", entry_.shape, " takes ", total_bits / 8, " bytes, data_offsets span ",
                 entry_.end - entry_.begin));
    }
  }

  const std::string& path_;
  State state_ = State::start;
  std::string key_, name_;
  unsigned seen_ = 0;
  bool has_metadata_ = false;
  SafetensorsEntry entry_;
  std::vector<int64_t> sizes_;
  std::vector<uint64_t> offsets_;
};

// Every byte of the data belongs to exactly one tensor: no holes, no overlaps, nothing appended.
void check_cover(const std::vector<SafetensorsEntry>& entries, uint64_t data_bytes, const std::string& path) {
  std::vector<const SafetensorsEntry*> order;
  order.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::tie(a->begin, a->end, a->name) < std::tie(b->begin, b->end, b->name);
  });
  uint64_t at = 0;
  for (const SafetensorsEntry* entry : order) {
    if (entry->begin != at) {
      throw FormatError(
          path,
          cat("header: \"", entry->name.substr(0, 200), "\" begins at byte ", entry->begin, " of the data, ",
              entry->begin > at ? "leaving a hole after " : "overlapping what ends at ", at));
    }
    at = entry->end;
  }
  if (at > data_bytes) {
    throw FormatError(
        path, cat("is cut short: the header describes ", at, " bytes of data, the file has ", data_bytes));
  }
  if (at < data_bytes) {
    throw FormatError(path, cat("has ", data_bytes - at, " bytes after its last tensor, which ends at ", at));
  }
}

}  // namespace

int safetensors_bits(std::string_view dtype) {
  static constexpr std::pair<std::string_view, int> sizes[] = {
      {"BOOL", 8}, {"U8", 8},   {"I8", 8},    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"I16", 16},
      {"U16", 16}, {"F16", 16}, {"BF16", 16}, {"I32", 32},    {"U32", 32},    {"F32", 32},    {"F64", 64},
      {"I64", 64}, {"U64", 64}, {"C64", 64},  {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}};
  for (const auto& [name, bits] : sizes) {
    if (name == dtype) return bits;
  }
  return 0;
}

SafetensorsHeader parse_safetensors_header(std::string_view text, uint64_t data_bytes,
                                           const std::string& path) {
  if (text.empty() || text.front() != '{') {
    throw FormatError(path, text.empty() ? "the header is empty" : "the header does not begin with '{'");
  }
  HeaderReader reader(path);
  nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  SafetensorsHeader header = std::move(reader.header);
  std::sort(header.entries.begin(), header.entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (size_t i = 1; i < header.entries.size(); ++i) {
    if (header.entries[i].name == header.entries[i - 1].name) {
      throw FormatError(path, cat("header: \"", header.entries[i].name.substr(0, 200), "\" appears twice"));
    }
  }
  check_cover(header.entries, data_bytes, path);
  return header;
}

}  // namespace mosaic
