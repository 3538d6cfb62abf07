#include "recording.hpp"

#include <cstring>

#include "common/diagnostics.hpp"

namespace ferry::semantics {

namespace {

constexpr char kMagic[8] = {'f', 'e', 'r', 'r', 'y', 's', 'm', '3'};

// Bits of a record's first byte: what follows.
constexpr uint8_t kHasPatch = 1, kFaulted = 2, kBranched = 4, kFlagsChanged = 8,
                  kMemoryChanged = 16, kSelectorsChanged = 32, kIgnored = 64, kIgnoredMore = 128;

constexpr uint16_t kUsualSelectors[] = {0x2b, 0x23, 0x2b, 0x2b, 0, 0};

/// The selectors a case begins with.
void initial_selectors(const Case& test, uint16_t (&selectors)[6]) {
  std::memcpy(selectors, kUsualSelectors, sizeof selectors);
  if ((test.options & kTlsInFs) != 0) selectors[4] = kTlsSelector;
}

[[nodiscard]] uint32_t initial_eflags(const Case& test) {
  constexpr uint32_t kTrapFlag = 1 << 8;
  return test.eflags | ((test.options & kSingleStep) != 0 ? kTrapFlag : 0);
}

/// Writes or reads fields in one order; `kWriting` chooses the direction.
template <bool kWriting>
class Transfer {
 public:
  explicit Transfer(std::FILE* file) : file_(file) {}

  template <typename T>
  void field(T& value) {
    bytes(&value, sizeof value);
  }
  void bytes(void* data, size_t size) {
    if (size == 0) return;
    const size_t count =
        kWriting ? std::fwrite(data, 1, size, file_) : std::fread(data, 1, size, file_);
    if (count != size) die(1, "recording: %s", kWriting ? "cannot write" : "cut short");
  }

 private:
  std::FILE* file_;
};

[[nodiscard]] uint8_t contents_of(const Case& test, const Result& result) {
  uint16_t selectors[6];
  initial_selectors(test, selectors);
  uint8_t contents = 0;
  if (test.patch_length != 0) contents |= kHasPatch;
  if (test.ignored[0].length != 0) contents |= kIgnored;
  if (test.ignored[1].length != 0) contents |= kIgnoredMore;
  if (result.vector != kCompleted) contents |= kFaulted;
  if (result.eip != kCodeAddress + test.length) contents |= kBranched;
  if (result.eflags != initial_eflags(test)) contents |= kFlagsChanged;
  if (result.changed_bytes != 0) contents |= kMemoryChanged;
  if (std::memcmp(result.selector, selectors, sizeof selectors) != 0) contents |= kSelectorsChanged;
  return contents;
}

/// The x87 state before the case; then a bit for each byte that differs after it, and those bytes.
template <bool kWriting>
void transfer_x87(Transfer<kWriting>& stream, Case& test, Result& result) {
  stream.field(test.x87);
  if constexpr (!kWriting) result.x87 = test.x87;
  uint8_t before[sizeof test.x87];
  uint8_t after[sizeof test.x87];
  std::memcpy(before, &test.x87, sizeof before);
  std::memcpy(after, &result.x87, sizeof after);
  uint8_t differs[(sizeof before + 7) / 8]{};
  for (unsigned i = 0; i < sizeof before; ++i) {
    differs[i / 8] |= static_cast<uint8_t>((before[i] != after[i]) << i % 8);
  }
  stream.field(differs);
  for (unsigned i = 0; i < sizeof before; ++i) {
    if ((differs[i / 8] >> i % 8 & 1) != 0) stream.field(after[i]);
  }
  if constexpr (!kWriting) std::memcpy(&result.x87, after, sizeof after);
}

/// Everything after the first byte. When reading, `result` holds the unchanged state.
template <bool kWriting>
void transfer(Transfer<kWriting> stream, uint8_t contents, Case& test, Result& result) {
  stream.field(test.length);
  stream.bytes(test.code, test.length);
  stream.field(test.gpr);
  auto low_flags = static_cast<uint16_t>(test.eflags);
  stream.field(low_flags);
  test.eflags = low_flags;
  stream.field(test.window_seed);
  stream.field(test.options);
  if ((contents & kHasPatch) != 0) {
    stream.field(test.patch_offset);
    stream.field(test.patch_length);
    stream.bytes(test.patch, test.patch_length);
  }
  if ((contents & kIgnored) != 0) stream.field(test.ignored[0]);
  if ((contents & kIgnoredMore) != 0) stream.field(test.ignored[1]);
  if constexpr (!kWriting) {
    std::memcpy(result.gpr, test.gpr, sizeof result.gpr);
    result.vector = kCompleted;
    result.eip = kCodeAddress + test.length;
    result.eflags = initial_eflags(test);
    initial_selectors(test, result.selector);
  }
  if ((test.options & kX87) != 0) transfer_x87(stream, test, result);
  uint8_t changed = 0;
  for (unsigned i = 0; i < 8; ++i) changed |= (result.gpr[i] != test.gpr[i]) << i;
  stream.field(changed);
  for (unsigned i = 0; i < 8; ++i) {
    if ((changed >> i & 1) != 0) stream.field(result.gpr[i]);
  }
  if ((contents & kFaulted) != 0) {
    stream.field(result.vector);
    stream.field(result.error_code);
    stream.field(result.address);
  }
  if ((contents & kBranched) != 0) stream.field(result.eip);
  if ((contents & kFlagsChanged) != 0) stream.field(result.eflags);
  if ((contents & kSelectorsChanged) != 0) stream.field(result.selector);
  if ((contents & kMemoryChanged) != 0) {
    stream.field(result.memory_hash);
    stream.field(result.changed_bytes);
    stream.field(result.first_changed);
    stream.field(result.changed[0]);
  }
}

}  // namespace

RecordWriter::RecordWriter(std::FILE* file, const Processor& processor) : file_(file) {
  Transfer<true> stream(file);
  char magic[sizeof kMagic];
  std::memcpy(magic, kMagic, sizeof magic);
  stream.field(magic);
  std::string text = processor.text();
  auto length = static_cast<uint32_t>(text.size());
  stream.field(length);
  stream.bytes(text.data(), length);
}

void RecordWriter::write(const Case& test, const Result& result) {
  Case case_copy = test;
  Result result_copy = result;
  uint8_t contents = contents_of(test, result);
  Transfer<true> stream(file_);
  stream.field(contents);
  transfer(stream, contents, case_copy, result_copy);
}

RecordReader::RecordReader(std::FILE* file) : file_(file) {
  char magic[sizeof kMagic];
  if (std::fread(magic, 1, sizeof magic, file_) != sizeof magic ||
      std::memcmp(magic, kMagic, sizeof magic) != 0) {
    die(1, "recording: not one of ours");
  }
  Transfer<false> stream(file_);
  uint32_t length = 0;
  stream.field(length);
  constexpr uint32_t kLongest = 1 << 20;
  if (length > kLongest) die(1, "recording: not one of ours");
  std::string text(length, '\0');
  stream.bytes(text.data(), length);
  processor_ = Processor::parse(text);
}

bool RecordReader::read(Case& test, Result& result) {
  test = Case{};
  result = Result{};
  uint8_t contents = 0;
  if (std::fread(&contents, 1, 1, file_) != 1) return false;
  transfer(Transfer<false>(file_), contents, test, result);
  return true;
}

}  // namespace ferry::semantics
