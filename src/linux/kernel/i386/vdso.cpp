#include "linux/kernel/i386/vdso.hpp"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "guest/i386/host_clock.hpp"
#include "linux/kernel/address_space.hpp"

namespace ferry::linux {

namespace {

// --- the code ------------------------------------------------------------------------------------
// Functions of the kernel's arch/x86/entry/vdso/vdso32 (6.1), each with what RDCLOCK (0f 0a,
// host_clock.hpp) reads in place of the kernel's page of clock data. As in the kernel, clocks that
// can be read here are read without a system call, which nothing sees, and a bad pointer gets
// SIGSEGV.

// Unwinders recognise the trampolines by these bytes (libgcc's config/i386/linux-unwind.h), with a
// nop in front, because they look up the call before the return address.
// No caller of a function relies on arithmetic flags, and a system call is dearer where they must
// be derived from those that the caller left; so this one sets them: test eax, eax; int 0x80; ret.
constexpr uint8_t kVsyscallCode[] = {0x85, 0xc0, 0xcd, 0x80, 0xc3};
constexpr uint8_t kSigreturnCode[] = {0x58, 0xb8, 119,  0,
                                      0,    0,    0xcd, 0x80};  // pop eax; mov eax, 119; int 0x80
constexpr uint8_t kRtSigreturnCode[] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80};  // mov eax, 173; int 0x80

/// What RDCLOCK reads: the time, the clock's resolution, or the two words of struct timezone.
constexpr uint32_t kTime = 0, kResolution = 1, kTimeZone = 2;

constexpr uint8_t kClockGettime64Code[] = {
    0x53,                       // push ebx
    0x8b, 0x44, 0x24, 0x08,     // mov eax, [esp + 8]
    0x31, 0xc9,                 // xor ecx, ecx: kTime
    0x0f, 0x0a,                 // rdclock
    0x8b, 0x5c, 0x24, 0x0c,     // mov ebx, [esp + 12]
    0x85, 0xc9,                 // test ecx, ecx
    0x78, 0x0f,                 // js call
    0x89, 0x03,                 // mov [ebx], eax
    0x89, 0x53, 0x04,           // mov [ebx + 4], edx
    0x89, 0x4b, 0x08,           // mov [ebx + 8], ecx
    0x31, 0xc0,                 // xor eax, eax
    0x89, 0x43, 0x0c,           // mov [ebx + 12], eax
    0x5b,                       // pop ebx
    0xc3,                       // ret
    0x89, 0xd9,                 // call: mov ecx, ebx
    0x8b, 0x5c, 0x24, 0x08,     // mov ebx, [esp + 8]
    0xb8, 0x93, 1,    0,    0,  // mov eax, 403
    0xcd, 0x80,                 // int 0x80
    0x5b,                       // pop ebx
    0xc3,                       // ret
};
constexpr uint8_t kClockGettimeCode[] = {
    0x53,                       // push ebx
    0x8b, 0x44, 0x24, 0x08,     // mov eax, [esp + 8]
    0x31, 0xc9,                 // xor ecx, ecx: kTime
    0x0f, 0x0a,                 // rdclock
    0x8b, 0x5c, 0x24, 0x0c,     // mov ebx, [esp + 12]
    0x85, 0xc9,                 // test ecx, ecx
    0x78, 0x09,                 // js call
    0x89, 0x03,                 // mov [ebx], eax
    0x89, 0x4b, 0x04,           // mov [ebx + 4], ecx
    0x31, 0xc0,                 // xor eax, eax
    0x5b,                       // pop ebx
    0xc3,                       // ret
    0x89, 0xd9,                 // call: mov ecx, ebx
    0x8b, 0x5c, 0x24, 0x08,     // mov ebx, [esp + 8]
    0xb8, 0x09, 1,    0,    0,  // mov eax, 265
    0xcd, 0x80,                 // int 0x80
    0x5b,                       // pop ebx
    0xc3,                       // ret
};
constexpr uint8_t kClockGetresCode[] = {
    0x53,                              // push ebx
    0x8b, 0x44,        0x24, 0x08,     // mov eax, [esp + 8]
    0xb9, kResolution, 0,    0,    0,  // mov ecx, kResolution
    0x0f, 0x0a,                        // rdclock
    0x8b, 0x5c,        0x24, 0x0c,     // mov ebx, [esp + 12]
    0x85, 0xc9,                        // test ecx, ecx
    0x78, 0x0d,                        // js call
    0x85, 0xdb,                        // test ebx, ebx
    0x74, 0x05,                        // jz done
    0x89, 0x03,                        // mov [ebx], eax
    0x89, 0x4b,        0x04,           // mov [ebx + 4], ecx
    0x31, 0xc0,                        // done: xor eax, eax
    0x5b,                              // pop ebx
    0xc3,                              // ret
    0x8b, 0x4c,        0x24, 0x0c,     // call: mov ecx, [esp + 12]
    0x8b, 0x5c,        0x24, 0x08,     // mov ebx, [esp + 8]
    0xb8, 0x0a,        1,    0,    0,  // mov eax, 266
    0xcd, 0x80,                        // int 0x80
    0x5b,                              // pop ebx
    0xc3,                              // ret
};
constexpr uint8_t kGettimeofdayCode[] = {
    0x53,                            // push ebx
    0x8b, 0x5c,      0x24, 0x08,     // mov ebx, [esp + 8]
    0x85, 0xdb,                      // test ebx, ebx
    0x74, 0x16,                      // jz zone
    0x31, 0xc0,                      // xor eax, eax: CLOCK_REALTIME
    0x31, 0xc9,                      // xor ecx, ecx: kTime
    0x0f, 0x0a,                      // rdclock
    0x89, 0x03,                      // mov [ebx], eax
    0x89, 0xc8,                      // mov eax, ecx
    0x31, 0xd2,                      // xor edx, edx
    0xb9, 0xe8,      0x03, 0,    0,  // mov ecx, 1000
    0xf7, 0xf1,                      // div ecx
    0x89, 0x43,      0x04,           // mov [ebx + 4], eax
    0x8b, 0x5c,      0x24, 0x0c,     // zone: mov ebx, [esp + 12]
    0x85, 0xdb,                      // test ebx, ebx
    0x74, 0x0c,                      // jz done
    0xb9, kTimeZone, 0,    0,    0,  // mov ecx, kTimeZone
    0x0f, 0x0a,                      // rdclock
    0x89, 0x03,                      // mov [ebx], eax
    0x89, 0x4b,      0x04,           // mov [ebx + 4], ecx
    0x31, 0xc0,                      // done: xor eax, eax
    0x5b,                            // pop ebx
    0xc3,                            // ret
};
constexpr uint8_t kTimeCode[] = {
    0xb8, CLOCK_REALTIME_COARSE,
    0,    0,
    0,           // mov eax, CLOCK_REALTIME_COARSE
    0x31, 0xc9,  // xor ecx, ecx: kTime
    0x0f, 0x0a,  // rdclock
    0x8b, 0x54,
    0x24, 0x04,  // mov edx, [esp + 4]
    0x85, 0xd2,  // test edx, edx
    0x74, 0x02,  // jz done
    0x89, 0x02,  // mov [edx], eax
    0xc3,        // done: ret
};
constexpr uint8_t kNop = 0x90;

/// libc's call, which uses the host's own vDSO. Where the host has none, libc takes twenty
/// instructions more to make a system call.
template <bool HasVdso>
void get_time(uint32_t clock, struct timespec& time) {
  if constexpr (HasVdso) {
    ::clock_gettime(static_cast<clockid_t>(clock), &time);
  } else {
    host_call(SYS_clock_gettime, static_cast<long>(clock), &time);
  }
}

[[gnu::noinline]] i386::ClockReading read_time_zone() {
  struct timezone zone;
  host_call(SYS_gettimeofday, nullptr, &zone);
  return {zone.tz_minuteswest, zone.tz_dsttime};
}

[[gnu::noinline]] i386::ClockReading read_resolution(uint32_t clock) {
  struct timespec resolution;
  ::clock_getres(static_cast<clockid_t>(clock), &resolution);
  return {resolution.tv_sec, resolution.tv_nsec};
}

/// RDCLOCK's reading.
template <bool HasVdso>
i386::ClockReading read_clock(uint32_t clock, uint32_t what) {
  // __cvdso_clock_gettime_common of lib/vdso/gettimeofday.c (6.1): all others are system calls.
  constexpr uint32_t kRead = 1u << CLOCK_REALTIME | 1u << CLOCK_MONOTONIC |
                             1u << CLOCK_MONOTONIC_RAW | 1u << CLOCK_REALTIME_COARSE |
                             1u << CLOCK_MONOTONIC_COARSE | 1u << CLOCK_BOOTTIME | 1u << CLOCK_TAI;
  if (what == kTimeZone) [[unlikely]]
    return read_time_zone();
  if (clock >= 32 || (kRead >> clock & 1) == 0) [[unlikely]]
    return {0, -1};
  if (what != kTime) [[unlikely]]
    return read_resolution(clock);
  struct timespec time;
  get_time<HasVdso>(clock, time);
  return {time.tv_sec, time.tv_nsec};
}

// --- the file that it is ------------------------------------------------------------------------

constexpr uint32_t kFirstCodeAt = 0x400, kCodeAlignment = 0x20;

struct Function {
  std::string_view name;
  const uint8_t* code;
  uint32_t size;
  uint16_t version;  ///< index of kVersions, from 1

  /// The bytes it takes. Before the first one is room for a nop.
  [[nodiscard]] constexpr uint32_t room() const {
    return (size + kCodeAlignment) / kCodeAlignment * kCodeAlignment;
  }
};

constexpr std::string_view kObjectName = "linux-gate.so.1";
/// The first one names the object.
constexpr std::string_view kVersions[] = {kObjectName, "LINUX_2.5", "LINUX_2.6"};

/// The first three are those of struct Vdso.
constexpr Function kFunctions[] = {
    {"__kernel_vsyscall", kVsyscallCode, sizeof kVsyscallCode, 2},
    {"__kernel_sigreturn", kSigreturnCode, sizeof kSigreturnCode, 2},
    {"__kernel_rt_sigreturn", kRtSigreturnCode, sizeof kRtSigreturnCode, 2},
    {"__vdso_clock_gettime", kClockGettimeCode, sizeof kClockGettimeCode, 3},
    {"__vdso_gettimeofday", kGettimeofdayCode, sizeof kGettimeofdayCode, 3},
    {"__vdso_time", kTimeCode, sizeof kTimeCode, 3},
    {"__vdso_clock_getres", kClockGetresCode, sizeof kClockGetresCode, 3},
    {"__vdso_clock_gettime64", kClockGettime64Code, sizeof kClockGettime64Code, 3},
};
constexpr uint32_t kFunctionCount = std::size(kFunctions), kSymbolCount = kFunctionCount + 1;
constexpr uint32_t kVersionCount = std::size(kVersions);
constexpr uint32_t kBuckets = 17;  // so many that few names share one: each program looks names up

constexpr uint32_t kNamesSize = [] {
  uint32_t size = 1;
  for (const std::string_view name : kVersions) size += static_cast<uint32_t>(name.size()) + 1;
  for (const Function& one : kFunctions) size += static_cast<uint32_t>(one.name.size()) + 1;
  return size;
}();
constexpr uint32_t kImageSize = [] {
  uint32_t size = kFirstCodeAt;
  for (const Function& one : kFunctions) size += one.room();
  return size;
}();

struct VersionDefinition {
  Elf32_Verdef definition;
  Elf32_Verdaux name;
};

/// All before the code, linked at 0.
struct Headers {
  Elf32_Ehdr file;
  Elf32_Phdr segments[2];
  uint32_t bucket_count, chain_count;  ///< here DT_HASH begins
  uint32_t buckets[kBuckets], chains[kSymbolCount];
  Elf32_Sym symbols[kSymbolCount];
  VersionDefinition definitions[kVersionCount];
  Elf32_Dyn dynamic[10];
  uint16_t versions[kSymbolCount];
  char names[kNamesSize];
};
static_assert(sizeof(Headers) <= kFirstCodeAt);
static_assert(kImageSize <= guest::kPageSize);

/// The System V ABI's hash of a symbol's name.
constexpr uint32_t elf_hash(std::string_view name) {
  uint32_t hash = 0;
  for (const char c : name) {
    hash = (hash << 4) + static_cast<uint8_t>(c);
    const uint32_t high = hash & 0xf0000000;
    hash = (hash ^ high >> 24) & ~high;
  }
  return hash;
}

constexpr void fill_file_header(Headers& headers) {
  Elf32_Ehdr& file = headers.file;
  std::copy_n(ELFMAG, SELFMAG, file.e_ident);
  file.e_ident[EI_CLASS] = ELFCLASS32;
  file.e_ident[EI_DATA] = ELFDATA2LSB;
  file.e_ident[EI_VERSION] = EV_CURRENT;
  file.e_type = ET_DYN;
  file.e_machine = EM_386;
  file.e_version = EV_CURRENT;
  file.e_entry = kFirstCodeAt;
  file.e_phoff = offsetof(Headers, segments);
  file.e_ehsize = sizeof(Elf32_Ehdr);
  file.e_phentsize = sizeof(Elf32_Phdr);
  file.e_phnum = 2;
  headers.segments[0] = {PT_LOAD, 0, 0, 0, kImageSize, kImageSize, PF_R | PF_X, guest::kPageSize};
  constexpr uint32_t kAt = offsetof(Headers, dynamic), kBytes = sizeof headers.dynamic;
  headers.segments[1] = {PT_DYNAMIC, kAt, kAt, kAt, kBytes, kBytes, PF_R, 4};
}

/// Names, symbols and their versions.
constexpr void fill_symbols(Headers& headers) {
  uint32_t names = 1;
  const auto put_name = [&](std::string_view name) {
    const uint32_t at = names;
    std::copy(name.begin(), name.end(), headers.names + at);
    names += static_cast<uint32_t>(name.size()) + 1;
    return at;
  };
  for (uint32_t i = 0; i < kVersionCount; ++i) {
    const uint32_t next = i + 1 == kVersionCount ? 0 : sizeof(VersionDefinition);
    const uint16_t flags = i == 0 ? VER_FLG_BASE : 0, index = static_cast<uint16_t>(i + 1);
    headers.definitions[i] = {
        {VER_DEF_CURRENT, flags, index, 1, elf_hash(kVersions[i]), sizeof(Elf32_Verdef), next},
        {put_name(kVersions[i]), 0}};
  }
  headers.bucket_count = kBuckets;
  headers.chain_count = kSymbolCount;
  uint32_t code = kFirstCodeAt;
  for (uint32_t i = 1; i < kSymbolCount; ++i) {
    const Function& one = kFunctions[i - 1];
    constexpr uint16_t kAnySection = 1;
    headers.symbols[i] = {
        put_name(one.name), code, one.size, ELF32_ST_INFO(STB_GLOBAL, STT_FUNC), 0, kAnySection};
    headers.versions[i] = one.version;
    uint32_t& bucket = headers.buckets[elf_hash(one.name) % kBuckets];
    headers.chains[i] = bucket;
    bucket = i;
    code += one.room();
  }
}

constexpr void fill_dynamic(Headers& headers) {
  uint32_t count = 0;
  const auto put = [&](int32_t tag, uint32_t value) { headers.dynamic[count++] = {tag, {value}}; };
  put(DT_SONAME, headers.definitions[0].name.vda_name);
  put(DT_HASH, offsetof(Headers, bucket_count));
  put(DT_STRTAB, offsetof(Headers, names));
  put(DT_SYMTAB, offsetof(Headers, symbols));
  put(DT_STRSZ, kNamesSize);
  put(DT_SYMENT, sizeof(Elf32_Sym));
  put(DT_VERSYM, offsetof(Headers, versions));
  put(DT_VERDEF, offsetof(Headers, definitions));
  put(DT_VERDEFNUM, kVersionCount);
  put(DT_NULL, 0);
}

constexpr Headers kHeaders = [] {
  Headers headers{};
  fill_file_header(headers);
  fill_symbols(headers);
  fill_dynamic(headers);
  return headers;
}();

struct Image {
  Headers headers;
  uint8_t filler[kFirstCodeAt - sizeof(Headers)];
  uint8_t code[kImageSize - kFirstCodeAt];
};
static_assert(offsetof(Image, code) == kFirstCodeAt && sizeof(Image) == kImageSize);

/// Made by the compiler, because each start of a program would pay for it.
constexpr Image kImage = [] {
  Image image{kHeaders, {}, {}};
  std::fill(std::begin(image.code), std::end(image.code), kNop);
  for (uint32_t i = 0; i < kFunctionCount; ++i) {
    const Function& one = kFunctions[i];
    const uint32_t place = kHeaders.symbols[i + 1].st_value - kFirstCodeAt;
    std::copy_n(one.code, one.size, image.code + place);
  }
  return image;
}();

}  // namespace

Result<Vdso> map_vdso(AddressSpace& space) {
  MapRequest request;
  request.length = guest::kPageSize;
  request.protection = kProtRead | kProtWrite;
  request.name = "[vdso]";
  const Result<uint32_t> mapped = space.map(request);
  if (!mapped.ok()) return mapped.error();
  const uint32_t base = mapped.value();
  std::memcpy(guest::host_pointer(base), &kImage, sizeof kImage);
  const Errno error = space.protect(base, guest::kPageSize, kProtRead | kProtExec);
  if (error != kOk) return error;
  const auto reader = getauxval(AT_SYSINFO_EHDR) != 0 ? read_clock<true> : read_clock<false>;
  i386::set_host_clock({reader, base + kFirstCodeAt, base + kImageSize});
  const auto* functions = kHeaders.symbols + 1;
  return Vdso{base, base + functions[0].st_value, base + functions[1].st_value,
              base + functions[2].st_value};
}

}  // namespace ferry::linux
