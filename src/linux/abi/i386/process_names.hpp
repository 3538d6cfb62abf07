// Names of flags and commands of the calls about processes, signals, times and events, as i386 has
// their values (arch/x86/include/uapi and include/uapi/asm-generic, include/uapi/linux).
#pragma once

#include "linux/abi/i386/name_table.hpp"

namespace ferry::linux::abi {

inline constexpr NamedValue kCloneRows[] = {{0x100, "CLONE_VM"},
                                            {0x200, "CLONE_FS"},
                                            {0x400, "CLONE_FILES"},
                                            {0x800, "CLONE_SIGHAND"},
                                            {0x1000, "CLONE_PIDFD"},
                                            {0x2000, "CLONE_PTRACE"},
                                            {0x4000, "CLONE_VFORK"},
                                            {0x8000, "CLONE_PARENT"},
                                            {0x10000, "CLONE_THREAD"},
                                            {0x20000, "CLONE_NEWNS"},
                                            {0x40000, "CLONE_SYSVSEM"},
                                            {0x80000, "CLONE_SETTLS"},
                                            {0x100000, "CLONE_PARENT_SETTID"},
                                            {0x200000, "CLONE_CHILD_CLEARTID"},
                                            {0x400000, "CLONE_DETACHED"},
                                            {0x800000, "CLONE_UNTRACED"},
                                            {0x1000000, "CLONE_CHILD_SETTID"},
                                            {0x2000000, "CLONE_NEWCGROUP"},
                                            {0x4000000, "CLONE_NEWUTS"},
                                            {0x8000000, "CLONE_NEWIPC"},
                                            {0x10000000, "CLONE_NEWUSER"},
                                            {0x20000000, "CLONE_NEWPID"},
                                            {0x40000000, "CLONE_NEWNET"},
                                            {0x80000000, "CLONE_IO"}};
inline constexpr NameTable kCloneFlags{kCloneRows, "CLONE_???"};
inline constexpr NamedValue kUnshareRows[] = {
    {0x80, "CLONE_NEWTIME"},      {0x100, "CLONE_VM"},         {0x200, "CLONE_FS"},
    {0x400, "CLONE_FILES"},       {0x800, "CLONE_SIGHAND"},    {0x10000, "CLONE_THREAD"},
    {0x20000, "CLONE_NEWNS"},     {0x40000, "CLONE_SYSVSEM"},  {0x2000000, "CLONE_NEWCGROUP"},
    {0x4000000, "CLONE_NEWUTS"},  {0x8000000, "CLONE_NEWIPC"}, {0x10000000, "CLONE_NEWUSER"},
    {0x20000000, "CLONE_NEWPID"}, {0x40000000, "CLONE_NEWNET"}};
inline constexpr NameTable kUnshareFlags{kUnshareRows, "CLONE_???"};
inline constexpr NamedValue kWaitRows[] = {{1, "WNOHANG"},          {2, "WSTOPPED"},
                                           {4, "WEXITED"},          {8, "WCONTINUED"},
                                           {0x01000000, "WNOWAIT"}, {0x80000000, "__WCLONE"},
                                           {0x40000000, "__WALL"},  {0x20000000, "__WNOTHREAD"}};
inline constexpr NameTable kWaitOptions{kWaitRows, "W???"};
inline constexpr NamedValue kWaitidRows[] = {
    {0, "P_ALL"}, {1, "P_PID"}, {2, "P_PGID"}, {3, "P_PIDFD"}};
inline constexpr NameTable kWaitidTypes{kWaitidRows, "P_???"};
inline constexpr NamedValue kRlimitRows[] = {
    {0, "RLIMIT_CPU"},       {1, "RLIMIT_FSIZE"}, {2, "RLIMIT_DATA"},    {3, "RLIMIT_STACK"},
    {4, "RLIMIT_CORE"},      {5, "RLIMIT_RSS"},   {6, "RLIMIT_NPROC"},   {7, "RLIMIT_NOFILE"},
    {8, "RLIMIT_MEMLOCK"},   {9, "RLIMIT_AS"},    {10, "RLIMIT_LOCKS"},  {11, "RLIMIT_SIGPENDING"},
    {12, "RLIMIT_MSGQUEUE"}, {13, "RLIMIT_NICE"}, {14, "RLIMIT_RTPRIO"}, {15, "RLIMIT_RTTIME"}};
inline constexpr NameTable kRlimits{kRlimitRows, "RLIMIT_???"};
inline constexpr NamedValue kRusageRows[] = {{0, "RUSAGE_SELF"},
                                             {0xffffffff, "RUSAGE_CHILDREN"},
                                             {0xfffffffe, "RUSAGE_BOTH"},
                                             {1, "RUSAGE_THREAD"}};
inline constexpr NameTable kRusages{kRusageRows, "RUSAGE_???"};
inline constexpr NamedValue kPriorityRows[] = {
    {0, "PRIO_PROCESS"}, {1, "PRIO_PGRP"}, {2, "PRIO_USER"}};
inline constexpr NameTable kPriorities{kPriorityRows, "PRIO_???"};
inline constexpr NamedValue kIoprioWhoRows[] = {
    {1, "IOPRIO_WHO_PROCESS"}, {2, "IOPRIO_WHO_PGRP"}, {3, "IOPRIO_WHO_USER"}};
inline constexpr NameTable kIoprioWho{kIoprioWhoRows, "IOPRIO_WHO_???"};
inline constexpr NamedValue kIoprioClassRows[] = {{0, "IOPRIO_CLASS_NONE"},
                                                  {1, "IOPRIO_CLASS_RT"},
                                                  {2, "IOPRIO_CLASS_BE"},
                                                  {3, "IOPRIO_CLASS_IDLE"}};
inline constexpr NameTable kIoprioClasses{kIoprioClassRows, "IOPRIO_CLASS_???"};
inline constexpr NamedValue kSchedulerRows[] = {
    {0, "SCHED_OTHER"}, {1, "SCHED_FIFO"}, {2, "SCHED_RR"},      {3, "SCHED_BATCH"},
    {4, "SCHED_ISO"},   {5, "SCHED_IDLE"}, {6, "SCHED_DEADLINE"}};
inline constexpr NameTable kSchedulers{kSchedulerRows, "SCHED_???"};
inline constexpr NamedValue kSchedFlagRows[] = {
    {1, "SCHED_FLAG_RESET_ON_FORK"},  {2, "SCHED_FLAG_RECLAIM"},
    {4, "SCHED_FLAG_DL_OVERRUN"},     {8, "SCHED_FLAG_KEEP_POLICY"},
    {16, "SCHED_FLAG_KEEP_PARAMS"},   {32, "SCHED_FLAG_UTIL_CLAMP_MIN"},
    {64, "SCHED_FLAG_UTIL_CLAMP_MAX"}};
inline constexpr NameTable kSchedFlags{kSchedFlagRows, "SCHED_FLAG_???"};
inline constexpr NamedValue kPersonalityRows[] = {{0, "PER_LINUX"}, {8, "PER_LINUX32"}};
inline constexpr NameTable kPersonalities{kPersonalityRows, "PER_???"};
inline constexpr NamedValue kPersonalityFlagRows[] = {{0x0020000, "UNAME26"},
                                                      {0x0040000, "ADDR_NO_RANDOMIZE"},
                                                      {0x0080000, "FDPIC_FUNCPTRS"},
                                                      {0x0100000, "MMAP_PAGE_ZERO"},
                                                      {0x0200000, "ADDR_COMPAT_LAYOUT"},
                                                      {0x0400000, "READ_IMPLIES_EXEC"},
                                                      {0x0800000, "ADDR_LIMIT_32BIT"},
                                                      {0x1000000, "SHORT_INODE"},
                                                      {0x2000000, "WHOLE_SECONDS"},
                                                      {0x4000000, "STICKY_TIMEOUTS"},
                                                      {0x8000000, "ADDR_LIMIT_3GB"}};
inline constexpr NameTable kPersonalityFlags{kPersonalityFlagRows, "PER_???"};
inline constexpr NamedValue kKcmpRows[] = {
    {0, "KCMP_FILE"},    {1, "KCMP_VM"}, {2, "KCMP_FILES"},   {3, "KCMP_FS"},
    {4, "KCMP_SIGHAND"}, {5, "KCMP_IO"}, {6, "KCMP_SYSVSEM"}, {7, "KCMP_EPOLL_TFD"}};
inline constexpr NameTable kKcmpTypes{kKcmpRows, "KCMP_???"};
inline constexpr NamedValue kPidfdRows[] = {{04000, "PIDFD_NONBLOCK"}};
inline constexpr NameTable kPidfdFlags{kPidfdRows, "PIDFD_???"};
inline constexpr NamedValue kSeccompRows[] = {{0, "SECCOMP_SET_MODE_STRICT"},
                                              {1, "SECCOMP_SET_MODE_FILTER"},
                                              {2, "SECCOMP_GET_ACTION_AVAIL"},
                                              {3, "SECCOMP_GET_NOTIF_SIZES"}};
inline constexpr NameTable kSeccompOperations{kSeccompRows, "SECCOMP_SET_MODE_???"};
inline constexpr NamedValue kSeccompFlagRows[] = {{1, "SECCOMP_FILTER_FLAG_TSYNC"},
                                                  {2, "SECCOMP_FILTER_FLAG_LOG"},
                                                  {4, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"},
                                                  {8, "SECCOMP_FILTER_FLAG_NEW_LISTENER"},
                                                  {16, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"}};
inline constexpr NameTable kSeccompFlags{kSeccompFlagRows, "SECCOMP_FILTER_FLAG_???"};
inline constexpr NamedValue kSeccompActionRows[] = {{0x80000000, "SECCOMP_RET_KILL_PROCESS"},
                                                    {0, "SECCOMP_RET_KILL_THREAD"},
                                                    {0x30000, "SECCOMP_RET_TRAP"},
                                                    {0x50000, "SECCOMP_RET_ERRNO"},
                                                    {0x7fc00000, "SECCOMP_RET_USER_NOTIF"},
                                                    {0x7ff00000, "SECCOMP_RET_TRACE"},
                                                    {0x7ffc0000, "SECCOMP_RET_LOG"},
                                                    {0x7fff0000, "SECCOMP_RET_ALLOW"}};
inline constexpr NameTable kSeccompActions{kSeccompActionRows, "SECCOMP_RET_???"};
inline constexpr NamedValue kLandlockRulesetRows[] = {{1, "LANDLOCK_CREATE_RULESET_VERSION"}};
inline constexpr NameTable kLandlockRulesetFlags{kLandlockRulesetRows,
                                                 "LANDLOCK_CREATE_RULESET_???"};
inline constexpr NamedValue kLandlockRuleRows[] = {{1, "LANDLOCK_RULE_PATH_BENEATH"}};
inline constexpr NameTable kLandlockRules{kLandlockRuleRows, "LANDLOCK_RULE_???"};
inline constexpr NamedValue kLandlockAccessRows[] = {
    {1 << 0, "LANDLOCK_ACCESS_FS_EXECUTE"},    {1 << 1, "LANDLOCK_ACCESS_FS_WRITE_FILE"},
    {1 << 2, "LANDLOCK_ACCESS_FS_READ_FILE"},  {1 << 3, "LANDLOCK_ACCESS_FS_READ_DIR"},
    {1 << 4, "LANDLOCK_ACCESS_FS_REMOVE_DIR"}, {1 << 5, "LANDLOCK_ACCESS_FS_REMOVE_FILE"},
    {1 << 6, "LANDLOCK_ACCESS_FS_MAKE_CHAR"},  {1 << 7, "LANDLOCK_ACCESS_FS_MAKE_DIR"},
    {1 << 8, "LANDLOCK_ACCESS_FS_MAKE_REG"},   {1 << 9, "LANDLOCK_ACCESS_FS_MAKE_SOCK"},
    {1 << 10, "LANDLOCK_ACCESS_FS_MAKE_FIFO"}, {1 << 11, "LANDLOCK_ACCESS_FS_MAKE_BLOCK"},
    {1 << 12, "LANDLOCK_ACCESS_FS_MAKE_SYM"},  {1 << 13, "LANDLOCK_ACCESS_FS_REFER"},
    {1 << 14, "LANDLOCK_ACCESS_FS_TRUNCATE"}};
inline constexpr NameTable kLandlockAccesses{kLandlockAccessRows, "LANDLOCK_ACCESS_FS_???"};

inline constexpr NamedValue kPrctlRows[] = {{1, "PR_SET_PDEATHSIG"},
                                            {2, "PR_GET_PDEATHSIG"},
                                            {3, "PR_GET_DUMPABLE"},
                                            {4, "PR_SET_DUMPABLE"},
                                            {5, "PR_GET_UNALIGN"},
                                            {6, "PR_SET_UNALIGN"},
                                            {7, "PR_GET_KEEPCAPS"},
                                            {8, "PR_SET_KEEPCAPS"},
                                            {9, "PR_GET_FPEMU"},
                                            {10, "PR_SET_FPEMU"},
                                            {11, "PR_GET_FPEXC"},
                                            {12, "PR_SET_FPEXC"},
                                            {13, "PR_GET_TIMING"},
                                            {14, "PR_SET_TIMING"},
                                            {15, "PR_SET_NAME"},
                                            {16, "PR_GET_NAME"},
                                            {19, "PR_GET_ENDIAN"},
                                            {20, "PR_SET_ENDIAN"},
                                            {21, "PR_GET_SECCOMP"},
                                            {22, "PR_SET_SECCOMP"},
                                            {23, "PR_CAPBSET_READ"},
                                            {24, "PR_CAPBSET_DROP"},
                                            {25, "PR_GET_TSC"},
                                            {26, "PR_SET_TSC"},
                                            {27, "PR_GET_SECUREBITS"},
                                            {28, "PR_SET_SECUREBITS"},
                                            {29, "PR_SET_TIMERSLACK"},
                                            {30, "PR_GET_TIMERSLACK"},
                                            {31, "PR_TASK_PERF_EVENTS_DISABLE"},
                                            {32, "PR_TASK_PERF_EVENTS_ENABLE"},
                                            {33, "PR_MCE_KILL"},
                                            {34, "PR_MCE_KILL_GET"},
                                            {35, "PR_SET_MM"},
                                            {36, "PR_SET_CHILD_SUBREAPER"},
                                            {37, "PR_GET_CHILD_SUBREAPER"},
                                            {38, "PR_SET_NO_NEW_PRIVS"},
                                            {39, "PR_GET_NO_NEW_PRIVS"},
                                            {40, "PR_GET_TID_ADDRESS"},
                                            {41, "PR_SET_THP_DISABLE"},
                                            {42, "PR_GET_THP_DISABLE"},
                                            {43, "PR_MPX_ENABLE_MANAGEMENT"},
                                            {44, "PR_MPX_DISABLE_MANAGEMENT"},
                                            {45, "PR_SET_FP_MODE"},
                                            {46, "PR_GET_FP_MODE"},
                                            {47, "PR_CAP_AMBIENT"},
                                            {52, "PR_GET_SPECULATION_CTRL"},
                                            {53, "PR_SET_SPECULATION_CTRL"},
                                            {57, "PR_SET_IO_FLUSHER"},
                                            {58, "PR_GET_IO_FLUSHER"},
                                            {59, "PR_SET_SYSCALL_USER_DISPATCH"},
                                            {62, "PR_SCHED_CORE"},
                                            {0x59616d61, "PR_SET_PTRACER"},
                                            {0x53564d41, "PR_SET_VMA"}};
inline constexpr NameTable kPrctlOptions{kPrctlRows, "PR_???"};
inline constexpr NamedValue kDumpableRows[] = {
    {0, "SUID_DUMP_DISABLE"}, {1, "SUID_DUMP_USER"}, {2, "SUID_DUMP_ROOT"}};
inline constexpr NameTable kDumpable{kDumpableRows, "SUID_DUMP_???"};
inline constexpr NamedValue kSeccompModeRows[] = {
    {0, "SECCOMP_MODE_DISABLED"}, {1, "SECCOMP_MODE_STRICT"}, {2, "SECCOMP_MODE_FILTER"}};
inline constexpr NameTable kSeccompModes{kSeccompModeRows, "SECCOMP_MODE_???"};

/// By bit.
inline constexpr NamedValue kCapabilityRows[] = {{0, "CAP_CHOWN"},
                                                 {1, "CAP_DAC_OVERRIDE"},
                                                 {2, "CAP_DAC_READ_SEARCH"},
                                                 {3, "CAP_FOWNER"},
                                                 {4, "CAP_FSETID"},
                                                 {5, "CAP_KILL"},
                                                 {6, "CAP_SETGID"},
                                                 {7, "CAP_SETUID"},
                                                 {8, "CAP_SETPCAP"},
                                                 {9, "CAP_LINUX_IMMUTABLE"},
                                                 {10, "CAP_NET_BIND_SERVICE"},
                                                 {11, "CAP_NET_BROADCAST"},
                                                 {12, "CAP_NET_ADMIN"},
                                                 {13, "CAP_NET_RAW"},
                                                 {14, "CAP_IPC_LOCK"},
                                                 {15, "CAP_IPC_OWNER"},
                                                 {16, "CAP_SYS_MODULE"},
                                                 {17, "CAP_SYS_RAWIO"},
                                                 {18, "CAP_SYS_CHROOT"},
                                                 {19, "CAP_SYS_PTRACE"},
                                                 {20, "CAP_SYS_PACCT"},
                                                 {21, "CAP_SYS_ADMIN"},
                                                 {22, "CAP_SYS_BOOT"},
                                                 {23, "CAP_SYS_NICE"},
                                                 {24, "CAP_SYS_RESOURCE"},
                                                 {25, "CAP_SYS_TIME"},
                                                 {26, "CAP_SYS_TTY_CONFIG"},
                                                 {27, "CAP_MKNOD"},
                                                 {28, "CAP_LEASE"},
                                                 {29, "CAP_AUDIT_WRITE"},
                                                 {30, "CAP_AUDIT_CONTROL"},
                                                 {31, "CAP_SETFCAP"},
                                                 {32, "CAP_MAC_OVERRIDE"},
                                                 {33, "CAP_MAC_ADMIN"},
                                                 {34, "CAP_SYSLOG"},
                                                 {35, "CAP_WAKE_ALARM"},
                                                 {36, "CAP_BLOCK_SUSPEND"},
                                                 {37, "CAP_AUDIT_READ"},
                                                 {38, "CAP_PERFMON"},
                                                 {39, "CAP_BPF"},
                                                 {40, "CAP_CHECKPOINT_RESTORE"}};
inline constexpr NameTable kCapabilities{kCapabilityRows, "CAP_???"};
inline constexpr NamedValue kCapabilityVersionRows[] = {
    {0x19980330, "_LINUX_CAPABILITY_VERSION_1"},
    {0x20071026, "_LINUX_CAPABILITY_VERSION_2"},
    {0x20080522, "_LINUX_CAPABILITY_VERSION_3"}};
inline constexpr NameTable kCapabilityVersions{kCapabilityVersionRows,
                                               "_LINUX_CAPABILITY_VERSION_???"};

// --- signals -------------------------------------------------------------------------------------
inline constexpr NamedValue kSignalRows[] = {
    {1, "SIGHUP"},     {2, "SIGINT"},   {3, "SIGQUIT"},   {4, "SIGILL"},   {5, "SIGTRAP"},
    {6, "SIGABRT"},    {7, "SIGBUS"},   {8, "SIGFPE"},    {9, "SIGKILL"},  {10, "SIGUSR1"},
    {11, "SIGSEGV"},   {12, "SIGUSR2"}, {13, "SIGPIPE"},  {14, "SIGALRM"}, {15, "SIGTERM"},
    {16, "SIGSTKFLT"}, {17, "SIGCHLD"}, {18, "SIGCONT"},  {19, "SIGSTOP"}, {20, "SIGTSTP"},
    {21, "SIGTTIN"},   {22, "SIGTTOU"}, {23, "SIGURG"},   {24, "SIGXCPU"}, {25, "SIGXFSZ"},
    {26, "SIGVTALRM"}, {27, "SIGPROF"}, {28, "SIGWINCH"}, {29, "SIGIO"},   {30, "SIGPWR"},
    {31, "SIGSYS"}};
inline constexpr NameTable kSignals{kSignalRows, "SIG???"};
inline constexpr NamedValue kSigactionRows[] = {
    {0x04000000, "SA_RESTORER"}, {0x08000000, "SA_ONSTACK"},
    {0x10000000, "SA_RESTART"},  {0x20000000, "SA_INTERRUPT"},
    {0x40000000, "SA_NODEFER"},  {0x80000000, "SA_RESETHAND"},
    {4, "SA_SIGINFO"},           {1, "SA_NOCLDSTOP"},
    {2, "SA_NOCLDWAIT"},         {0x400, "SA_UNSUPPORTED"},
    {0x800, "SA_EXPOSE_TAGBITS"}};
inline constexpr NameTable kSigactionFlags{kSigactionRows, "SA_???"};
inline constexpr NamedValue kMaskHowRows[] = {
    {0, "SIG_BLOCK"}, {1, "SIG_UNBLOCK"}, {2, "SIG_SETMASK"}};
inline constexpr NameTable kMaskHows{kMaskHowRows, "SIG_???"};
inline constexpr NamedValue kSigAltStackRows[] = {
    {1, "SS_ONSTACK"}, {2, "SS_DISABLE"}, {0x80000000, "SS_AUTODISARM"}};
inline constexpr NameTable kSigAltStackFlags{kSigAltStackRows, "SS_???"};
inline constexpr NamedValue kSignalfdRows[] = {{02000000, "SFD_CLOEXEC"}, {04000, "SFD_NONBLOCK"}};
inline constexpr NameTable kSignalfdFlags{kSignalfdRows, "SFD_???"};
/// Codes that any signal may have.
inline constexpr NamedValue kCommonCodeRows[] = {{0, "SI_USER"},
                                                 {0x80, "SI_KERNEL"},
                                                 {0xffffffff, "SI_QUEUE"},
                                                 {0xfffffffe, "SI_TIMER"},
                                                 {0xfffffffd, "SI_MESGQ"},
                                                 {0xfffffffc, "SI_ASYNCIO"},
                                                 {0xfffffffb, "SI_SIGIO"},
                                                 {0xfffffffa, "SI_TKILL"},
                                                 {0xfffffff9, "SI_DETHREAD"},
                                                 {0xffffffc4, "SI_ASYNCNL"}};
inline constexpr NameTable kCommonCodes{kCommonCodeRows, "SI_???"};
inline constexpr NamedValue kIllCodeRows[] = {
    {1, "ILL_ILLOPC"}, {2, "ILL_ILLOPN"}, {3, "ILL_ILLADR"}, {4, "ILL_ILLTRP"},
    {5, "ILL_PRVOPC"}, {6, "ILL_PRVREG"}, {7, "ILL_COPROC"}, {8, "ILL_BADSTK"}};
inline constexpr NameTable kIllCodes{kIllCodeRows, "ILL_???"};
inline constexpr NamedValue kFpeCodeRows[] = {
    {1, "FPE_INTDIV"}, {2, "FPE_INTOVF"}, {3, "FPE_FLTDIV"}, {4, "FPE_FLTOVF"}, {5, "FPE_FLTUND"},
    {6, "FPE_FLTRES"}, {7, "FPE_FLTINV"}, {8, "FPE_FLTSUB"}, {14, "FPE_FLTUNK"}};
inline constexpr NameTable kFpeCodes{kFpeCodeRows, "FPE_???"};
inline constexpr NamedValue kSegvCodeRows[] = {
    {1, "SEGV_MAPERR"}, {2, "SEGV_ACCERR"}, {3, "SEGV_BNDERR"}, {4, "SEGV_PKUERR"}};
inline constexpr NameTable kSegvCodes{kSegvCodeRows, "SEGV_???"};
inline constexpr NamedValue kBusCodeRows[] = {{1, "BUS_ADRALN"},
                                              {2, "BUS_ADRERR"},
                                              {3, "BUS_OBJERR"},
                                              {4, "BUS_MCEERR_AR"},
                                              {5, "BUS_MCEERR_AO"}};
inline constexpr NameTable kBusCodes{kBusCodeRows, "BUS_???"};
inline constexpr NamedValue kTrapCodeRows[] = {
    {1, "TRAP_BRKPT"}, {2, "TRAP_TRACE"}, {3, "TRAP_BRANCH"}, {4, "TRAP_HWBKPT"}, {5, "TRAP_UNK"}};
inline constexpr NameTable kTrapCodes{kTrapCodeRows, "TRAP_???"};
inline constexpr NamedValue kChildCodeRows[] = {{1, "CLD_EXITED"},  {2, "CLD_KILLED"},
                                                {3, "CLD_DUMPED"},  {4, "CLD_TRAPPED"},
                                                {5, "CLD_STOPPED"}, {6, "CLD_CONTINUED"}};
inline constexpr NameTable kChildCodes{kChildCodeRows, "CLD_???"};
inline constexpr NamedValue kPollCodeRows[] = {{1, "POLL_IN"},  {2, "POLL_OUT"}, {3, "POLL_MSG"},
                                               {4, "POLL_ERR"}, {5, "POLL_PRI"}, {6, "POLL_HUP"}};
inline constexpr NameTable kPollCodes{kPollCodeRows, "POLL_???"};
inline constexpr NamedValue kSysCodeRows[] = {{1, "SYS_SECCOMP"}, {2, "SYS_USER_DISPATCH"}};
inline constexpr NameTable kSysCodes{kSysCodeRows, "SYS_???"};

// --- times, events -------------------------------------------------------------------------------
inline constexpr NamedValue kClockRows[] = {
    {0, "CLOCK_REALTIME"},          {1, "CLOCK_MONOTONIC"},     {2, "CLOCK_PROCESS_CPUTIME_ID"},
    {3, "CLOCK_THREAD_CPUTIME_ID"}, {4, "CLOCK_MONOTONIC_RAW"}, {5, "CLOCK_REALTIME_COARSE"},
    {6, "CLOCK_MONOTONIC_COARSE"},  {7, "CLOCK_BOOTTIME"},      {8, "CLOCK_REALTIME_ALARM"},
    {9, "CLOCK_BOOTTIME_ALARM"},    {10, "CLOCK_SGI_CYCLE"},    {11, "CLOCK_TAI"}};
inline constexpr NameTable kClocks{kClockRows, "CLOCK_???"};
inline constexpr NamedValue kTimerFlagRows[] = {{1, "TIMER_ABSTIME"}};
inline constexpr NameTable kTimerFlags{kTimerFlagRows, "TIMER_???"};
inline constexpr NamedValue kTimerfdRows[] = {{02000000, "TFD_CLOEXEC"}, {04000, "TFD_NONBLOCK"}};
inline constexpr NameTable kTimerfdFlags{kTimerfdRows, "TFD_???"};
inline constexpr NamedValue kTimerfdSetRows[] = {{1, "TFD_TIMER_ABSTIME"},
                                                 {2, "TFD_TIMER_CANCEL_ON_SET"}};
inline constexpr NameTable kTimerfdSetFlags{kTimerfdSetRows, "TFD_???"};
inline constexpr NamedValue kITimerRows[] = {
    {0, "ITIMER_REAL"}, {1, "ITIMER_VIRTUAL"}, {2, "ITIMER_PROF"}};
inline constexpr NameTable kITimers{kITimerRows, "ITIMER_???"};
inline constexpr NamedValue kSigEventRows[] = {
    {0, "SIGEV_SIGNAL"}, {1, "SIGEV_NONE"}, {2, "SIGEV_THREAD"}, {4, "SIGEV_THREAD_ID"}};
inline constexpr NameTable kSigEvents{kSigEventRows, "SIGEV_???"};
inline constexpr NamedValue kPollRows[] = {
    {1, "POLLIN"},         {2, "POLLPRI"},       {4, "POLLOUT"},        {0x40, "POLLRDNORM"},
    {0x100, "POLLWRNORM"}, {0x80, "POLLRDBAND"}, {0x200, "POLLWRBAND"}, {8, "POLLERR"},
    {0x10, "POLLHUP"},     {0x20, "POLLNVAL"},   {0x400, "POLLMSG"},    {0x1000, "POLLREMOVE"},
    {0x2000, "POLLRDHUP"}};
inline constexpr NameTable kPollEvents{kPollRows, "POLL???"};
inline constexpr NamedValue kEpollRows[] = {{1, "EPOLLIN"},
                                            {2, "EPOLLPRI"},
                                            {4, "EPOLLOUT"},
                                            {0x40, "EPOLLRDNORM"},
                                            {0x80, "EPOLLRDBAND"},
                                            {0x100, "EPOLLWRNORM"},
                                            {0x200, "EPOLLWRBAND"},
                                            {0x400, "EPOLLMSG"},
                                            {8, "EPOLLERR"},
                                            {0x10, "EPOLLHUP"},
                                            {0x2000, "EPOLLRDHUP"},
                                            {1u << 28, "EPOLLEXCLUSIVE"},
                                            {1u << 29, "EPOLLWAKEUP"},
                                            {1u << 30, "EPOLLONESHOT"},
                                            {1u << 31, "EPOLLET"}};
inline constexpr NameTable kEpollEvents{kEpollRows, "EPOLL???"};
inline constexpr NamedValue kEpollControlRows[] = {
    {1, "EPOLL_CTL_ADD"}, {2, "EPOLL_CTL_DEL"}, {3, "EPOLL_CTL_MOD"}};
inline constexpr NameTable kEpollControls{kEpollControlRows, "EPOLL_CTL_???"};
inline constexpr NamedValue kEpollCreateRows[] = {{02000000, "EPOLL_CLOEXEC"},
                                                  {04000, "EPOLL_NONBLOCK"}};
inline constexpr NameTable kEpollCreateFlags{kEpollCreateRows, "EPOLL_???"};

inline constexpr NamedValue kFutexRows[] = {{0, "FUTEX_WAIT"},
                                            {1, "FUTEX_WAKE"},
                                            {2, "FUTEX_FD"},
                                            {3, "FUTEX_REQUEUE"},
                                            {4, "FUTEX_CMP_REQUEUE"},
                                            {5, "FUTEX_WAKE_OP"},
                                            {6, "FUTEX_LOCK_PI"},
                                            {7, "FUTEX_UNLOCK_PI"},
                                            {8, "FUTEX_TRYLOCK_PI"},
                                            {9, "FUTEX_WAIT_BITSET"},
                                            {10, "FUTEX_WAKE_BITSET"},
                                            {11, "FUTEX_WAIT_REQUEUE_PI"},
                                            {12, "FUTEX_CMP_REQUEUE_PI"},
                                            {13, "FUTEX_LOCK_PI2"},
                                            {128, "FUTEX_WAIT_PRIVATE"},
                                            {129, "FUTEX_WAKE_PRIVATE"},
                                            {131, "FUTEX_REQUEUE_PRIVATE"},
                                            {132, "FUTEX_CMP_REQUEUE_PRIVATE"},
                                            {133, "FUTEX_WAKE_OP_PRIVATE"},
                                            {134, "FUTEX_LOCK_PI_PRIVATE"},
                                            {135, "FUTEX_UNLOCK_PI_PRIVATE"},
                                            {136, "FUTEX_TRYLOCK_PI_PRIVATE"},
                                            {137, "FUTEX_WAIT_BITSET_PRIVATE"},
                                            {138, "FUTEX_WAKE_BITSET_PRIVATE"},
                                            {139, "FUTEX_WAIT_REQUEUE_PI_PRIVATE"},
                                            {140, "FUTEX_CMP_REQUEUE_PI_PRIVATE"},
                                            {141, "FUTEX_LOCK_PI2_PRIVATE"}};
inline constexpr NameTable kFutexOperations{kFutexRows, "FUTEX_???"};
inline constexpr NamedValue kFutexOpRows[] = {{0, "FUTEX_OP_SET"},
                                              {1, "FUTEX_OP_ADD"},
                                              {2, "FUTEX_OP_OR"},
                                              {3, "FUTEX_OP_ANDN"},
                                              {4, "FUTEX_OP_XOR"}};
inline constexpr NameTable kFutexOps{kFutexOpRows, "FUTEX_OP_???"};
inline constexpr NamedValue kFutexCompareRows[] = {{0, "FUTEX_OP_CMP_EQ"}, {1, "FUTEX_OP_CMP_NE"},
                                                   {2, "FUTEX_OP_CMP_LT"}, {3, "FUTEX_OP_CMP_LE"},
                                                   {4, "FUTEX_OP_CMP_GT"}, {5, "FUTEX_OP_CMP_GE"}};
inline constexpr NameTable kFutexCompares{kFutexCompareRows, "FUTEX_OP_CMP_???"};

inline constexpr NamedValue kRebootMagicRows[] = {{0xfee1dead, "LINUX_REBOOT_MAGIC1"}};
inline constexpr NameTable kRebootMagics{kRebootMagicRows, "LINUX_REBOOT_MAGIC_???"};
inline constexpr NamedValue kRebootMagic2Rows[] = {{0x28121969, "LINUX_REBOOT_MAGIC2"},
                                                   {0x05121996, "LINUX_REBOOT_MAGIC2A"},
                                                   {0x16041998, "LINUX_REBOOT_MAGIC2B"},
                                                   {0x20112000, "LINUX_REBOOT_MAGIC2C"}};
inline constexpr NameTable kRebootMagics2{kRebootMagic2Rows, "LINUX_REBOOT_MAGIC_???"};
inline constexpr NamedValue kRebootCommandRows[] = {
    {0x01234567, "LINUX_REBOOT_CMD_RESTART"},    {0xcdef0123, "LINUX_REBOOT_CMD_HALT"},
    {0x89abcdef, "LINUX_REBOOT_CMD_CAD_ON"},     {0, "LINUX_REBOOT_CMD_CAD_OFF"},
    {0x4321fedc, "LINUX_REBOOT_CMD_POWER_OFF"},  {0xa1b2c3d4, "LINUX_REBOOT_CMD_RESTART2"},
    {0xd000fce2, "LINUX_REBOOT_CMD_SW_SUSPEND"}, {0x45584543, "LINUX_REBOOT_CMD_KEXEC"}};
inline constexpr NameTable kRebootCommands{kRebootCommandRows, "LINUX_REBOOT_CMD_???"};
inline constexpr NamedValue kSyslogRows[] = {
    {0, "SYSLOG_ACTION_CLOSE"},         {1, "SYSLOG_ACTION_OPEN"},
    {2, "SYSLOG_ACTION_READ"},          {3, "SYSLOG_ACTION_READ_ALL"},
    {4, "SYSLOG_ACTION_READ_CLEAR"},    {5, "SYSLOG_ACTION_CLEAR"},
    {6, "SYSLOG_ACTION_CONSOLE_OFF"},   {7, "SYSLOG_ACTION_CONSOLE_ON"},
    {8, "SYSLOG_ACTION_CONSOLE_LEVEL"}, {9, "SYSLOG_ACTION_SIZE_UNREAD"},
    {10, "SYSLOG_ACTION_SIZE_BUFFER"}};
inline constexpr NameTable kSyslogActions{kSyslogRows, "SYSLOG_ACTION_???"};
inline constexpr NamedValue kKeyctlRows[] = {{0, "KEYCTL_GET_KEYRING_ID"},
                                             {1, "KEYCTL_JOIN_SESSION_KEYRING"},
                                             {2, "KEYCTL_UPDATE"},
                                             {3, "KEYCTL_REVOKE"},
                                             {4, "KEYCTL_CHOWN"},
                                             {5, "KEYCTL_SETPERM"},
                                             {6, "KEYCTL_DESCRIBE"},
                                             {7, "KEYCTL_CLEAR"},
                                             {8, "KEYCTL_LINK"},
                                             {9, "KEYCTL_UNLINK"},
                                             {10, "KEYCTL_SEARCH"},
                                             {11, "KEYCTL_READ"},
                                             {12, "KEYCTL_INSTANTIATE"},
                                             {13, "KEYCTL_NEGATE"},
                                             {14, "KEYCTL_SET_REQKEY_KEYRING"},
                                             {15, "KEYCTL_SET_TIMEOUT"},
                                             {16, "KEYCTL_ASSUME_AUTHORITY"},
                                             {17, "KEYCTL_GET_SECURITY"},
                                             {18, "KEYCTL_SESSION_TO_PARENT"},
                                             {19, "KEYCTL_REJECT"},
                                             {20, "KEYCTL_INSTANTIATE_IOV"},
                                             {21, "KEYCTL_INVALIDATE"},
                                             {22, "KEYCTL_GET_PERSISTENT"}};
inline constexpr NameTable kKeyctlCommands{kKeyctlRows, "KEYCTL_???"};
inline constexpr NamedValue kKeyringRows[] = {
    {0xffffffff, "KEY_SPEC_THREAD_KEYRING"},       {0xfffffffe, "KEY_SPEC_PROCESS_KEYRING"},
    {0xfffffffd, "KEY_SPEC_SESSION_KEYRING"},      {0xfffffffc, "KEY_SPEC_USER_KEYRING"},
    {0xfffffffb, "KEY_SPEC_USER_SESSION_KEYRING"}, {0xfffffffa, "KEY_SPEC_GROUP_KEYRING"},
    {0xfffffff9, "KEY_SPEC_REQKEY_AUTH_KEY"},      {0xfffffff8, "KEY_SPEC_REQUESTOR_KEYRING"}};
inline constexpr NameTable kKeyrings{kKeyringRows, nullptr};

// --- asynchronous I/O, the clock's adjustment ----------------------------------------------------
inline constexpr NamedValue kAioOperationRows[] = {
    {0, "IOCB_CMD_PREAD"},  {1, "IOCB_CMD_PWRITE"}, {2, "IOCB_CMD_FSYNC"},
    {3, "IOCB_CMD_FDSYNC"}, {4, "IOCB_CMD_PREADX"}, {5, "IOCB_CMD_POLL"},
    {6, "IOCB_CMD_NOOP"},   {7, "IOCB_CMD_PREADV"}, {8, "IOCB_CMD_PWRITEV"}};
inline constexpr NameTable kAioOperations{kAioOperationRows, "IOCB_CMD_???"};
inline constexpr NamedValue kFutex2Rows[] = {{2, "FUTEX_32"}, {128, "FUTEX_PRIVATE_FLAG"}};
inline constexpr NameTable kFutex2Flags{kFutex2Rows, "FUTEX_???"};
inline constexpr NamedValue kAdjustModeRows[] = {{0x8001, "ADJ_OFFSET_SINGLESHOT"},
                                                 {0xa001, "ADJ_OFFSET_SS_READ"},
                                                 {1, "ADJ_OFFSET"},
                                                 {2, "ADJ_FREQUENCY"},
                                                 {4, "ADJ_MAXERROR"},
                                                 {8, "ADJ_ESTERROR"},
                                                 {0x10, "ADJ_STATUS"},
                                                 {0x20, "ADJ_TIMECONST"},
                                                 {0x80, "ADJ_TAI"},
                                                 {0x100, "ADJ_SETOFFSET"},
                                                 {0x1000, "ADJ_MICRO"},
                                                 {0x2000, "ADJ_NANO"},
                                                 {0x4000, "ADJ_TICK"}};
inline constexpr NameTable kAdjustModes{kAdjustModeRows, "ADJ_???"};
inline constexpr NamedValue kClockStatusRows[] = {
    {1, "STA_PLL"},           {2, "STA_PPSFREQ"},       {4, "STA_PPSTIME"},
    {8, "STA_FLL"},           {0x10, "STA_INS"},        {0x20, "STA_DEL"},
    {0x40, "STA_UNSYNC"},     {0x80, "STA_FREQHOLD"},   {0x100, "STA_PPSSIGNAL"},
    {0x200, "STA_PPSJITTER"}, {0x400, "STA_PPSWANDER"}, {0x800, "STA_PPSERROR"},
    {0x1000, "STA_CLOCKERR"}, {0x2000, "STA_NANO"},     {0x4000, "STA_MODE"},
    {0x8000, "STA_CLK"}};
inline constexpr NameTable kClockStatus{kClockStatusRows, "STA_???"};
inline constexpr NamedValue kClockStateRows[] = {{0, "TIME_OK"},   {1, "TIME_INS"},
                                                 {2, "TIME_DEL"},  {3, "TIME_OOP"},
                                                 {4, "TIME_WAIT"}, {5, "TIME_ERROR"}};
inline constexpr NameTable kClockStates{kClockStateRows, "TIME_???"};

}  // namespace ferry::linux::abi
