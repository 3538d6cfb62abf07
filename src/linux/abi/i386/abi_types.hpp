// Structures and constants of the i386 Linux ABI, as arch/x86/include/uapi and include/uapi/linux
// of the kernel lay them out for 32-bit programs. Conversions to and from the host's structures
// stand next to the code that uses them: linux/kernel/signal_map.hpp, linux/syscalls/convert.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "linux/abi/i386/errno.hpp"

namespace ferry::linux::abi {

/// A 64-bit field of an i386 structure: aligned to 4, not to 8.
using U64 [[gnu::aligned(4)]] = uint64_t;
using S64 [[gnu::aligned(4)]] = int64_t;

// --- signals (arch/x86/include/uapi/asm/signal.h) ------------------------------------------------
inline constexpr int kSIGHUP = 1, kSIGINT = 2, kSIGQUIT = 3, kSIGILL = 4, kSIGTRAP = 5,
                     kSIGABRT = 6, kSIGBUS = 7, kSIGFPE = 8, kSIGKILL = 9, kSIGUSR1 = 10,
                     kSIGSEGV = 11, kSIGUSR2 = 12, kSIGPIPE = 13, kSIGALRM = 14, kSIGTERM = 15,
                     kSIGSTKFLT = 16, kSIGCHLD = 17, kSIGCONT = 18, kSIGSTOP = 19, kSIGTSTP = 20,
                     kSIGTTIN = 21, kSIGTTOU = 22, kSIGURG = 23, kSIGXCPU = 24, kSIGXFSZ = 25,
                     kSIGVTALRM = 26, kSIGPROF = 27, kSIGWINCH = 28, kSIGIO = 29, kSIGPWR = 30,
                     kSIGSYS = 31;

inline constexpr uint32_t kSaNoCldStop = 1, kSaNoCldWait = 2, kSaSigInfo = 4,
                          kSaRestorer = 0x04000000, kSaOnStack = 0x08000000,
                          kSaRestart = 0x10000000, kSaNoDefer = 0x40000000,
                          kSaResetHand = 0x80000000;
inline constexpr uint32_t kSsOnStack = 1, kSsDisable = 2, kSsAutoDisarm = 1u << 31;
inline constexpr uint32_t kMinSigStackSize = 2048;

struct OldSigAction {  // struct old_sigaction
  uint32_t handler;
  uint32_t mask;
  uint32_t flags;
  uint32_t restorer;
};
static_assert(sizeof(OldSigAction) == 16);

struct SigAction {  // struct sigaction of the kernel
  uint32_t handler;
  uint32_t flags;
  uint32_t restorer;
  U64 mask;
};
static_assert(sizeof(SigAction) == 20);

struct SigInfo {  // siginfo_t
  int32_t signo;
  int32_t error;
  int32_t code;
  union {
    uint32_t words[29];
    struct {
      int32_t pid;
      uint32_t uid;
      uint32_t value;
    } rt;  // kill, sigqueue, mqueue
    struct {
      int32_t timer;
      int32_t overrun;
      uint32_t value;
    } timer;
    struct {
      int32_t pid;
      uint32_t uid;
      int32_t status;
      int32_t utime;
      int32_t stime;
    } child;
    struct {
      uint32_t address;
      uint32_t extra;  // si_addr_lsb, si_trapno
      uint32_t lower;  // or si_pkey
      uint32_t upper;
    } fault;
    struct {
      int32_t band;
      int32_t fd;
    } poll;
    struct {
      uint32_t address;
      int32_t number;
      uint32_t arch;
    } sys;
  };
};
static_assert(sizeof(SigInfo) == 128);

struct StackT {  // stack_t
  uint32_t base;
  uint32_t flags;
  uint32_t size;
};
static_assert(sizeof(StackT) == 12);

struct SigEvent {
  uint32_t value;
  int32_t signo;
  int32_t notify;
  int32_t tid;
  uint32_t pad[12];
};
static_assert(sizeof(SigEvent) == 64);

// --- threads -------------------------------------------------------------------------------------
struct UserDesc {  // struct user_desc, arch/x86/include/uapi/asm/ldt.h
  uint32_t entry_number;
  uint32_t base;
  uint32_t limit;
  uint32_t flags;
};
static_assert(sizeof(UserDesc) == 16);
// `contents` are two bits: expand-down data, and code. `lm` is there for 64-bit kernels.
inline constexpr uint32_t kDescSeg32Bit = 1, kDescExpandDown = 2, kDescCode = 4, kDescContents = 6,
                          kDescReadExecOnly = 8, kDescLimitInPages = 16, kDescSegNotPresent = 32,
                          kDescUsable = 64, kDescLongMode = 128, kDescAllFlags = 255;

// --- times ---------------------------------------------------------------------------------------
struct TimeSpec32 {
  int32_t seconds;
  int32_t nanoseconds;
};
struct TimeVal32 {
  int32_t seconds;
  int32_t microseconds;
};
struct TimeSpec64 {  // __kernel_timespec: the same on every host
  S64 seconds;
  S64 nanoseconds;
};
struct ITimerVal32 {
  TimeVal32 interval;
  TimeVal32 value;
};
struct ITimerSpec32 {
  TimeSpec32 interval;
  TimeSpec32 value;
};
struct ITimerSpec64 {
  TimeSpec64 interval;
  TimeSpec64 value;
};
struct TimeZone {
  int32_t minutes_west;
  int32_t dst_time;
};
struct Tms {
  int32_t user, system, children_user, children_system;
};
static_assert(sizeof(TimeSpec64) == 16 && sizeof(ITimerSpec64) == 32 && sizeof(Tms) == 16);

// --- files ---------------------------------------------------------------------------------------
struct OldStat {  // struct __old_kernel_stat
  uint16_t dev, ino, mode, nlink, uid, gid, rdev;
  uint32_t size, atime, mtime, ctime;
};
static_assert(sizeof(OldStat) == 32);

struct Stat32 {  // struct stat, arch/x86/include/uapi/asm/stat.h
  uint32_t dev, ino;
  uint16_t mode, nlink, uid, gid;
  uint32_t rdev, size, blksize, blocks;
  uint32_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
  uint32_t unused[2];
};
static_assert(sizeof(Stat32) == 64);

struct Stat64 {  // struct stat64
  U64 dev;
  uint8_t pad0[4];
  uint32_t short_ino;
  uint32_t mode, nlink, uid, gid;
  U64 rdev;
  uint8_t pad3[4];
  S64 size;
  uint32_t blksize;
  U64 blocks;
  uint32_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
  U64 ino;
};
static_assert(sizeof(Stat64) == 96 && offsetof(Stat64, size) == 44 && offsetof(Stat64, ino) == 88);

struct StatFs32 {  // struct statfs
  uint32_t type, bsize, blocks, bfree, bavail, files, ffree;
  uint32_t fsid[2];
  uint32_t namelen, frsize, flags, spare[4];
};
static_assert(sizeof(StatFs32) == 64);

struct StatFs64 {  // struct compat_statfs64
  uint32_t type, bsize;
  U64 blocks, bfree, bavail, files, ffree;
  uint32_t fsid[2];
  uint32_t namelen, frsize, flags, spare[4];
};
static_assert(sizeof(StatFs64) == 84);

struct Flock32 {
  int16_t type, whence;
  int32_t start, length, pid;
};
struct Flock64 {
  int16_t type, whence;
  S64 start, length;
  int32_t pid;
};
static_assert(sizeof(Flock32) == 16 && sizeof(Flock64) == 24);

struct IoVec {
  uint32_t base, length;
};
struct PollFd {
  int32_t fd;
  int16_t events, revents;
};
struct EpollEvent {  // packed on x86
  uint32_t events;
  U64 data;
};
static_assert(sizeof(EpollEvent) == 12);

// --- sockets -------------------------------------------------------------------------------------
struct MsgHdr {
  uint32_t name, name_length, iov, iov_length, control, control_length, flags;
};
struct MMsgHdr {
  MsgHdr header;
  uint32_t length;
};
struct CMsgHdr {
  uint32_t length;
  int32_t level, type;
};
static_assert(sizeof(MsgHdr) == 28 && sizeof(CMsgHdr) == 12);
struct SockFilterProgram {  // struct sock_fprog
  uint16_t length, pad;
  uint32_t filter;
};
static_assert(sizeof(SockFilterProgram) == 8);
struct IfReq {  // struct ifreq: name and a union of 16 bytes
  char name[16];
  uint8_t data[16];
};
static_assert(sizeof(IfReq) == 32);

// --- process -------------------------------------------------------------------------------------
struct RUsage {
  TimeVal32 user, system;
  int32_t rest[14];
};
static_assert(sizeof(RUsage) == 72);

struct RLimit32 {
  uint32_t soft, hard;
};

struct SysInfo {
  int32_t uptime;
  uint32_t loads[3], total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
  uint16_t processes, pad;
  uint32_t total_high, free_high, unit;
  uint8_t filler[8];
};
static_assert(sizeof(SysInfo) == 64);

struct UtsName {  // struct new_utsname
  char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};
static_assert(sizeof(UtsName) == 390);

// --- terminals (include/uapi/asm-generic/termbits.h) ---------------------------------------------
struct TermIo {
  uint16_t iflag, oflag, cflag, lflag;
  uint8_t line, cc[8];
};
static_assert(sizeof(TermIo) == 18);
struct TermIos {
  uint32_t iflag, oflag, cflag, lflag;
  uint8_t line, cc[19];
};
struct TermIos2 {
  uint32_t iflag, oflag, cflag, lflag;
  uint8_t line, cc[19];
  uint32_t ispeed, ospeed;
};
static_assert(sizeof(TermIos) == 36 && sizeof(TermIos2) == 44);

// --- signal frames (arch/x86/include/uapi/asm/sigcontext.h) --------------------------------------
struct FpReg {
  uint16_t significand[4];
  uint16_t exponent;
};
struct FpState {  // struct _fpstate_32: the FNSAVE image, then the FXSAVE image
  uint32_t cw, sw, tag, ipoff, cssel, dataoff, datasel;
  FpReg st[8];
  uint16_t status;
  uint16_t magic;  // 0xffff: no FXSR data; 0: FXSR data follows
  uint32_t fxsr_env[6];
  uint32_t mxcsr;
  uint32_t reserved;
  uint8_t fxsr_st[128];
  uint8_t xmm[128];
  uint32_t padding[56];
};
static_assert(sizeof(FpState) == 112 + 512);

struct SigContext {  // struct sigcontext_32
  uint32_t gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trapno, err, eip, cs, flags,
      esp_at_signal, ss, fpstate, oldmask, cr2;
};
static_assert(sizeof(SigContext) == 88);

struct UContext {  // struct ucontext_ia32
  uint32_t flags, link;
  StackT stack;
  SigContext mcontext;
  U64 sigmask;
};
static_assert(sizeof(UContext) == 116);

struct SigFrame {  // struct sigframe_ia32
  uint32_t return_address;
  int32_t signal;
  SigContext context;
  FpState unused_fpstate;  // the real one lies elsewhere; kept for the offsets after it
  uint32_t extra_mask;
  uint8_t return_code[8];
};
static_assert(sizeof(SigFrame) == 732);

struct RtSigFrame {  // struct rt_sigframe_ia32
  uint32_t return_address;
  int32_t signal;
  uint32_t info_pointer;
  uint32_t context_pointer;
  SigInfo info;
  UContext context;
  uint8_t return_code[8];
};
static_assert(sizeof(RtSigFrame) == 268);

struct Timex32 {  // struct old_timex32, include/linux/time32.h
  uint32_t modes;
  int32_t offset, freq, maxerror, esterror, status, constant, precision, tolerance;
  TimeVal32 time;
  int32_t tick, ppsfreq, jitter, shift, stabil, jitcnt, calcnt, errcnt, stbcnt, tai;
  int32_t unused[11];
};
static_assert(sizeof(Timex32) == 128);

}  // namespace ferry::linux::abi
