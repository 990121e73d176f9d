#include "data/english_text.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
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

  folder.file("usr/share/doc/anarchism/html/secA.html",
              "<head><title>A.1 | Writers</title></head><div><p>A page's beginning.</p>\n<h2>A.1.1 What does "
              "it mean?</h2>\n"
              "<p>A section <i>without</i> ids.</p><blockquote><p> A quotation of some length. "
              "</p></blockquote></div>");
  CHECK(anarchism_text(folder.path()).text() ==
        "A page's beginning.\n\nA.1.1 What does it mean?\nA section without ids.\nA quotation of some "
        "length.\n\n");

  const auto lists = folder.file("Translation-en",
                                 "Package: one\nDescription-md5: 00\nDescription-en: short line of it\n"
                                 " The long text says more.\n .\n  verbatim is skipped\n\n"
                                 "Package: two\nDescription-md5: 01\nDescription-en: another short line\n\n");
  CHECK(description_text(lists).text() ==
        "short line of it\nThe long text says more.\n\nanother short line\n\n");
}

TEST_CASE("packed pages are read, damaged ones refused with their place") {
  const TemporaryFolder folder;
  const auto packed = folder.file("usr/share/doc/anarchism/html/secB.html.gz", "");
  gzFile out = gzopen(packed.c_str(), "wb");
  gzputs(out, "<h1>B is another section</h1>\n<p>It lies here\npacked by gzip.</p>");
  gzclose(out);
  CHECK(anarchism_text(folder.path()).text() == "B is another section\nIt lies here packed by gzip.\n\n");

  folder.file("usr/share/doc/anarchism/html/secC.html", "<p>fine</p>\n<p>not \xFF fine</p>");
  CHECK(contains(message_of<FormatError>([&] { anarchism_text(folder.path()); }), "secC.html:2] byte 8"));
}

TEST_CASE("the text is the same for any number of threads") {
  const TemporaryFolder folder;
  for (int page = 0; page < 70; ++page)
    folder.file(
        cat("help/en-US/text/p", page, ".html"),
        cat("<h1>Title of page ", page / 2, "</h1><p>Shared by all pages. Own text of page ", page, ".</p>"));
  const int before = threads();
  set_threads(1);
  const std::string one = help_text(folder.path()).text();
  set_threads(2);
  const EnglishText two = help_text(folder.path());
  set_threads(before);
  CHECK(two.text() == one);
  CHECK(two.report().documents == 70);
  CHECK(two.report().repeated == 35 + 69);
}

TEST_CASE("a package that is not there is named") {
  const TemporaryFolder folder;
  CHECK(contains(message_of<ResourceError>([&] { help_text(folder.path()); }), "libreoffice-help-en-us"));
  CHECK(contains(message_of<ResourceError>([&] { anarchism_text(folder.path()); }), "package anarchism"));
  folder.file("help/en-US/text/empty.html", "<html></html>");
  CHECK(contains(message_of<ResourceError>([&] { help_text(folder.path()); }), "has no page with text"));
  CHECK(contains(message_of<FormatError>([&] { description_text(folder.file("x", "Package: y\n\n")); }),
                 "Translation-en"));
}
