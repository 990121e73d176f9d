#include "data/english_text.h"

#include <doctest/doctest.h>

#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;

TEST_CASE("documents keep each sentence once and drop what is no prose") {
  EnglishText text;
  text.add_document(
      {"The first sentence stands here. It goes on for a while!", "Too short.", "1 2 3 4 5 6 : 7"});
  text.add_document({"The first sentence stands here.", "A new one follows it."});
  text.add_document({"The first sentence stands here."});  // nothing new: no document
  CHECK(text.text() ==
        "The first sentence stands here.\nIt goes on for a while!\n\nA new one follows it.\n\n");
  CHECK(text.report().documents == 2);
  CHECK(text.report().sentences == 3);
  CHECK(text.report().dropped == 2);
  CHECK(text.report().repeated == 2);
}

TEST_CASE("English text comes out of unpacked packages") {
  const TemporaryFolder folder;
  folder.file("usr/share/libreoffice/help/en-US/text/b/two.html",
              "<html><p id=\"x\">Second page, with &quot;one&quot; sentence.</p></html>");
  folder.file("usr/share/libreoffice/help/en-US/text/a.html",
              "<h1 id=\"h\">A <b>bold</b> page title</h1><p id=\"y\">Choose <span hidden=\"true\" "
              "id=\"MAC1\">Apple</span>the menu. Then press the key.</p>");
  CHECK(
      help_text(folder.path()).text() ==
      "A bold page title\nChoose the menu.\nThen press the key.\n\nSecond page, with \"one\" sentence.\n\n");

  folder.file(
      "usr/share/doc/anarchism/html/secA.html",
      "<div><p>A section without ids.</p>\n<blockquote><p> A quotation of some length. </p></blockquote>");
  CHECK(anarchism_text(folder.path()).text() == "A section without ids.\nA quotation of some length.\n\n");

  const auto lists = folder.file("Translation-en",
                                 "Package: one\nDescription-md5: 00\nDescription-en: short line of it\n"
                                 " The long text says more.\n .\n  verbatim is skipped\n\n"
                                 "Package: two\nDescription-md5: 01\nDescription-en: another short line\n\n");
  CHECK(description_text(lists).text() ==
        "short line of it\nThe long text says more.\n\nanother short line\n\n");
}

TEST_CASE("a package that is not there is named") {
  const TemporaryFolder folder;
  CHECK(contains(message_of<ResourceError>([&] { help_text(folder.path()); }), "libreoffice-help-en-us"));
  CHECK(contains(message_of<ResourceError>([&] { anarchism_text(folder.path()); }), "package anarchism"));
  CHECK(contains(message_of<FormatError>([&] { description_text(folder.file("x", "Package: y\n\n")); }),
                 "Translation-en"));
}
