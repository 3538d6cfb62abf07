// Cases with the processor's results as a compact byte stream, so that they serve on hosts that are
// no i386. About 70 bytes a case: memory is a seed, a result is what differs from the case.
#pragma once

#include <cstdio>
#include <vector>

#include "case.hpp"

namespace ferry::semantics {

class RecordWriter {
 public:
  /// `traits`: those of the processor that gives the results.
  RecordWriter(std::FILE* file, uint8_t traits);
  void write(const Case& test, const Result& result);

 private:
  std::FILE* file_;
};

class RecordReader {
 public:
  /// Stops with an error if this is not a recording.
  explicit RecordReader(std::FILE* file);
  [[nodiscard]] uint8_t traits() const { return traits_; }
  /// False at the end.
  [[nodiscard]] bool read(Case& test, Result& result);

 private:
  std::FILE* file_;
  uint8_t traits_ = 0;
};

}  // namespace ferry::semantics
