#include "linux/strace/call_formats.hpp"

#include "linux/abi/i386/file_names.hpp"
#include "linux/abi/i386/process_names.hpp"
#include "linux/abi/i386/socket_names.hpp"
#include "linux/strace/show_async.hpp"
#include "linux/strace/show_files.hpp"
#include "linux/strace/show_ipc.hpp"
#include "linux/strace/show_processes.hpp"
#include "linux/strace/show_signals.hpp"
#include "linux/strace/show_sockets.hpp"
#include "linux/strace/show_system.hpp"
#include "linux/strace/show_times.hpp"

namespace ferry::linux::strace {

namespace {

constexpr uint32_t kTableSize = 512;

constexpr auto kFormats = [] {
  std::array<CallFormat, kTableSize> formats{};
#define FORMAT(name, ...) formats[kNr_##name] = {#name, {__VA_ARGS__}};
#include "linux/strace/call_formats.inc"
#undef FORMAT
  return formats;
}();

// What only the two calls with many purposes can do (net/socket.c, ipc/syscall.c).
constexpr CallFormat kAccept{"accept", {num, both<2, show_got_address>}};
constexpr CallFormat kSend{"send", {num, data, unum, flags<abi::kMsgFlags>}};
constexpr CallFormat kRecv{"recv", {num, out_data, unum, flags<abi::kMsgFlags>}};
constexpr CallFormat kSemop{"semop", {num, in_words<2, show_semaphore_operations>}};
constexpr CallFormat kSemtimedop{"semtimedop",
                                 {num, in_words<2, show_semaphore_operations>, in<show_timespec>}};

/// By their number in net.h.
constexpr const CallFormat* kSocketCalls[] = {
    nullptr,
    &kFormats[kNr_socket],
    &kFormats[kNr_bind],
    &kFormats[kNr_connect],
    &kFormats[kNr_listen],
    &kAccept,
    &kFormats[kNr_getsockname],
    &kFormats[kNr_getpeername],
    &kFormats[kNr_socketpair],
    &kSend,
    &kRecv,
    &kFormats[kNr_sendto],
    &kFormats[kNr_recvfrom],
    &kFormats[kNr_shutdown],
    &kFormats[kNr_setsockopt],
    &kFormats[kNr_getsockopt],
    &kFormats[kNr_sendmsg],
    &kFormats[kNr_recvmsg],
    &kFormats[kNr_accept4],
    &kFormats[kNr_recvmmsg],
    &kFormats[kNr_sendmmsg],
};

/// An ipc(2) call, and which words of ipc become its words. Word 4 is the pointer.
struct IpcRow {
  uint32_t call;
  const CallFormat* format;
  std::array<uint8_t, 4> words;
};
constexpr IpcRow kIpcCalls[] = {
    {1, &kSemop, {1, 4, 2}},
    {2, &kFormats[kNr_semget], {1, 2, 3}},
    {3, &kFormats[kNr_semctl], {1, 2, 3, 4}},
    {4, &kSemtimedop, {1, 4, 2, 5}},
    {11, &kFormats[kNr_msgsnd], {1, 4, 2, 3}},
    {13, &kFormats[kNr_msgget], {1, 2}},
    {14, &kFormats[kNr_msgctl], {1, 2, 4}},
    {21, &kFormats[kNr_shmat], {1, 4, 2}},
    {22, &kFormats[kNr_shmdt], {4}},
    {23, &kFormats[kNr_shmget], {1, 2, 3}},
    {24, &kFormats[kNr_shmctl], {1, 2, 4}},
};

}  // namespace

const CallFormat* call_format(uint32_t number) {
  return number < kTableSize && kFormats[number].name != nullptr ? &kFormats[number] : nullptr;
}

ShownCall socket_call(const std::array<uint32_t, kMostWords>& words) {
  ShownCall shown{nullptr, {}};
  if (words[0] == 0 || words[0] >= std::size(kSocketCalls)) return shown;
  const CallFormat* const format = kSocketCalls[words[0]];
  if (copy_in_bytes(words[1], shown.words.data(), format->words() * 4)) shown.format = format;
  return shown;
}

ShownCall ipc_call(const std::array<uint32_t, kMostWords>& words) {
  constexpr uint32_t kReceive = 12, kSemctl = 3;
  ShownCall shown{nullptr, {}};
  const uint32_t call = words[0] & 0xffff;
  if (call == kReceive) {
    // The old version finds message and type in memory (struct ipc_kludge).
    uint32_t message[2] = {words[4], words[5]};
    if (words[0] >> 16 == 0 && !copy_in(words[4], message)) return shown;
    return {&kFormats[kNr_msgrcv], {words[1], message[0], words[2], message[1], words[3]}};
  }
  for (const IpcRow& row : kIpcCalls) {
    if (row.call != call) continue;
    shown.format = row.format;
    for (size_t i = 0; i < row.words.size(); ++i) shown.words[i] = words[row.words[i]];
    // semctl's argument is in memory here.
    if (call == kSemctl && !copy_in(words[4], shown.words[3])) shown.words[3] = words[4];
  }
  return shown;
}

}  // namespace ferry::linux::strace
