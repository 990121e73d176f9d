#include "data/cleaning.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <set>

#include "data/debian_corpus.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/parallel.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Texts = std::vector<std::string>;

TEST_CASE("paragraphs are split where sentences end") {
  CHECK(split_sentences("Press the key. Then wait! Really? Yes.") ==
        Texts{"Press the key.", "Then wait!", "Really?", "Yes."});
  CHECK(split_sentences("Wählen Sie Datei… Der Dialog öffnet sich.").size() == 2);
  CHECK(split_sentences("Am 5. Mai kam er.").size() == 1);
  CHECK(split_sentences("See e.g. J. Smith (etc.) for it.").size() == 1);
  CHECK(split_sentences("He left (at last). Then she came.").size() == 2);
  CHECK(split_sentences("Type “a”. „Übung“ macht den Meister.") ==
        Texts{"Type “a”.", "„Übung“ macht den Meister."});
  CHECK(split_sentences("the end. or not").size() == 1);
  CHECK(split_sentences("").size() == 1);
}

TEST_CASE("English paragraphs are split behind quotations and sources, not at abbreviations") {
  using Sentences = std::vector<std::string>;
  CHECK(split_english_sentences(
            "It is \"the absence of a master.\" Others (many of them.) Agree 'fully.' So!") ==
        Sentences{"It is \"the absence of a master.\"", "Others (many of them.)", "Agree 'fully.'", "So!"});
  CHECK(
      split_english_sentences("As \"he said.\" [Op. Cit., pp. 3-4] The next [sic!] One goes on [so] Far.") ==
      Sentences{"As \"he said.\" [Op. Cit., pp. 3-4]", "The next [sic!] One goes on [so] Far."});
  CHECK(split_english_sentences("Mr. Smith met Dr. Jones in Vol. II. Then \"Nobody\" came. (Truly.)") ==
        Sentences{"Mr. Smith met Dr. Jones in Vol. II.", "Then \"Nobody\" came.", "(Truly.)"});
  CHECK(split_english_sentences("capitalism . . . The U.S. Army of 1921. The end] A") ==
        Sentences{"capitalism . . . The U.S. Army of 1921. The end] A"});
  CHECK(split_english_sentences("") == Sentences{""});
  CHECK(split_english_sentences("] [x] A") == Sentences{"] [x] A"});
}

TEST_CASE("the cleaner keeps translations and counts what it drops") {
  PairCleaner cleaner;
  cleaner.add("Press the red key. Then wait for it.", "Drücken Sie die Taste. Dann warten Sie darauf.");
  cleaner.add("Press the red key. Then wait for it.", "Drücken Sie die Taste. Dann warten Sie darauf.");
  cleaner.add("One sentence stays whole here. Like this one.", "Ein Satz nur, der alles sagt.");
  cleaner.add("Not translated at all.", "Not translated at all.");
  cleaner.add("Too short", "Zu kurz hier drin");
  cleaner.add("Open the file %s now please", "Öffne jetzt die Datei %s bitte");
  cleaner.add("Visit www.example.org for more", "Mehr dazu unter www.example.org hier");
  cleaner.add("Use {name} in the text", "Im Text {name} benutzen bitte");
  cleaner.add("1 2 3 4 5 6 a", "1 2 3 4 5 6 b");
  cleaner.add("three words here", "hier stehen aber sehr viel mehr als nur drei Wörter");
  cleaner.add("Press the red key.", "Drücken Sie die Taste.");
  cleaner.add("", "leer");
  const CleaningReport& r = cleaner.report();
  REQUIRE(cleaner.pairs().size() == 3);
  CHECK(cleaner.pairs()[1].source == "Then wait for it.");
  CHECK(cleaner.pairs()[1].target == "Dann warten Sie darauf.");
  CHECK(cleaner.pairs()[2].target == "Ein Satz nur, der alles sagt.");
  CHECK(r.paragraphs == 11);
  CHECK(r.repeated_paragraphs == 1);
  CHECK(r.untranslated == 1);
  CHECK(r.length == 1);
  CHECK(r.placeholders == 3);
  CHECK(r.letters == 1);
  CHECK(r.ratio == 1);
  CHECK(r.repeated == 1);
  CHECK(r.kept == 3);
  CHECK(describe(r)["dropped_placeholders"] == 3);
}

TEST_CASE("the split keeps equal source sentences together") {
  std::vector<SentencePair> pairs;
  for (int i = 0; i < 300; ++i) {
    pairs.push_back({"Sentence number " + std::to_string(i) + ".", "Satz " + std::to_string(i)});
    if (i % 3 == 0) pairs.push_back({"sentence  number " + std::to_string(i), "Anders " + std::to_string(i)});
  }
  const Split split = split_by_source(pairs, 20, 30);
  CHECK(split.distinct_sources == 300);
  CHECK(split.valid.size() == 20);
  CHECK(split.test.size() == 30);
  const auto number = [](const std::string& s) { return std::stoi(s.substr(s.find("number ") + 7)); };
  std::set<int> held;
  for (const auto* part : {&split.valid, &split.test}) {
    for (const SentencePair& pair : *part) CHECK(held.insert(number(pair.source)).second);
  }
  for (const SentencePair& pair : split.train) CHECK(!held.contains(number(pair.source)));
  // Another order or more data keeps the choice.
  std::vector<SentencePair> turned(pairs.rbegin(), pairs.rend());
  std::set<int> again;
  const Split other = split_by_source(turned, 20, 30);
  for (const auto* part : {&other.valid, &other.test}) {
    for (const SentencePair& pair : *part) again.insert(number(pair.source));
  }
  CHECK(again == held);
  CHECK(contains(message_of<ArgumentError>([&] { split_by_source(pairs, 100, 100); }),
                 "300 distinct source sentences"));
}

TEST_CASE("help pages: text, variants, entities, blocks") {
  CHECK(
      html_text("A <span class=\"emph\">bold</span> &lt;b&gt; &amp;&#228;&#x20AC;&nbsp;x<br>y &bogus; < 3") ==
      "A bold <b> &ä€ x y &bogus; < 3");
  CHECK(html_text("Choose <span class=\"switchinline\"><span hidden=\"true\" id=\"MACx_1\"><span>Mac - "
                  "Prefs</span></span>"
                  "<span hidden=\"true\" id=\"defaultx_1\"><span>Tools</span></span></span>.") ==
        "Choose Tools.");
  CHECK(html_text("a<!-- <b> -->b<img alt=\"x > y\">c") == "abc");
  const auto blocks = html_blocks(
      "<h1 id=\"t\" dir=\"auto\">Title</h1><p>no id</p><pre id=\"c\">code</pre>"
      "<p class=\"x\" id=\"a\">One <b>two</b></p><p id=\"a\">again</p><p id=\"open\">");
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0] == std::pair<std::string, std::string>{"t", "Title"});
  CHECK(blocks[1].second == "One <b>two</b>");
}

namespace {

// A help tree of two languages: two pages with fifty paragraphs each and one page that only English has.
void make_help(const TemporaryFolder& folder) {
  const std::string base = "root/usr/share/libreoffice/help/";
  const char* words[] = {"alpha", "beta", "gamma", "delta", "omega"};
  for (int page = 0; page < 2; ++page) {
    std::string en = "<html>", de = "<html>";
    for (int i = 0; i < 50; ++i) {
      const int n = page * 50 + i;
      en += cat("<p id=\"p", i, "\">The ", words[i % 5], " value has the number ", n, " here.</p>\n");
      de += cat("<p id=\"p", i, "\">Der Wert ", words[i % 5], " hat hier die Nummer ", n, ".</p>\n");
    }
    folder.file(base + "en-US/text/swriter/" + std::to_string(page) + ".html", en);
    folder.file(base + "de/text/swriter/" + std::to_string(page) + ".html", de);
  }
  folder.file(base + "en-US/text/only.html", "<p id=\"x\">Only in English, sorry.</p>");
}

}  // namespace

TEST_CASE("a corpus is made from help pages, checked and not overwritten by accident") {
  const TemporaryFolder folder;
  make_help(folder);
  const DebianCorpusOptions options{.valid = 10, .test = 20, .package_version = "1:2.3"};
  const json manifest = make_debian_corpus(folder / "root", folder / "out", options);
  CHECK(manifest["pages"] == 2);
  CHECK(manifest["blocks"] == 100);
  CHECK(manifest["source_version"] == "1:2.3");
  CHECK(manifest["cleaning"]["kept"] == 100);
  CHECK(manifest["files"]["train.de"]["lines"] == 70);
  CHECK(check_corpus(folder / "out") == manifest);
  const auto train = read_parallel(folder / "out/train", "en", "de"),
             test = read_parallel(folder / "out/test", "en", "de");
  CHECK(train.pairs.size() == 70);
  CHECK(test.pairs.size() == 20);
  CHECK(find_overlap(train.pairs, test.pairs).same_source == 0);

  CHECK(contains(
      message_of<ArgumentError>([&] { make_debian_corpus(folder / "root", folder / "out", options); }),
      "already holds a corpus"));
  const int before = threads();
  set_threads(before == 1 ? 3 : 1);
  CHECK(make_debian_corpus(folder / "root/usr/share/libreoffice", folder / "two", options)["files"] ==
        manifest["files"]);
  set_threads(before);
  write_file_atomic(folder / "out/valid.en", "changed\n");
  CHECK(contains(message_of<FormatError>([&] { check_corpus(folder / "out"); }), "valid.en] has changed"));
  folder.file("two/manifest.json",
              R"({"format":"mosaic-corpus","version":1,"files":{"../../etc/passwd":{}}})");
  CHECK(contains(message_of<FormatError>([&] { check_corpus(folder / "two"); }), "not the name of a file"));

  CHECK(
      contains(message_of<ResourceError>([&] { make_debian_corpus(folder / "out", folder / "x", options); }),
               "package libreoffice-help-en-us"));
  CHECK(contains(message_of<ResourceError>(
                     [&] { make_debian_corpus(folder / "root", folder / "x", {.target_language = "fr"}); }),
                 "package libreoffice-help-fr"));
}

TEST_CASE("the version comes from the package's changelog") {
  const TemporaryFolder folder;
  make_help(folder);
  folder.file("root/usr/share/doc/libreoffice-help-de/x", "");
  const auto path = folder / "root/usr/share/doc/libreoffice-help-de/changelog.Debian.gz";
  const std::string text = "libreoffice (4:7.4.7-1) bookworm; urgency=medium\n";
  gzFile out = gzopen(path.c_str(), "wb");
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  CHECK(make_debian_corpus(folder / "root", folder / "out", {.valid = 5, .test = 5})["source_version"] ==
        "4:7.4.7-1");
}

TEST_CASE("package descriptions are paired by their md5") {
  const TemporaryFolder folder;
  std::string en, de;
  for (int n = 0; n < 20; ++n) {
    const std::string head = cat("Package: p", n, "\nDescription-md5: ", 1000 + n, "\n");
    en += cat(head, "Description-en: the tool of number ", n, "\n This is the first paragraph, number ", n,
              ",\n it has two lines.\n .\n  verbatim code here\n .\n  * an item of the list ", n,
              "\n    with a second line\n  * one more item, number ", n, "\n\n");
    de += cat(head, "Description-de: das Werkzeug mit Nummer ", n, "\n Dies ist der erste Absatz, Nummer ", n,
              ",\n er hat zwei Zeilen.\n .\n  wörtlicher Text hier\n .\n * ein Punkt der Liste ", n,
              "\n   mit zweiter Zeile\n * noch ein Punkt, Nummer ", n, "\n\n");
  }
  const json manifest = make_description_corpus(folder.file("en", en), folder.file("de", de), folder / "out",
                                                {.valid = 5, .test = 5});
  CHECK(manifest["descriptions"] == 20);
  CHECK(manifest["cleaning"]["kept"] == 80);
  CHECK(contains(read_file(folder / "out/train.de"), " mit zweiter Zeile\n"));
  CHECK(contains(read_file(folder / "out/train.en"), "two lines.\n"));
  CHECK(!contains(read_file(folder / "out/train.en"), "verbatim"));
  CHECK(contains(
      message_of<FormatError>([&] { make_description_corpus(folder / "de", folder / "de", folder / "x"); }),
      "has no \"Description-en: \" entry"));
}
