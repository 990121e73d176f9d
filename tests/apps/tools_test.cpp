#include <doctest/doctest.h>

#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::cat;
using mosaic::json;

TEST_SUITE("apps/tools") {
  TEST_CASE("score bleu prints sacreBLEU's numbers") {
    const Folder folder;
    write(folder / "a", "The dog bit the man.\nIt was not unexpected.\nThe man bit him first.\n");
    write(folder / "b", "The dog had bit the man.\nNo one was surprised.\nThe man had bitten the dog.\n");
    const std::string hypothesis =
        "The dog bit the man.\nIt wasn't surprising.\nThe man had just bitten him.\n";
    write(folder / "h", hypothesis);
    const std::string a = (folder / "a").string(), b = (folder / "b").string(), h = (folder / "h").string();
    const json both = program({"score", "bleu", "-r", a, "-r", b, h, "--json"}).last_json();
    CHECK(both["score"].get<double>() == doctest::Approx(48.530827009929865).epsilon(1e-12));
    for (const char* key :
         {"name", "score", "signature", "verbose_score", "nrefs", "case", "eff", "tok", "smooth", "version"})
      CHECK(both.contains(key));
    const Outcome piped = run({.arguments = {"score", "bleu", "-r", a, "-w", "4", "-b"},
                               .input = hypothesis,
                               .environment = {},
                               .meanwhile = {}});
    CHECK(piped.out == "45.0675\n");
    const json two = program({"score", "bleu", "-r", a, h, a, "--json"}).last_json();
    REQUIRE(two.is_array());
    CHECK(two[1]["BLEU"].get<double>() == doctest::Approx(100));
    CHECK(two[1]["system"] == a);
    CHECK(program({"score", "bleu", "-r", a, "--style", "multi-bleu", a}).out.rfind("BLEU = 100.00, ", 0) ==
          0);
  }

  TEST_CASE("several metrics, several systems, tests of significance") {
    const Folder folder;
    std::string reference, good, bad;
    for (int i = 0; i < 60; ++i) {
      reference += cat("sentence number ", i, " is a plain one , no more\n");
      good += cat("sentence number ", i, " is a plain one", i % 3 ? " , no more\n" : "\n");
      bad += cat("phrase no ", i, " is one plain\n");
    }
    write(folder / "r", reference);
    write(folder / "good", good);
    write(folder / "bad", bad);
    const std::string r = (folder / "r").string(), g = (folder / "good").string(),
                      b = (folder / "bad").string();
    const json all = program({"score", "translations", "-r", r, g, "--json"}).last_json();
    REQUIRE(all.size() == 3);
    CHECK(all[0]["name"] == "BLEU");
    CHECK(all[1]["name"] == "chrF2");
    CHECK(all[2]["name"] == "TER");
    CHECK(all[1]["score"] == program({"score", "chrf", "-r", r, g, "--json"}).last_json()["score"]);
    CHECK(all[2]["score"] == program({"score", "ter", "-r", r, g, "--json"}).last_json()["score"]);

    const json interval = program({"score", "bleu", "-r", r, g, "--confidence", "--json"}).last_json();
    CHECK(interval["bs"] == "1000");
    CHECK(interval["seed"] == "12345");
    CHECK(interval["confidence_var"].get<double>() > 0);
    const Outcome none =
        run({.arguments = {"score", "bleu", "-r", r, g, "--confidence", "--confidence-n", "50"},
             .input = "",
             .environment = {"SACREBLEU_SEED=none"},
             .meanwhile = {}});
    CHECK(none.out.find("|bs:50|seed:none|") != std::string::npos);

    for (const char* test : {"--paired-bs", "--paired-ar"}) {
      const json rows =
          program({"score", "translations", "-m", "bleu", "-r", r, g, b, test, "--json"}).last_json();
      CHECK(rows[0]["system"] == "Baseline: " + g);
      CHECK(rows[0]["BLEU"]["p_value"].is_null());
      CHECK(rows[1]["BLEU"]["p_value"].get<double>() < 0.01);
      const Outcome table = program({"score", "bleu", "-r", r, g, b, test});
      CHECK(table.out.find("(p = 0.0") != std::string::npos);
      CHECK(table.out.find("Metric signatures") != std::string::npos);
    }
    CHECK(program({"score", "bleu", "-r", r, g, b, "-f", "latex"}).out.rfind("\\begin{tabular}{rc}", 0) == 0);
    CHECK(program({"score", "bleu", "-r", r, r, b, "-b", "-w", "2"}).out.rfind("100.00\n", 0) == 0);
    const Outcome usage = program({"score", "bleu", "-r", r, g, b, "--paired-ar", "--paired-bs"});
    CHECK(usage.code == 2);
    CHECK(program({"score", "bleu", "-r", r, g, "--paired-bs"}).code == 2);
    CHECK(program({"score", "bleu", "-r", r, g, b, "--confidence"}).code == 2);
    CHECK(program({"score", "bleu", "-r", r, g, "-f", "latex"}).code == 2);
    CHECK(program({"score", "bleu", "-r", r, g, "--confidence", "--seed", "x"}).code != 0);
    CHECK(program({"score", "translations", "-m", "rouge", "-r", r, g}).code == 2);
  }

  TEST_CASE("score bleu refuses what cannot be scored") {
    const Folder folder;
    write(folder / "two", "a b c d\ne f g h\n");
    write(folder / "one", "a b c d\n");
    write(folder / "none", "");
    const auto score = [&](const std::string& reference, const std::string& hypothesis,
                           std::vector<std::string> more = {}) {
      more.insert(more.begin(),
                  {"score", "bleu", "-r", (folder / reference).string(), (folder / hypothesis).string()});
      return program(more);
    };
    CHECK(score("two", "one").err.find("has 1 lines") != std::string::npos);
    CHECK(score("two", "one").code == 1);
    CHECK(score("two", "none").code == 1);
    CHECK(score("missing", "one").code == 1);
    write(folder / "blank", "\n");
    const Outcome blank = score("blank", "one", {"--style", "multi-bleu"});
    CHECK(blank.out == "BLEU = 0, 0/0/0/0 (BP=0, ratio=0, hyp_len=0, ref_len=0)\n");
    CHECK(blank.code == 1);
    CHECK(score("one", "one", {"--max-order", "0"}).code == 2);
    CHECK(score("one", "one", {"--smooth", "floor", "--smooth-value", "-1"}).code == 2);
    CHECK(program({"score", "bleu", (folder / "one").string()}).code == 2);
  }

  TEST_CASE("space counts, describes and samples") {
    CHECK(program({"space", "count", "--space", "wmt"}).out == "417846678672384\n");
    const Folder folder;
    const Outcome largest = program({"space", "sample", "--space", "wmt", "--which", "largest"});
    write(folder / "arch.json", largest.out);
    const json facts =
        program({"space", "describe", "--space", "wmt", "--arch", (folder / "arch.json").string(), "--json"})
            .last_json();
    for (const char* key : {"parameters", "parameters_exact", "parameters_without_embeddings", "flops",
                            "encoding", "fine_encoding"})
      CHECK(facts.contains(key));
    CHECK(facts["encoding"].size() == 10);
    CHECK(facts["fine_encoding"].size() == 40);
    write(folder / "short.json", R"({"encoder": {"embed": 640, "layers": 6, "ffn": [3072], "heads": [8]}})");
    const Outcome bad =
        program({"space", "describe", "--space", "wmt", "--arch", (folder / "short.json").string()});
    CHECK(bad.code == 1);
    CHECK(bad.err.find("short.json") != std::string::npos);
    const Outcome once = program({"space", "sample", "--space", "tiny", "--count", "3", "--seed", "5"});
    CHECK(once.out == program({"space", "sample", "--space", "tiny", "--count", "3", "--seed", "5"}).out);
  }

  TEST_CASE("data prepare makes a checked directory and refuses bad text") {
    CHECK(program({"data", "check", toy_data().string()}).code == 0);
    const json statistics = program({"data", "stats", toy_data().string(), "--json"}).last_json();
    CHECK(statistics["splits"]["train"]["pairs"] == 600);
    const Folder folder;
    write_toy_corpus(folder / "text", 50, 20);
    const auto prepare = [&](std::vector<std::string> more = {}) {
      std::vector<std::string> arguments = {"data",         "prepare", "--out", (folder / "data").string(),
                                            "--vocabulary", "80"};
      for (const char* split : {"train", "valid", "test"}) {
        arguments.push_back(cat("--", split));
        arguments.push_back((folder / cat("text/", split)).string());
      }
      arguments.insert(arguments.end(), more.begin(), more.end());
      return program(arguments);
    };
    CHECK(prepare().code == 0);
    CHECK(prepare().code == 2);
    CHECK(prepare({"--force"}).code == 0);
    write(folder / "data/test.en", "changed\n");
    const Outcome changed = program({"data", "check", (folder / "data").string()});
    CHECK(changed.code == 1);
    CHECK(changed.err.find("test.en") != std::string::npos);
    write(folder / "text/train.en", "one line only\n");
    const Outcome uneven = prepare({"--force"});
    CHECK(uneven.code == 1);
    CHECK(uneven.err.find("train.en") != std::string::npos);
    CHECK(program({"data", "check", folder.path().string()}).code == 1);
    CHECK(program({"data", "prepare", "--out", (folder / "x").string()}).code == 2);
  }

  TEST_CASE("inspect reads strictly") {
    const Folder folder;
    write(folder / "empty", "");
    write(folder / "pickle.pt", std::string("PK\x03\x04", 4) + "whatever");
    write(folder / "short.safetensors", std::string("\xff\0\0\0\0\0\0\0{}", 10));
    for (const char* name : {"empty", "pickle.pt", "short.safetensors", "missing", "."}) {
      const Outcome outcome = program({"inspect", (folder / name).string()});
      INFO(outcome.err);
      CHECK(outcome.code == 1);
      CHECK(outcome.err.find("error") != std::string::npos);
    }
    CHECK(program({"inspect", (folder / "pickle.pt").string()}).err.find("pickle") != std::string::npos);
    std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
    header.resize(0x80, ' ');  // the length begins as a pickle does
    std::string good(8, '\0');
    good[0] = static_cast<char>(header.size());
    write(folder / "good", good + header + std::string("\0\0\x80\x3f\0\0\xc0\x7f", 8));  // 1 and NaN
    const json facts = program({"inspect", (folder / "good").string(), "--json"}).last_json();
    CHECK(facts["elements"] == 2);
    CHECK(program({"inspect", "--verify", (folder / "good").string()}).code == 1);
  }
}
