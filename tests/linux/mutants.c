// mutants COUNT SEED: makes COUNT damaged ELF files and executes each. Prints the verdict on each: errno of execve, exit
// status or signal. The body of a file is exit(0) repeated all over, so whatever address is entered, all that a program can
// do is end. Only headers are damaged; half of the files name an interpreter, which may be damaged too.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kFileSize = 0x3000, kHeaders = 5, kHeaderBytes = sizeof(Elf32_Ehdr) + kHeaders * sizeof(Elf32_Phdr) };
static uint8_t file[kFileSize];

static uint64_t state;
static uint32_t random_number(uint32_t limit) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 33) % limit;
}

/* xor eax, eax; inc eax; xor ebx, ebx; int 0x80 among nops: wherever the body is entered, it reaches int 0x80 or faults. */
static void fill(void) {
  static const uint8_t body[16] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                                   0x31, 0xc0, 0x40, 0x31, 0xdb, 0xcd, 0x80, 0x90};
  for (int i = 0; i < kFileSize; i += 16) memcpy(file + i, body, 16);
}

static void good(int dynamic, int interpreter) {
  Elf32_Ehdr header = {{0x7f, 'E', 'L', 'F', 1, 1, 1}, dynamic ? ET_DYN : ET_EXEC, EM_386, 1};
  uint32_t base = dynamic ? 0 : 0x08048000;
  header.e_entry = base + 0x1000;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf32_Phdr);
  header.e_phnum = kHeaders;
  Elf32_Phdr headers[kHeaders] = {
      {PT_LOAD, 0, base, 0, 0x1000, 0x1000, PF_R, 0x1000},
      {PT_LOAD, 0x1000, base + 0x1000, 0, 0x1000, 0x1000, PF_R | PF_X, 0x1000},
      {PT_LOAD, 0x2010, base + 0x4010, 0, 0x800, 0x5000, PF_R | PF_W, 0x1000},
      {PT_GNU_STACK, 0, 0, 0, 0, 0, PF_R | PF_W, 16},
      {interpreter ? PT_INTERP : PT_NOTE, 0x200, 0, 0, 9, 9, PF_R, 1},
  };
  fill();
  memcpy(file, &header, sizeof header);
  memcpy(file + sizeof header, headers, sizeof headers);
  memcpy(file + 0x200, "./interp", 9);
}

/* Puts a number there that may matter: bounds of pages and of the file, signs, powers of two. */
static void damage_word(void) {
  static const uint32_t numbers[] = {0,      1,      2,      3,      4,      6,          7,          8,         0x1f,       0x20,
                                     0x34,   0x80,   0xff,   0x100,  0x200,  0xfff,      0x1000,     0x1001,    0x2000,     0x2fff,
                                     0x3000, 0x3001, 0x4000, 0x5000, 0x8000, 0x10000,    0x08048000, 0x08049000, 0x0804a123, 0x08050000,
                                     0x10000000, 0x40000000, 0xffff,  0x6474e551, 0x6474e553, 0x70000000};
  uint32_t at = random_number(kHeaderBytes / 4) * 4, value = numbers[random_number(sizeof numbers / 4)];
  if (random_number(8) == 0) value = ~value + 1;
  memcpy(file + at, &value, 4);
}

static void damage(void) {
  for (uint32_t changes = random_number(4); changes-- > 0;) {
    uint32_t kind = random_number(8), at = random_number(kHeaderBytes);
    if (kind < 4) {
      damage_word();
    } else if (kind == 4) {
      file[at] = random_number(256);
    } else if (kind == 5) {
      file[at] ^= 1 << random_number(8);
    } else if (kind == 6) { /* a whole header over another */
      memcpy(file + 52 + random_number(kHeaders) * 32, file + 52 + random_number(kHeaders) * 32, 32);
    } else {
      uint16_t value = random_number(160);
      memcpy(file + (random_number(2) ? 42 : 44), &value, 2);
    }
  }
}

static uint32_t save(const char *name) {
  uint32_t size = random_number(8) ? kFileSize : random_number(kFileSize);
  unlink(name);
  int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0755);
  if (fd < 0 || write(fd, file, size) != (ssize_t)size) _exit(3);
  close(fd);
  return size;
}

/* Whether the file in `file`, cut to `size` bytes, is left out: the i386 kernel may use addresses of 2 GB and up, which ferry
   cannot (with a margin, the limit here is 512 MB). Also left out is an entry outside of a position-independent file, where
   the result depends on the places that the kernel happens to choose. */
static int beyond(uint32_t size) {
  Elf32_Ehdr header;
  memcpy(&header, file, sizeof header);
  if (header.e_phoff > kFileSize - 32) return 0;
  int entered = header.e_type != ET_DYN, below = 0;
  uint32_t first = UINT32_MAX;
  for (unsigned i = 0; i < header.e_phnum && header.e_phoff + (i + 1) * 32 <= size; i++) {
    Elf32_Phdr each;
    memcpy(&each, file + header.e_phoff + i * 32, 32);
    if (each.p_type != PT_LOAD) continue;
    /* A guest's memory begins at 64 KB, a process's on the kernel at vm.mmap_min_addr. */
    if (header.e_type == ET_EXEC && each.p_vaddr < 0x10000) return 1;
    if (each.p_vaddr >= 0x20000000 || each.p_memsz >= 0x20000000 || each.p_filesz >= 0x20000000 || each.p_align >= 0x10000000)
      return 1;
    if (first == UINT32_MAX) first = each.p_vaddr;
    below |= each.p_vaddr < first;
    entered |= header.e_entry - (each.p_vaddr & ~0xfff) < each.p_memsz;
  }
  /* An interpreter's first segment goes to the address it asks for if that is allowed; an address below may then not be. */
  return !entered || (header.e_type == ET_DYN && below);
}

static void verdict(const char *name, char *text) {
  int ends[2], error = 0, status;
  pipe2(ends, O_CLOEXEC);
  int pid = fork();
  if (pid == 0) {
    struct rlimit space = {1u << 30, 1u << 30}, core = {0, 0}, seconds = {5, 5};
    setrlimit(RLIMIT_AS, &space);
    setrlimit(RLIMIT_CORE, &core);
    setrlimit(RLIMIT_CPU, &seconds);
    char *const arguments[] = {"m", 0};
    execve(name, arguments, arguments + 1);
    error = errno;
    write(ends[1], &error, sizeof error);
    _exit(0);
  }
  close(ends[1]);
  read(ends[0], &error, sizeof error);
  close(ends[0]);
  waitpid(pid, &status, 0);
  if (error) sprintf(text, "errno %d", error);
  else if (WIFSIGNALED(status)) sprintf(text, "signal %d", WTERMSIG(status));
  else sprintf(text, "exit %d", WEXITSTATUS(status));
}

static void describe(const char *name) {
  if (!getenv("MUTANTS_SHOW")) return;
  int fd = open(name, O_RDONLY);
  memset(file, 0, kHeaderBytes);
  read(fd, file, kHeaderBytes);
  close(fd);
  for (int i = 0; i < kHeaderBytes; i += 4) {
    uint32_t word;
    memcpy(&word, file + i, 4);
    if (i == 52 || (i > 52 && (i - 52) % 32 == 0)) printf("\n  ");
    printf(" %x", word);
  }
  puts("");
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  if (geteuid() == 0 && (setgroups(0, 0) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))) return 3;
  prctl(PR_SET_DUMPABLE, 1);
  unsigned count = atoi(argv[1]), ran = 0, refused = 0, killed = 0, left = 0;
  state = 0x9e3779b97f4a7c15ull ^ (uint64_t)atoi(argv[2]) << 20;
  good(1, 0);
  uint32_t whole = kFileSize;
  for (unsigned i = 0; i < count; i++) {
    int dynamic = random_number(2), interpreter = random_number(2), skip = 0;
    good(random_number(4) != 0, 0);
    if (random_number(2)) damage();
    if (interpreter) {
      whole = save("interp");
      skip = beyond(whole);
    }
    good(dynamic, interpreter);
    damage();
    skip |= beyond(save("mutant"));
    char text[40] = "left out";
    if (!skip) verdict("./mutant", text);
    left += skip;
    ran += text[0] == 'e' && text[1] == 'x';
    refused += text[0] == 'e' && text[1] == 'r';
    killed += text[0] == 's';
    printf("%u %s\n", i, text);
    describe("mutant");
    if (interpreter) describe("interp");
    fflush(stdout);
  }
  printf("%u ran, %u refused, %u killed, %u left out\n", ran, refused, killed, left);
  return ran * 10 < count || refused * 20 < count || killed * 20 < count;
}
