#include "linux/kernel/i386/vdso.hpp"

#include <elf.h>

#include <array>
#include <cstring>

#include "linux/kernel/address_space.hpp"

namespace ferry::linux {

namespace {

constexpr char kNames[] =
    "\0linux-gate.so.1\0__kernel_vsyscall\0__kernel_sigreturn\0__kernel_rt_sigreturn";
constexpr uint32_t kSonameAt = 1, kVsyscallNameAt = 17, kSigreturnNameAt = 35,
                   kRtSigreturnNameAt = 54;

constexpr uint32_t kSymbolCount = 4;
constexpr uint32_t kVsyscallAt = 0x400, kSigreturnAt = 0x420, kRtSigreturnAt = 0x440,
                   kImageSize = 0x460;

/// The whole image as it lies in memory, linked at 0.
struct Image {
  Elf32_Ehdr header;
  Elf32_Phdr segments[2];
  uint32_t hash[2 + 1 + kSymbolCount];
  Elf32_Sym symbols[kSymbolCount];
  Elf32_Dyn dynamic[7];
  char names[sizeof kNames];
};
static_assert(sizeof(Image) <= kVsyscallAt);

// Unwinders recognise the trampolines by these bytes (libgcc's config/i386/linux-unwind.h), with a
// nop in front, because they look up the call before the return address.
// No caller of a function relies on arithmetic flags, and a system call is dearer where they must
// be derived from those that the caller left; so this one sets them: test eax, eax; int 0x80; ret.
constexpr uint8_t kVsyscallCode[] = {0x85, 0xc0, 0xcd, 0x80, 0xc3};
constexpr uint8_t kSigreturnCode[] = {0x58, 0xb8, 119,  0,
                                      0,    0,    0xcd, 0x80};  // pop eax; mov eax, 119; int 0x80
constexpr uint8_t kRtSigreturnCode[] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80};  // mov eax, 173; int 0x80
constexpr uint8_t kNop = 0x90;

Elf32_Sym function(uint32_t name, uint32_t address, uint32_t size) {
  Elf32_Sym symbol{};
  symbol.st_name = name;
  symbol.st_value = address;
  symbol.st_size = size;
  symbol.st_info = ELF32_ST_INFO(STB_GLOBAL, STT_FUNC);
  symbol.st_shndx = 1;  // any defined section
  return symbol;
}

void fill_image(Image& image) {
  Elf32_Ehdr& header = image.header;
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_386;
  header.e_version = EV_CURRENT;
  header.e_entry = kVsyscallAt;
  header.e_phoff = offsetof(Image, segments);
  header.e_ehsize = sizeof(Elf32_Ehdr);
  header.e_phentsize = sizeof(Elf32_Phdr);
  header.e_phnum = 2;
  image.segments[0] = {PT_LOAD, 0, 0, 0, kImageSize, kImageSize, PF_R | PF_X, guest::kPageSize};
  const uint32_t dynamic = offsetof(Image, dynamic);
  image.segments[1] = {PT_DYNAMIC,           dynamic, dynamic, dynamic, sizeof image.dynamic,
                       sizeof image.dynamic, PF_R,    4};
  // One bucket, one chain through all symbols.
  const uint32_t hash[] = {1, kSymbolCount, 1, 0, 2, 3, 0};
  std::memcpy(image.hash, hash, sizeof hash);
  image.symbols[1] = function(kVsyscallNameAt, kVsyscallAt, sizeof kVsyscallCode);
  image.symbols[2] = function(kSigreturnNameAt, kSigreturnAt, sizeof kSigreturnCode);
  image.symbols[3] = function(kRtSigreturnNameAt, kRtSigreturnAt, sizeof kRtSigreturnCode);
  const Elf32_Dyn entries[] = {
      {DT_SONAME, {kSonameAt}},
      {DT_HASH, {offsetof(Image, hash)}},
      {DT_STRTAB, {offsetof(Image, names)}},
      {DT_SYMTAB, {offsetof(Image, symbols)}},
      {DT_STRSZ, {sizeof kNames}},
      {DT_SYMENT, {sizeof(Elf32_Sym)}},
      {DT_NULL, {0}},
  };
  std::memcpy(image.dynamic, entries, sizeof entries);
  std::memcpy(image.names, kNames, sizeof kNames);
}

}  // namespace

Result<Vdso> map_vdso(AddressSpace& space) {
  MapRequest request;
  request.length = guest::kPageSize;
  request.protection = kProtRead | kProtWrite;
  request.name = "[vdso]";
  const Result<uint32_t> mapped = space.map(request);
  if (!mapped.ok()) return mapped.error();
  const uint32_t base = mapped.value();
  Image image{};
  fill_image(image);
  auto* page = static_cast<uint8_t*>(guest::host_pointer(base));
  std::memcpy(page, &image, sizeof image);
  std::memset(page + kVsyscallAt, kNop, kImageSize - kVsyscallAt);
  std::memcpy(page + kVsyscallAt, kVsyscallCode, sizeof kVsyscallCode);
  std::memcpy(page + kSigreturnAt, kSigreturnCode, sizeof kSigreturnCode);
  std::memcpy(page + kRtSigreturnAt, kRtSigreturnCode, sizeof kRtSigreturnCode);
  const Errno error = space.protect(base, guest::kPageSize, kProtRead | kProtExec);
  if (error != kOk) return error;
  return Vdso{base, base + kVsyscallAt, base + kSigreturnAt, base + kRtSigreturnAt};
}

}  // namespace ferry::linux
