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

  [[nodiscard]] Errno load(Thread& thread, int directory, uint32_t pointer, LastLink last_link) {
    const Result<uint32_t> length = copy_in_string(pointer, guest, sizeof guest);
    if (!length.ok()) return length.error();
    if (thread.process->descriptor_hidden(directory)) return abi::kEBADF;
    resolve_path(*thread.process, directory, {guest, length.value()}, last_link, host);
    return host.error;
  }
};

[[nodiscard]] constexpr LastLink link_mode(bool follow) {
  return follow ? LastLink::follow : LastLink::keep;
}

/// A host *at() call that takes a directory and a path first.
template <typename... Words>
[[nodiscard]] CallResult path_call(Thread& t, int directory, uint32_t path, LastLink last_link,
                                   long number, Words... rest) {
  PathArgument argument;
  const Errno error = argument.load(t, directory, path, last_link);
  if (error != kOk) return error;
  return guest_result(host_call(number, argument.host.directory, argument.host.text, rest...));
}

/// What `call(directory, path)` returns with the path resolved. If it cannot be read or resolved,
/// the host is given none that it can read: its other checks may come first.
template <typename Call>
[[nodiscard]] CallResult with_path(Thread& t, int directory, uint32_t path, LastLink last_link,
                                   Call call) {
  PathArgument argument;
  const Errno error = argument.load(t, directory, path, last_link);
  if (error == kOk) return call(argument.host.directory, argument.host.text);
  constexpr uint32_t kNowhere = 0xfffff000;
  const CallResult result =
      call(directory, static_cast<const char*>(guest::host_pointer(kNowhere)));
  return result.error() == abi::kEFAULT ? CallResult(error) : result;
}

/// A host call that takes one path and no directory.
template <typename... Words>
[[nodiscard]] CallResult plain_path_call(Thread& t, uint32_t path, LastLink last_link, long number,
                                         Words... rest) {
  PathArgument argument;
  const Errno error = argument.load(t, AT_FDCWD, path, last_link);
  if (error != kOk) return error;
  return guest_result(host_call(number, argument.host.text, rest...));
}

}  // namespace ferry::linux
