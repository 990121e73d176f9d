// Steps that the tokenisations of mteval-v13a and Tercom share, for text in Western scripts. All work on
// bytes: no test is true of a byte of a longer UTF-8 sequence except "not a digit", which is true of all of
// them, so the result is that of working on characters.
#pragma once

#include <string>
#include <string_view>

namespace mosaic::data {

// Every `from` (not empty) replaced, left to right; what a replacement makes is not looked at again.
std::string replaced(std::string_view text, std::string_view from, std::string_view to);

// &quot; &amp; &lt; &gt; as characters, in this order, so "&amp;lt;" becomes "<".
std::string unescape_entities(std::string text);

// Spaces around each ASCII punctuation mark but apostrophe, comma, hyphen and full stop.
std::string separate_punctuation(std::string_view text);

// Spaces around a comma or full stop that is not preceded by a digit, then around one that is not followed by
// a digit, then around a hyphen after a digit. A mark without a neighbour on that side is left.
std::string separate_stops(std::string_view text);

}  // namespace mosaic::data
