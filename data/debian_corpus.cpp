#include "data/debian_corpus.h"

#include <algorithm>
#include <unordered_map>

#include "data/descriptions.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/parallel.h"

namespace mosaic::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* format = "mosaic-corpus";

// Text of the blocks that both pages have, in the order of the English one.
std::vector<SentencePair> align_pages(const fs::path& english, const fs::path& translated) {
  std::unordered_map<std::string, std::string> targets;
  for (auto& [id, html] : html_blocks(read_html(translated))) targets.emplace(std::move(id), std::move(html));
  std::vector<SentencePair> pairs;
  for (const auto& [id, html] : html_blocks(read_html(english))) {
    if (const auto found = targets.find(id); found != targets.end()) {
      pairs.push_back({html_text(html), html_text(found->second)});
    }
  }
  return pairs;
}

// "libreoffice (4:7.4.7-1) bookworm; ..." is the first line of a package's changelog.
std::string find_version(const fs::path& root, const std::string& language) {
  for (const std::string& package : {"libreoffice-help-" + language, std::string("libreoffice-help-en-us")}) {
    const fs::path changelog = root / "usr/share/doc" / package / "changelog.Debian.gz";
    if (!fs::is_regular_file(changelog)) continue;
    LineReader reader(changelog);
    std::string line;
    if (!reader.next(line)) continue;
    const size_t open = line.find('('), close = line.find(')');
    if (open != line.npos && close != line.npos && close > open)
      return line.substr(open + 1, close - open - 1);
  }
  return "unknown";
}

void refuse_existing(const fs::path& out_dir, const DebianCorpusOptions& options) {
  check(options.overwrite || !fs::exists(out_dir / "manifest.json"), "corpus", out_dir.string(),
        " already holds a corpus (manifest.json); overwriting must be asked for");
}

// Splits, writes the six files and last the manifest, which so vouches for all of them.
json write_corpus(json manifest, const PairCleaner& cleaner, const fs::path& out_dir,
                  const DebianCorpusOptions& options) {
  const Split split = split_by_source(cleaner.pairs(), options.valid, options.test);
  manifest["cleaning"] = describe(cleaner.report());
  manifest["distinct_sources"] = split.distinct_sources;
  manifest["files"] = json::object();
  const std::pair<const char*, const std::vector<SentencePair>*> parts[] = {
      {"train", &split.train}, {"valid", &split.valid}, {"test", &split.test}};
  for (const auto& [name, pairs] : parts) {
    write_parallel(out_dir / name, "en", options.target_language, *pairs);
    for (const std::string& language : {std::string("en"), options.target_language}) {
      const std::string file = cat(name, ".", language);
      manifest["files"][file] = {{"lines", pairs->size()}, {"xxh3", hash_file(out_dir / file)}};
    }
  }
  save_json(out_dir / "manifest.json", manifest);
  return manifest;
}

json start_manifest(const std::string& source, const std::string& version, const std::string& language) {
  return {{"format", format},        {"version", 1},
          {"source", source},        {"source_version", version},
          {"source_language", "en"}, {"target_language", language}};
}

}  // namespace

fs::path find_help(const fs::path& root, const std::string& language) {
  for (const char* below :
       {"usr/share/libreoffice/help", "share/libreoffice/help", "libreoffice/help", "help", ""}) {
    const fs::path folder = root / below;
    if (!fs::is_directory(folder / "en-US" / "text")) continue;
    if (fs::is_directory(folder / language / "text")) return folder;
    throw ResourceError(folder.string(),
                        cat("has no folder ", language, "/text; the Debian package libreoffice-help-",
                            language, " brings it"));
  }
  throw ResourceError(root.string(),
                      "has no LibreOffice help (no usr/share/libreoffice/help/en-US/text below it); the "
                      "Debian package libreoffice-help-en-us brings it");
}

json make_debian_corpus(const fs::path& help_root, const fs::path& out_dir,
                        const DebianCorpusOptions& options) {
  refuse_existing(out_dir, options);
  const fs::path help = find_help(help_root, options.target_language);
  const fs::path english = help / "en-US" / "text", translated = help / options.target_language / "text";
  std::vector<std::string> pages = html_pages(english);
  std::erase_if(pages, [&](const std::string& page) { return !fs::is_regular_file(translated / page); });
  check<ResourceError>(!pages.empty(), "corpus", help.string(), " has no page in both en-US and ",
                       options.target_language);
  std::vector<std::vector<SentencePair>> aligned(pages.size());
  parallel_for(static_cast<int64_t>(pages.size()), 16, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      aligned[i] = align_pages(english / pages[i], translated / pages[i]);
    }
  });
  PairCleaner cleaner;
  int64_t blocks = 0;
  for (const auto& page : aligned) {
    blocks += static_cast<int64_t>(page.size());
    for (const SentencePair& pair : page) cleaner.add(pair.source, pair.target);
  }
  const std::string version = options.package_version.empty()
                                  ? find_version(help_root, options.target_language)
                                  : options.package_version;
  json manifest = start_manifest("libreoffice-help", version, options.target_language);
  manifest["pages"] = pages.size();
  manifest["blocks"] = blocks;
  return write_corpus(std::move(manifest), cleaner, out_dir, options);
}

json make_description_corpus(const fs::path& english, const fs::path& translated, const fs::path& out_dir,
                             const DebianCorpusOptions& options) {
  refuse_existing(out_dir, options);
  std::vector<std::string> order;
  const Descriptions sources = read_descriptions(english, "en", &order);
  const Descriptions targets = read_descriptions(translated, options.target_language, nullptr);
  PairCleaner cleaner;
  int64_t paired = 0;
  for (const std::string& md5 : order) {
    const auto found = targets.find(md5);
    if (found == targets.end()) continue;
    ++paired;
    const std::vector<std::string>&source = sources.at(md5), &target = found->second;
    const size_t count =
        source.size() == target.size() ? source.size() : 1;  // the short line always corresponds
    for (size_t i = 0; i < count; ++i) cleaner.add(source[i], target[i]);
  }
  json manifest = start_manifest("debian-descriptions",
                                 options.package_version.empty() ? "unknown" : options.package_version,
                                 options.target_language);
  manifest["descriptions"] = paired;
  return write_corpus(std::move(manifest), cleaner, out_dir, options);
}

json check_corpus(const fs::path& dir) {
  const fs::path path = dir / "manifest.json";
  json manifest = load_json(path);
  Fields fields(manifest, path.string());
  fields.one_of("format", {format});
  fields.integer("version", 1, 1);
  for (const auto& [name, entry] : fields.object("files").items()) {
    // Only plain names: a manifest cannot lead out of its folder.
    if (name.empty() || name.find('/') != name.npos || name[0] == '.') {
      throw FormatError(path.string(), cat("\"", name, "\" is not the name of a file in this folder"));
    }
    Fields file(entry, cat(path.string(), ": files: ", name));
    file.integer("lines", 0);
    const std::string expected = file.text("xxh3"), found = hash_file(dir / name);
    if (expected != found) {
      throw FormatError((dir / name).string(),
                        cat("has changed: its hash is ", found, ", the manifest says ", expected));
    }
  }
  return manifest;
}

}  // namespace mosaic::data
