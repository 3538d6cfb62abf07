// The command line, and a plain loop that interprets.
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "common/diagnostics.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "linux/guest_process.hpp"
#include "linux/syscalls/dispatch.hpp"
#include "linux/threads.hpp"

namespace {

using namespace ferry;

void run(Thread& thread) {
  for (;;) {
    if (thread.signal_pending != 0) deliver_pending_signals(thread);
    const i386::Outcome outcome = i386::step(thread.cpu);
    switch (outcome) {
      case i386::Outcome::exception:
      case i386::Outcome::trap:
        handle_exception(thread, thread.cpu.exception);
        break;
      case i386::Outcome::syscall:
        if (handle_syscall(thread) == SyscallAction::exit_process) return;
        break;
      default:
        break;
    }
  }
}

[[noreturn]] void usage() {
  die(1, "usage: ferry [-L ROOT] [-strace] [-d ITEMS] PROGRAM [ARGUMENTS]");
}

}  // namespace

int main(int argc, char** argv) {
  uint32_t host_page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  LaunchRequest request;
  const char* argv0 = nullptr;
  std::string root;
  std::vector<std::string> passed_on;
  int index = 1;
  const auto value = [&] { return index + 1 < argc ? argv[++index] : (usage(), nullptr); };
  for (; index < argc && argv[index][0] == '-'; ++index) {
    const std::string_view option = argv[index];
    if (option == "--") {
      ++index;
      break;
    }
    if (option == "-strace") {
      enable_log_channel(LogChannel::strace);
      passed_on.emplace_back(option);
    } else if (option == "-L") {
      root = value();
    } else if (option == "-0") {
      argv0 = value();
    } else if (option == "-host-page") {
      host_page = static_cast<uint32_t>(std::atoi(value()));
      passed_on.insert(passed_on.end(), {"-host-page", std::to_string(host_page)});
    } else if (option == "-d") {
      std::string_view unknown;
      const char* items = value();
      if (!enable_log_channels(items, &unknown)) usage();
      passed_on.insert(passed_on.end(), {"-d", items});
    } else {
      usage();
    }
  }
  if (index >= argc) usage();

  static AddressSpace space(host_page);
  static GuestProcess process(space);
  static Thread thread(process);
  request.environment = process.take_environment(environ);
  process.root = root;
  process.exec_options = passed_on;
  process.run_loop = run;
  request.program = argv[index];
  for (int i = index; i < argc; ++i) request.arguments.emplace_back(argv[i]);
  if (argv0 != nullptr) request.arguments[0] = argv0;
  process.launch(thread, request);
  run(thread);
  _exit(thread.exit_status);
}
