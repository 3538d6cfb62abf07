#include "linux/load/refusal.hpp"

#include <elf.h>

#include <cstring>

#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

namespace {

/// The name of the machine that an ELF file is for.
std::string machine_name(uint16_t machine, uint8_t file_class) {
  const bool wide = file_class == ELFCLASS64;
  switch (machine) {
    case EM_X86_64:
      return wide ? "x86-64" : "x32";
    case EM_ARM:
      return "ARM";
    case EM_AARCH64:
      return "ARM64";
    case EM_MIPS:
      return wide ? "MIPS64" : "MIPS";
    case EM_PPC:
      return "PowerPC";
    case EM_PPC64:
      return "PowerPC64";
    case EM_RISCV:
      return "RISC-V";
    case EM_S390:
      return "S/390";
    case EM_SPARC:
    case EM_SPARCV9:
      return "SPARC";
    case EM_LOONGARCH:
      return "LoongArch";
    default:
      return "machine " + std::to_string(machine);
  }
}

}  // namespace

std::string refusal_text(int descriptor, ElfProblem problem) {
  Elf32_Ehdr header{};  // the 64-bit one begins alike
  const long count = host_call(SYS_pread64, descriptor, &header, sizeof header, 0);
  if (problem == ElfProblem::not_elf)
    return count == 0 ? "the file is empty" : "neither an ELF program nor a script (#!)";
  // In a file for the other byte order the type cannot be read either.
  const bool big = header.e_ident[EI_DATA] == ELFDATA2MSB;
  if (problem != ElfProblem::not_i386 && !(big && problem == ElfProblem::not_executable_type))
    return elf_problem_text(problem);
  const uint16_t machine = big ? __builtin_bswap16(header.e_machine) : header.e_machine;
  return "a program for " + machine_name(machine, header.e_ident[EI_CLASS]) +
         "; ferry runs i386 programs";
}

std::string missing_loader_text(const std::string& path, const std::string& root) {
  const std::string place =
      root.empty() ? "not on this machine" : "neither in " + root + " nor on this machine";
  return "needs the loader " + path + ", which is " + place + ": give an i386 root with -L";
}

std::string missing_interpreter_text(const std::string& path) {
  if (path.ends_with('\r'))
    return "the first line of the script ends with a carriage return: save it with Unix line ends";
  return "a script for " + path + ", which does not exist";
}

}  // namespace ferry::linux
