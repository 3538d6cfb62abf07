// -L ROOT and /proc/self: the one place where a guest's path becomes a host's.
//
// Rules, those of qemu-user's -L made complete:
//   - An absolute path that exists in ROOT means the file there; symbolic links and `..` are
//     followed inside ROOT. Otherwise it means the host's file of that name. A new file goes where
//     its directory is, to the host if both have it.
//   - /proc, /sys and /dev are the host's, but /proc/PID/root of a ferry process is ROOT, which is
//     taken to be the caller's.
//   - Names of a ferry process's executable in /proc mean its guest's executable, and ferry's own
//     descriptors do not exist there (proc_entry.hpp).
//   - A relative path from a directory inside ROOT stays in ROOT; from elsewhere it is the host's.
//   - A guest's chroot to a folder other than ROOT ends these rules: its paths are the host's then.
//   - Where a link of the host names an absolute path, the first rule holds for that path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "linux/abi/i386/errno.hpp"
#include "linux/kernel/proc_entry.hpp"

namespace ferry::linux {

class GuestProcess;

enum class LastLink : uint8_t { follow, keep };

/// What to pass to a host *at() call.
struct HostPath {
  Errno error;    ///< unless kOk, `text` is meaningless
  ProcFile file;  ///< what must show a guest instead of ferry
  int directory = -1;
  char text[4096];
};

/// Resolves `guest_path` relative to host descriptor `directory` (AT_FDCWD allowed).
void resolve_path(const GuestProcess& process, int directory, std::string_view guest_path,
                  LastLink last_link, HostPath& result);

/// The host's path of the descriptor that `file`, an exe, means; empty if the host's exe is right,
/// or ferry has lost the descriptor.
[[nodiscard]] std::string executable_descriptor(const GuestProcess& process, const ProcFile& file);

/// How the guest sees host path `host`: without ROOT in front.
[[nodiscard]] std::string_view guest_view(const GuestProcess& process, std::string_view host);

}  // namespace ferry::linux
