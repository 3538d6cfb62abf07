#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "common/diagnostics.hpp"
#include "executor.hpp"

namespace ferry::semantics {

namespace {

/// Not more than native_runner can hold. It reads a whole batch before it answers, so the two never
/// wait for each other with full pipes.
constexpr size_t kBatch = 16384;

void write_all(int descriptor, const void* buffer, size_t size) {
  const auto* bytes = static_cast<const char*>(buffer);
  while (size > 0) {
    const ssize_t count = ::write(descriptor, bytes, size);
    if (count <= 0) die(1, "native_runner stopped reading");
    bytes += count;
    size -= static_cast<size_t>(count);
  }
}

void read_all(int descriptor, void* buffer, size_t size) {
  auto* bytes = static_cast<char*>(buffer);
  while (size > 0) {
    const ssize_t count = ::read(descriptor, bytes, size);
    if (count <= 0) die(1, "native_runner stopped: a case left its control, or it was killed");
    bytes += count;
    size -= static_cast<size_t>(count);
  }
}

class NativeExecutor final : public Executor {
 public:
  explicit NativeExecutor(const std::string& path) {
    int to_child[2];
    int from_child[2];
    CHECK(::pipe(to_child) == 0 && ::pipe(from_child) == 0);
    child_ = ::fork();
    CHECK(child_ >= 0);
    if (child_ == 0) {
      ::dup2(to_child[0], STDIN_FILENO);
      ::dup2(from_child[1], STDOUT_FILENO);
      for (const int descriptor : {to_child[0], to_child[1], from_child[0], from_child[1]}) {
        ::close(descriptor);
      }
      ::execl(path.c_str(), path.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(to_child[0]);
    ::close(from_child[1]);
    output_ = to_child[1];
    input_ = from_child[0];
    ::signal(SIGPIPE, SIG_IGN);
  }

  ~NativeExecutor() override {
    ::close(output_);
    ::close(input_);
    ::waitpid(child_, nullptr, 0);
  }

  void run(std::span<const Case> cases, std::span<Result> results) override {
    for (size_t done = 0; done < cases.size();) {
      const auto count = static_cast<uint32_t>(std::min(cases.size() - done, kBatch));
      write_all(output_, &count, sizeof count);
      write_all(output_, &cases[done], count * sizeof(Case));
      read_all(input_, &results[done], count * sizeof(Result));
      done += count;
    }
  }

 private:
  pid_t child_ = -1;
  int input_ = -1;
  int output_ = -1;
};

}  // namespace

std::unique_ptr<Executor> make_native_executor(const std::string& path) {
  return std::make_unique<NativeExecutor>(path);
}

}  // namespace ferry::semantics
