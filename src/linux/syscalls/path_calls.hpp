// Calls that take a path: the guest's is read and resolved, and the host's call gets the result.
#pragma once

#include <fcntl.h>

#include <cstdint>

#include "linux/kernel/path.hpp"
#include "linux/syscalls/calls.hpp"

namespace ferry::linux {

/// A guest's path argument, resolved for the host.
struct PathArgument {
  char guest[4096];
  HostPath host;

  /// Afterwards host.error says why the host can be given no path.
  void load(Thread& thread, int directory, uint32_t pointer, LastLink last_link) {
    host.directory = directory;
    const Result<uint32_t> length = copy_in_string(pointer, guest, sizeof guest);
    if (!length.ok()) {
      host.error = length.error();
    } else if (thread.process->descriptor_hidden(directory)) {
      host.error = abi::kEBADF;
    } else {
      resolve_path(*thread.process, directory, {guest, length.value()}, last_link, host);
    }
  }
  /// What the host is given; nowhere() if there is no path.
  [[nodiscard]] const char* text() const { return host.error == kOk ? host.text : nowhere(); }
  /// The result of a host call that was given text().
  [[nodiscard]] CallResult settle(CallResult result) const {
    return host.error == kOk ? result : in_order(result, host.error);
  }
};

[[nodiscard]] constexpr LastLink link_mode(bool follow) {
  return follow ? LastLink::follow : LastLink::keep;
}

/// What `call(directory, path)` returns with the path resolved. If it cannot be read or resolved,
/// the host is given none that it can read: its other checks may come first.
template <typename Call>
[[nodiscard]] CallResult with_path(Thread& t, int directory, uint32_t path, LastLink last_link,
                                   Call call) {
  PathArgument argument;
  argument.load(t, directory, path, last_link);
  return argument.settle(call(argument.host.directory, argument.text()));
}

/// A host *at() call that takes a directory and a path first.
template <typename... Words>
[[nodiscard]] CallResult path_call(Thread& t, int directory, uint32_t path, LastLink last_link,
                                   long number, Words... rest) {
  return with_path(t, directory, path, last_link, [&](int host_directory, const char* text) {
    return guest_result(host_call(number, host_directory, text, rest...));
  });
}

/// A host call that takes one path and no directory.
template <typename... Words>
[[nodiscard]] CallResult plain_path_call(Thread& t, uint32_t path, LastLink last_link, long number,
                                         Words... rest) {
  return with_path(t, AT_FDCWD, path, last_link, [&](int, const char* text) {
    return guest_result(host_call(number, text, rest...));
  });
}

}  // namespace ferry::linux
