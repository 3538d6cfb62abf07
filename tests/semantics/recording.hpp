// Cases with a processor's results as a compact byte stream, for hosts that are not i386. The
// stream begins with the processor as text (Processor::text). A case takes about 70 bytes: memory
// is kept as a seed, and a result as its differences from the case.
#pragma once

#include <cstdio>
#include <vector>

#include "case.hpp"
#include "processor.hpp"

namespace ferry::semantics {

class RecordWriter {
 public:
  /// `processor`: the one that gives the results.
  RecordWriter(std::FILE* file, const Processor& processor);
  void write(const Case& test, const Result& result);

 private:
  std::FILE* file_;
};

class RecordReader {
 public:
  /// Stops with an error if this is not a recording.
  explicit RecordReader(std::FILE* file);
  [[nodiscard]] const Processor& processor() const { return processor_; }
  /// False at the end.
  [[nodiscard]] bool read(Case& test, Result& result);

 private:
  std::FILE* file_;
  Processor processor_;
};

}  // namespace ferry::semantics
