// Every conversion between the i386 ABI and the host's: known pairs, and round trips.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

#include <cstring>

#include "expect.hpp"
#include "linux/kernel/errno_map.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/table.hpp"
#include "linux/syscalls/terminal.hpp"

namespace {

using namespace ferry;
using namespace ferry::linux;
using test::expect;
using test::expect_equal;

void errnos() {
  expect_equal(errno_to_guest(EPERM), 1);
  expect_equal(errno_to_guest(ERANGE), 34);
  expect_equal(errno_to_guest(EDEADLK), 35);
  expect_equal(errno_to_guest(ENAMETOOLONG), 36);
  expect_equal(errno_to_guest(ENOSYS), 38);
  expect_equal(errno_to_guest(ENOTEMPTY), 39);
  expect_equal(errno_to_guest(ELOOP), 40);
  expect_equal(errno_to_guest(EOVERFLOW), 75);
  expect_equal(errno_to_guest(EOPNOTSUPP), 95);
  expect_equal(errno_to_guest(EADDRINUSE), 98);
  expect_equal(errno_to_guest(ETIMEDOUT), 110);
  expect_equal(errno_to_guest(ECONNREFUSED), 111);
  expect_equal(errno_to_guest(EINPROGRESS), 115);
  expect_equal(errno_to_guest(EDQUOT), 122);
  expect_equal(errno_to_guest(ECANCELED), 125);
  expect_equal(errno_to_guest(EHWPOISON), 133);
  expect(std::strcmp(guest_errno_name(abi::kENOSYS), "ENOSYS") == 0);
}

void call_results() {
  expect(guest_result(-ENOSYS) == abi::kENOSYS);
  expect_equal(guest_result(-ENOSYS).eax(), 0xffffffdau);
  expect_equal(guest_result(7).value(), 7u);
  // A value may look like -EINVAL.
  const CallResult value = 0xffffffeau;
  expect(value.ok() && value != abi::kEINVAL);
  expect_equal(value.eax(), CallResult(abi::kEINVAL).eax());
  expect_equal(CallResult(abi::kEINVAL).error().value, 22);
  expect(CallResult(kOk) == 0u);
  expect(!kErestartSys.ok() && kErestartSys.error() == kOk && kErestartSys.value() == 0);
}

void signals() {
  const struct {
    int guest, host;
  } pairs[] = {{1, SIGHUP},   {2, SIGINT},    {3, SIGQUIT},  {4, SIGILL},   {5, SIGTRAP},
               {6, SIGABRT},  {7, SIGBUS},    {8, SIGFPE},   {9, SIGKILL},  {10, SIGUSR1},
               {11, SIGSEGV}, {12, SIGUSR2},  {13, SIGPIPE}, {14, SIGALRM}, {15, SIGTERM},
               {17, SIGCHLD}, {18, SIGCONT},  {19, SIGSTOP}, {20, SIGTSTP}, {21, SIGTTIN},
               {22, SIGTTOU}, {23, SIGURG},   {24, SIGXCPU}, {25, SIGXFSZ}, {26, SIGVTALRM},
               {27, SIGPROF}, {28, SIGWINCH}, {29, SIGIO},   {30, SIGPWR},  {31, SIGSYS},
               {32, 32},      {64, 64}};
  for (const auto& pair : pairs) {
    expect_equal(signal_to_host(pair.guest), pair.host);
    expect_equal(signal_to_guest(pair.host), pair.guest);
  }
  for (int guest = 1; guest <= 64; ++guest) {
    expect_equal(signal_to_guest(signal_to_host(guest)), guest);
    expect_equal(set_to_guest(set_to_host(signal_bit(guest))), signal_bit(guest));
    expect(set_to_host(signal_bit(guest)).contains(signal_to_host(guest)));
  }
  expect_equal(signal_to_host(0), 0);
  expect_equal(signal_to_host(65), 0);
  expect_equal(signal_to_guest(100), 0);
  expect_equal(wait_status_to_guest(0x0300), 0x0300);
  expect_equal(wait_status_to_guest(SIGUSR1), 10);
  expect_equal(wait_status_to_guest(SIGSEGV | 0x80), 11 | 0x80);
  expect_equal(wait_status_to_guest(SIGTSTP << 8 | 0x7f), 20 << 8 | 0x7f);
  expect_equal(wait_status_to_guest(0xffff), 0xffff);
  siginfo_t info;
  std::memset(&info, 0, sizeof info);
  info.si_signo = SIGCHLD;
  info.si_code = CLD_STOPPED;
  info.si_status = SIGTSTP;
  info.si_pid = 77;
  const abi::SigInfo guest = siginfo_to_guest(info);
  expect_equal(guest.signo, 17);
  expect_equal(guest.child.status, 20);
  expect_equal(guest.child.pid, 77);
  expect_equal(siginfo_to_host(guest).si_status, SIGTSTP);
  info.si_signo = SIGALRM;
  info.si_code = SI_TIMER;
  expect_equal(siginfo_to_guest(info).code, -2);
  expect_equal(siginfo_to_host(siginfo_to_guest(info)).si_code, SI_TIMER);
}

void flags() {
  const struct {
    uint32_t guest, host;
  } pairs[] = {{1, O_WRONLY},         {2, O_RDWR},           {0100, O_CREAT},
               {0200, O_EXCL},        {0400, O_NOCTTY},      {01000, O_TRUNC},
               {02000, O_APPEND},     {04000, O_NONBLOCK},   {010000, O_DSYNC},
               {020000, O_ASYNC},     {040000, O_DIRECT},    {0200000, O_DIRECTORY},
               {0400000, O_NOFOLLOW}, {01000000, O_NOATIME}, {02000000, O_CLOEXEC},
               {04010000, O_SYNC},    {010000000, O_PATH},   {020200000, O_TMPFILE}};
  for (const auto& pair : pairs) {
    expect_equal(open_flags_to_host(pair.guest), pair.host);
    expect_equal(open_flags_to_guest(pair.host) & ~0100000u, pair.guest);
  }
  expect_equal(creation_flags_to_host(04000 | 02000000 | 1), O_NONBLOCK | O_CLOEXEC | 1);
  expect_equal(socket_type_to_host(1), SOCK_STREAM);
  expect_equal(socket_type_to_host(2), SOCK_DGRAM);
  expect_equal(socket_type_to_host(1 | 04000 | 02000000),
               SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
  expect_equal(socket_type_to_guest(SOCK_SEQPACKET), 5);
  expect_equal(socket_level_to_host(1), SOL_SOCKET);
  expect_equal(socket_level_to_host(6), 6);
  expect_equal(socket_level_to_guest(SOL_SOCKET), 1);
  const struct {
    int guest, host;
  } options[] = {{2, SO_REUSEADDR},  {3, SO_TYPE},      {4, SO_ERROR},      {6, SO_BROADCAST},
                 {7, SO_SNDBUF},     {8, SO_RCVBUF},    {9, SO_KEEPALIVE},  {13, SO_LINGER},
                 {15, SO_REUSEPORT}, {16, SO_PASSCRED}, {17, SO_PEERCRED},  {18, SO_RCVLOWAT},
                 {20, SO_RCVTIMEO},  {21, SO_SNDTIMEO}, {30, SO_ACCEPTCONN}};
  for (const auto& pair : options) expect_equal(socket_option_to_host(pair.guest), pair.host);
  expect_equal(socket_level_to_host(1), SOL_SOCKET);
  expect_equal(socket_level_to_host(41), 41);
  expect(socket_level_to_host(0xffff) != SOL_SOCKET);
  // A number that only MIPS uses is no option; one that is newer than the headers is itself.
  expect_equal(socket_option_to_host(0x80), -1);
  expect_equal(socket_option_to_host(0x1006), -1);
  expect_equal(socket_option_to_host(0), -1);
  expect_equal(socket_option_to_host(77), 77);
  const struct {
    uint32_t guest;
    int host;
  } limits[] = {{0, RLIMIT_CPU},    {4, RLIMIT_CORE},    {5, RLIMIT_RSS}, {6, RLIMIT_NPROC},
                {7, RLIMIT_NOFILE}, {8, RLIMIT_MEMLOCK}, {9, RLIMIT_AS}};
  for (const auto& pair : limits) expect_equal(resource_to_host(pair.guest), pair.host);
  expect_equal(resource_to_host(99), -1);
  expect_equal(wide_id(0xffff), ~0u);
  expect_equal(wide_id(1000), 1000);
  expect_equal(narrow_id(70000), 65534);
}

void terminals() {
  abi::TermIos guest;
  std::memset(&guest, 0, sizeof guest);
  guest.lflag = 0000001 | 0000002 | 0000010 | 0000400 | 0100000;  // ISIG ICANON ECHO TOSTOP IEXTEN
  for (uint8_t i = 0; i < 17; ++i) guest.cc[i] = static_cast<uint8_t>(i + 1);
  HostTermios host;
  std::memset(&host, 0, sizeof host);
  terminal_to_host(guest, host);
  expect_equal(host.lflag, ISIG | ICANON | ECHO | TOSTOP | IEXTEN);
  expect_equal(host.cc[VEOF], 5);
  expect_equal(host.cc[VTIME], 6);
  expect_equal(host.cc[VMIN], 7);
  expect_equal(host.cc[VSUSP], 11);
  expect_equal(host.cc[VEOL], 12);
  abi::TermIos back;
  std::memset(&back, 0, sizeof back);
  terminal_to_guest(host, back);
  expect(std::memcmp(&guest, &back, sizeof guest) == 0);
  // TCGETA and TCSETA: the flags' low halves, and 8 characters.
  guest.cflag = 0x10008bd;
  abi::TermIo old = short_settings(guest);
  expect_equal(old.cflag, 0x8bd);
  expect_equal(old.lflag, 0x810b);
  expect_equal(old.cc[4], 5);
  old.cflag = 0x1;
  old.cc[4] = 99;
  change_settings(old, guest);
  expect_equal(guest.cflag, 0x1000001u);
  expect_equal(guest.cc[4], 99);
  expect_equal(guest.cc[10], 11);
}

void status() {
  struct statx host;
  std::memset(&host, 0, sizeof host);
  host.stx_size = 0x123456789;
  host.stx_uid = 100000;
  host.stx_rdev_major = 4;
  host.stx_rdev_minor = 0x164;
  const abi::Stat64 wide = stat64_from(host);
  expect_equal(wide.size, 0x123456789);
  expect_equal(wide.uid, 100000);
  expect_equal(wide.rdev, 0x100464);
  expect(!stat32_from(host).has_value());
  host.stx_size = 5;
  expect_equal(stat32_from(host)->uid, 65534);
  // oldstat cut the numbers of files to 16 bits, as no kernel does (fs/stat.c, cp_old_stat).
  host.stx_ino = 65535;
  host.stx_nlink = 65535;
  expect_equal(old_stat_from(host)->ino, 65535);
  host.stx_ino = 65536;
  expect(!old_stat_from(host).has_value());
  host.stx_ino = 1;
  host.stx_nlink = 65536;
  expect(!old_stat_from(host).has_value());
}

void rows() {
  expect(std::strcmp(syscall_row(1)->name, "exit") == 0);
  expect(std::strcmp(syscall_row(252)->name, "exit_group") == 0);
  expect(syscall_row(100000) == nullptr);
  unsigned present = 0;
  for (uint32_t i = 0; i < 500; ++i) {
    const SyscallRow* row = syscall_row(i);
    if (row != nullptr && row->call.handler != nullptr) ++present;
    if (row != nullptr) expect((row->call.handler == nullptr) == (row->support == Support::enosys));
  }
  expect(present > 280);
}

}  // namespace

int main() {
  errnos();
  call_results();
  signals();
  flags();
  terminals();
  status();
  rows();
  return ferry::test::report();
}
