// Cells, labels and scores of GLUE's files, with the messages for what is wrong. Used by the readers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/glue/tasks.h"
#include "data/text/lines.h"

namespace mosaic::data {

// The cells between tabs; views into the line.
void split_cells(std::string_view line, std::vector<std::string_view>& cells);
// Cells as text for messages: the first twelve, each shortened to 40 bytes or less.
std::string show_cells(const std::vector<std::string_view>& cells);
std::string show_cells(const std::vector<std::string>& cells);

// The id of a label's name. FormatError at the reader's place with the names and the nearest one otherwise.
int32_t read_label(const GlueTask& task, std::string_view text, const LineReader& lines);
// A whole decimal number. FormatError at the reader's place for anything else, for what is not finite and,
// when it is a gold score, for what is outside the task's range.
double read_score(const GlueTask& task, std::string_view text, const LineReader& lines, bool gold);

// The file's name, for messages about all of it.
std::string file_name(const LineReader& lines);

}  // namespace mosaic::data
