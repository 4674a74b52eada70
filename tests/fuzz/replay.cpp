// Runs a target over files and folders of files, as libFuzzer's own main does; for compilers that have none.

#include "tests/fuzz/support.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

void run(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::printf("%s\n", path.c_str()); // the last one that is told is the one that fails
  std::fflush(stdout);
  const limpet::fuzz::exact_bytes input(bytes);
  LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char*>(input.view().data()), bytes.size());
}

} // namespace

int main(int count, char** arguments) {
  std::vector<fs::path> files;
  for (int i = 1; i < count; ++i) {
    if (fs::is_directory(arguments[i]))
      std::copy(fs::directory_iterator(arguments[i]), {}, std::back_inserter(files));
    else
      files.emplace_back(arguments[i]);
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files)
    run(file);
  std::printf("%zu inputs\n", files.size());
  return files.empty() ? 1 : 0;
}
