#include "linux/kernel/process_view.hpp"

#include <fcntl.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/host_file.hpp"
#include "linux/kernel/host_status.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/kernel/user_memory.hpp"

namespace ferry::linux {

/// Another process's memory, by the host's addresses: /proc/PID/mem.
class RemoteMemory {
 public:
  explicit RemoteMemory(const std::string& folder)
      : descriptor_(static_cast<int>(make_own_descriptor([&] {
          return host_call(SYS_openat, AT_FDCWD, (folder + "mem").c_str(), O_RDONLY | O_CLOEXEC);
        }))) {}
  ~RemoteMemory() {
    if (descriptor_ >= 0) host_call(SYS_close, descriptor_);
  }
  RemoteMemory(const RemoteMemory&) = delete;
  RemoteMemory& operator=(const RemoteMemory&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  /// False unless all `size` bytes could be read.
  [[nodiscard]] bool read(uint64_t address, void* to, size_t size) const {
    return host_call(SYS_pread64, descriptor_, to, size, address) == static_cast<long>(size);
  }

 private:
  int descriptor_;
};

namespace {

/// Lists are as long as a process needs them: more is no list.
constexpr uint64_t kMostElements = 1 << 20;

void wait_a_moment() {
  const timespec time{0, 1'000'000};
  host_call(SYS_nanosleep, &time, nullptr);
}

/// Reads `count` elements at `address` of the other process.
template <typename T>
bool read_array(const RemoteMemory& memory, uint64_t address, uint64_t count, std::vector<T>& to) {
  if (count > kMostElements) return false;
  to.resize(count);
  return count == 0 || memory.read(address, to.data(), count * sizeof(T));
}

/// Reads the list at `address`. One that is changing is read again; after a second it is that of a
/// process that was stopped in the middle of the change, and there is none.
template <typename T>
bool read_list(const RemoteMemory& memory, uint64_t address, std::vector<T>& to) {
  constexpr unsigned kTries = 1000;
  for (unsigned i = 0; i < kTries; ++i) {
    PublishedList before;
    PublishedList after;
    if (!memory.read(address, static_cast<void*>(&before), sizeof before)) return false;
    const bool read =
        before.sequence % 2 == 0 && read_array(memory, before.address, before.count, to);
    if (!memory.read(address, static_cast<void*>(&after), sizeof after)) return false;
    if (read && after.sequence == before.sequence) return true;
    wait_a_moment();
  }
  return false;
}

/// Where the record of the process lies; 0 if it has none yet.
uint64_t find_record(const RemoteMemory& memory, const std::string& folder) {
  const std::string maps = read_host_file((folder + "maps").c_str());
  const size_t name = maps.find(kRecordName);
  if (name == std::string::npos) return 0;
  const size_t line = maps.rfind('\n', name);
  const char* const begin = maps.data() + (line == std::string::npos ? 0 : line + 1);
  uint64_t address = 0;
  std::from_chars(begin, maps.data() + name, address, 16);
  uint64_t magic = 0;
  const bool made = memory.read(address + offsetof(PublishedProcess, magic), &magic, sizeof magic);
  return made && magic == PublishedProcess::kMagic ? address : 0;
}

/// Whether the process executes what this one does: ferry, or the emulator below it.
bool same_executable(const std::string& folder) {
  FileId own;
  FileId other;
  return identify_file_at(AT_FDCWD, "/proc/thread-self/exe", own) &&
         identify_file_at(AT_FDCWD, (folder + "exe").c_str(), other) && own == other;
}

/// Whether descriptor `fd` of the process is the ferry that this process executes.
bool is_this_binary(const GuestProcess& self, const std::string& folder, int fd) {
  FileId own;
  FileId other;
  return identify_file(self.hidden[self.binary], own) &&
         identify_file_at(AT_FDCWD, (folder + "fd/" + std::to_string(fd)).c_str(), other) &&
         own == other;
}

/// The actions of signals that the process never asked about are those that the host knows.
void take_actions(ProcessView& view, const RemoteMemory& memory, const PublishedProcess& record,
                  std::string_view status) {
  std::vector<SignalAction> actions;
  SignalSet known = 0;
  if (!read_array(memory, record.actions, kSignalCount + 1, actions) ||
      !memory.read(record.known_actions, &known, sizeof known)) {
    return;
  }
  view.ignored = host_signals(status, "SigIgn:") & ~known;
  for (int signal = 1; signal <= static_cast<int>(kSignalCount); ++signal) {
    if (!contains(known, signal)) continue;
    const uint32_t handler = actions[static_cast<size_t>(signal)].handler;
    if (handler == SignalAction::kIgnore) view.ignored |= signal_bit(signal);
    if (handler > SignalAction::kIgnore) view.caught |= signal_bit(signal);
  }
}

/// A child that has just been forked, and a vfork child, list their parent's threads.
bool take_threads(ProcessView& view, const RemoteMemory& memory, uint64_t list, bool are_its_own) {
  static_assert(std::is_standard_layout_v<Thread>);
  if (!are_its_own) return true;
  std::vector<uint64_t> threads;
  if (!read_list(memory, list, threads)) return false;
  for (const uint64_t thread : threads) {
    ThreadView each;
    const uint64_t mask = thread + offsetof(Thread, signals) + offsetof(ThreadSignals, mask);
    // One that ends meanwhile may be gone.
    if (!memory.read(thread + offsetof(Thread, tid), &each.tid, sizeof each.tid) ||
        !memory.read(mask, &each.blocked, sizeof each.blocked) || each.tid == 0) {
      continue;
    }
    view.threads.push_back(each);
  }
  return true;
}

bool take_mappings(ProcessView& view, const RemoteMemory& memory, const PublishedProcess& record,
                   uint64_t address) {
  std::vector<PublishedFile> files;
  MemoryView& shown = view.memory;
  if (!read_list(memory, address + offsetof(PublishedProcess, mappings), shown.mappings) ||
      !read_list(memory, address + offsetof(PublishedProcess, files), files) ||
      !memory.read(record.totals, &shown.totals, sizeof shown.totals)) {
    return false;
  }
  for (const PublishedFile& file : files) {
    std::vector<char> path;
    if (!read_array(memory, file.path, file.path_length, path)) return false;
    shown.files.push_back({{path.begin(), path.end()}, file.id});
  }
  shown.page_map = proc_path(view.pid) + "pagemap";
  return std::all_of(shown.mappings.begin(), shown.mappings.end(),
                     [&](const Mapping& each) { return each.file < shown.files.size(); });
}

std::optional<ProcessView> view_by_record(const GuestProcess& self, int32_t pid,
                                          const std::shared_ptr<RemoteMemory>& memory,
                                          uint64_t address, ViewParts parts) {
  const std::string folder = proc_path(pid);
  const std::string status = read_host_file((folder + "status").c_str());
  PublishedProcess record;
  std::vector<int> descriptors;
  if (!memory->read(address, static_cast<void*>(&record), sizeof record) ||
      !read_list(*memory, address + offsetof(PublishedProcess, hidden), descriptors) ||
      record.binary >= descriptors.size() ||
      !is_this_binary(self, folder, descriptors[record.binary])) {
    return {};
  }
  ProcessView view;
  const std::string_view process = status_field(status, "Tgid:");
  std::from_chars(process.data(), process.data() + process.size(), view.pid);
  view.layout = record.layout;
  const size_t words = std::min<size_t>(record.auxiliary_words, record.auxiliary_vector.size());
  view.auxiliary_vector.assign(record.auxiliary_vector.begin(),
                               record.auxiliary_vector.begin() + static_cast<ptrdiff_t>(words));
  if (record.executable < descriptors.size()) view.executable = descriptors[record.executable];
  view.hidden = descriptors;
  std::erase(view.hidden, -1);
  if (!read_list(*memory, address + offsetof(PublishedProcess, small), view.small)) return {};
  view.remote = memory;
  const bool own_threads = record.pid == view.pid;
  if (!take_threads(view, *memory, address + offsetof(PublishedProcess, threads), own_threads))
    return {};
  if (parts == ViewParts::numbers) return view;
  if (!take_mappings(view, *memory, record, address)) return {};
  take_actions(view, *memory, record, status);
  return view;
}

}  // namespace

std::string ProcessView::text_at(uint32_t begin, uint32_t end) const {
  std::string text;
  char piece[256];
  while (begin < end) {
    const uint32_t size = std::min({end - begin, static_cast<uint32_t>(sizeof piece),
                                    guest::kPageSize - (begin & guest::kPageMask)});
    const bool read =
        remote != nullptr
            ? remote->read(reinterpret_cast<uint64_t>(guest::host_pointer(begin)), piece, size)
            : copy_in_bytes(begin, piece, size);
    if (!read) break;
    text.append(piece, size);
    begin += size;
  }
  return text;
}

const ThreadView* ProcessView::find_thread(int32_t tid) const {
  const auto found = std::find_if(threads.begin(), threads.end(),
                                  [=](const ThreadView& each) { return each.tid == tid; });
  return found == threads.end() ? nullptr : &*found;
}

bool ProcessView::has_thread(int32_t tid) const {
  return tid == pid || find_thread(tid) != nullptr;
}

size_t ProcessView::thread_count() const {
  return threads.size() + (find_thread(pid) == nullptr ? 1 : 0);
}

bool ProcessView::hides_descriptor(int fd) const {
  return std::find(hidden.begin(), hidden.end(), fd) != hidden.end();
}

bool ProcessView::is_small(int fd) const {
  const size_t index = static_cast<uint32_t>(fd);
  return index < small.size() && small[index] != SmallKind::large;
}

std::optional<ProcessView> view_of_other(const GuestProcess& self, int32_t pid, ViewParts parts) {
  constexpr unsigned kTries = 1000;
  const std::string folder = proc_path(pid);
  for (unsigned i = 0; i < kTries; ++i) {
    const auto memory = std::make_shared<RemoteMemory>(folder);
    if (!memory->is_open()) return {};
    const uint64_t record = find_record(*memory, folder);
    if (record != 0) return view_by_record(self, pid, memory, record, parts);
    // A ferry without a record has just been executed, or ends: then it has no executable.
    if (!same_executable(folder)) return {};
    wait_a_moment();
  }
  return {};
}

std::string proc_path(int32_t pid, int32_t tid) {
  std::string path = pid == host_call(SYS_getpid) ? "/proc/thread-self/../../"
                                                  : "/proc/" + std::to_string(pid) + "/";
  return tid == 0 ? path : path + "task/" + std::to_string(tid) + "/";
}

}  // namespace ferry::linux
