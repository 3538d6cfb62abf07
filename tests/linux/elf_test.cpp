// Malformed ELF files: parses 100,000 mutations of a good one, and maps those that the parser
// accepts.
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "expect.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/load/elf_loader.hpp"

namespace {

using namespace ferry;
using namespace ferry::linux;
using test::expect;
using test::expect_equal;

constexpr unsigned kMutations = 100000;

uint64_t random_state = 0x9e3779b97f4a7c15;
uint32_t random_number(uint32_t limit) {  // xorshift64
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return static_cast<uint32_t>(random_state >> 33) % limit;
}

std::vector<uint8_t> good_file() {
  std::vector<uint8_t> file(0x3000);
  Elf32_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_machine = EM_386;
  header.e_entry = 0x08049000;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf32_Phdr);
  header.e_phnum = 4;
  const Elf32_Phdr headers[4] = {
      {PT_LOAD, 0, 0x08048000, 0, 0x1000, 0x1000, PF_R, 0x1000},
      {PT_LOAD, 0x1000, 0x08049000, 0, 0x1000, 0x1000, PF_R | PF_X, 0x1000},
      {PT_LOAD, 0x2010, 0x0804b010, 0, 0x800, 0x5000, PF_R | PF_W, 0x1000},
      {PT_GNU_STACK, 0, 0, 0, 0, 0, PF_R | PF_W, 16},
  };
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, headers, sizeof headers);
  return file;
}

void parses_good_file() {
  const std::vector<uint8_t> file = good_file();
  ElfImage image;
  expect_equal(parse_elf(file, ElfRole::program, image), ElfProblem::none);
  expect_equal(image.segments.size(), 3);
  expect_equal(image.program_header_offset, 52);
  expect(image.has_stack_header && !image.executable_stack);
}

template <typename Change>
ElfProblem problem_of(Change change) {
  std::vector<uint8_t> file = good_file();
  auto* header = reinterpret_cast<Elf32_Ehdr*>(file.data());
  auto* segments = reinterpret_cast<Elf32_Phdr*>(file.data() + sizeof *header);
  change(*header, segments, file);
  ElfImage image;
  return parse_elf(file, ElfRole::program, image);
}

void names_each_problem() {
  using E = Elf32_Ehdr;
  using P = Elf32_Phdr;
  using V = std::vector<uint8_t>;
  expect_equal(problem_of([](E& h, P*, V&) { h.e_ident[0] = 'x'; }), ElfProblem::not_elf);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_ident[EI_CLASS] = ELFCLASS64; }),
               ElfProblem::none);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_machine = EM_MIPS; }), ElfProblem::not_i386);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_machine = 6; }), ElfProblem::none);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_type = ET_REL; }),
               ElfProblem::not_executable_type);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_phnum = 0; }), ElfProblem::bad_header);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_phnum = 2049; }), ElfProblem::bad_header);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_phnum = 382; }), ElfProblem::none);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_phentsize = 33; }), ElfProblem::bad_header);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_phoff = 0xfffffff0; }), ElfProblem::truncated);
  expect_equal(problem_of([](E& h, P*, V&) { h.e_phoff = 0x3000 - 4 * 32 + 1; }),
               ElfProblem::truncated);
  for (const uint32_t size : {0u, 1u, 4097u}) {
    expect_equal(problem_of([&](E&, P* p, V&) {
                   p[3].p_type = PT_INTERP;
                   p[3].p_filesz = size;
                 }),
                 ElfProblem::bad_header);
  }
  expect_equal(problem_of([](E&, P*, V& v) { v.resize(40); }), ElfProblem::truncated);
  expect_equal(problem_of([](E&, P*, V& v) { v.clear(); }), ElfProblem::not_elf);
}

void map_and_unmap(AddressSpace& space, const std::vector<uint8_t>& file, int descriptor,
                   const ElfImage& image) {
  if (ftruncate(descriptor, static_cast<off_t>(file.size())) != 0) return;
  expect_equal(pwrite(descriptor, file.data(), file.size(), 0), file.size());
  static_cast<void>(map_program(space, descriptor, image, 0x56550000));
  while (!space.mappings().empty()) {
    const Mapping mapping = space.mappings().front();
    expect_equal(space.unmap(mapping.begin, mapping.end - mapping.begin).value, 0);
  }
}

void survives_mutations() {
  AddressSpace space(static_cast<uint32_t>(sysconf(_SC_PAGESIZE)));
  const int descriptor = memfd_create("mutation", 0);
  const std::vector<uint8_t> good = good_file();
  constexpr uint32_t kHeaderBytes = sizeof(Elf32_Ehdr) + 4 * sizeof(Elf32_Phdr);
  constexpr uint8_t kValues[] = {0, 1, 2, 3, 0x7f, 0x80, 0xff};
  unsigned accepted = 0;
  for (unsigned i = 0; i < kMutations; ++i) {
    std::vector<uint8_t> file = good;
    for (uint32_t changes = random_number(4); changes-- > 0;) {
      const uint32_t at = random_number(kHeaderBytes);
      file[at] = random_number(2) == 0 ? kValues[random_number(sizeof kValues)]
                                       : static_cast<uint8_t>(random_number(256));
    }
    if (random_number(8) == 0) file.resize(random_number(static_cast<uint32_t>(file.size())));
    ElfImage image;
    if (parse_elf(file, ElfRole::program, image) != ElfProblem::none) continue;
    ++accepted;
    map_and_unmap(space, file, descriptor, image);
  }
  std::printf("%u of %u accepted\n", accepted, kMutations);
  expect(accepted > 1000 && accepted < kMutations);
}

}  // namespace

int main() {
  parses_good_file();
  names_each_problem();
  survives_mutations();
  return ferry::test::report();
}
