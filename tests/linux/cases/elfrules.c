// fs/binfmt_elf.c rule by rule: files made by hand, each with one feature to which a rule applies. The verdict is errno, a signal,
// or the exit status. The body exits with 5, or with a byte of memory in which a rule shows.
//EXPECT: good: exit 5
//EXPECT: interpreter relative: exit 7
//EXPECT: interpreter's interpreter missing: exit 7
//PROCESSES: 65
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t file[0x5000];
static uint32_t size;
static Elf32_Ehdr *const header = (void *)file;
static Elf32_Phdr *const part = (void *)(file + 52);
static int runs;

/* mov ebx, status; mov eax, 1; int 0x80 */
static void exits(uint32_t at, int status) {
  static const uint8_t code[12] = {0xbb, 0, 0, 0, 0, 0xb8, 1, 0, 0, 0, 0xcd, 0x80};
  memcpy(file + at, code, sizeof code);
  file[at + 1] = status;
}
/* mov ebx, [address]; mov eax, 1; int 0x80 */
static void exits_with(uint32_t at, uint32_t address) {
  static const uint8_t code[13] = {0x8b, 0x1d, 0, 0, 0, 0, 0xb8, 1, 0, 0, 0, 0xcd, 0x80};
  memcpy(file + at, code, sizeof code);
  memcpy(file + at + 2, &address, 4);
}
/* mov byte [address], 9; then as exits_with */
static void writes(uint32_t at, uint32_t address) {
  static const uint8_t code[7] = {0xc6, 5, 0, 0, 0, 0, 9};
  memcpy(file + at, code, sizeof code);
  memcpy(file + at + 2, &address, 4);
  exits_with(at + 7, address);
}

static void good(void) {
  memset(file, 0, sizeof file);
  size = 0x3000;
  memcpy(header->e_ident, "\177ELF\1\1\1", 7);
  header->e_type = ET_EXEC;
  header->e_machine = EM_386;
  header->e_version = 1;
  header->e_entry = 0x08049000;
  header->e_phoff = 52;
  header->e_ehsize = 52;
  header->e_phentsize = 32;
  header->e_phnum = 5;
  part[0] = (Elf32_Phdr){PT_LOAD, 0, 0x08048000, 0, 0x1000, 0x1000, PF_R, 0x1000};
  part[1] = (Elf32_Phdr){PT_LOAD, 0x1000, 0x08049000, 0, 0x1000, 0x1000, PF_R | PF_X, 0x1000};
  part[2] = (Elf32_Phdr){PT_LOAD, 0x2000, 0x0804b000, 0, 0x800, 0x3000, PF_R | PF_W, 0x1000};
  part[3] = (Elf32_Phdr){PT_GNU_STACK, 0, 0, 0, 0, 0, PF_R | PF_W, 16};
  part[4] = (Elf32_Phdr){PT_NOTE};
  exits(0x1000, 5);
  memset(file + 0x2000, 3, 0x1000);
}

static void save(const char *name) {
  unlink(name);
  int fd = open(name, O_WRONLY | O_CREAT, 0755);
  write(fd, file, size);
  close(fd);
}

static void run(const char *what) {
  save("program");
  int ends[2], error = 0, status;
  pipe2(ends, O_CLOEXEC);
  int pid = fork();
  if (pid == 0) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    char *const arguments[] = {"p", 0};
    execve("./program", arguments, arguments + 1);
    error = errno;
    write(ends[1], &error, sizeof error);
    _exit(0);
  }
  close(ends[1]);
  read(ends[0], &error, sizeof error);
  close(ends[0]);
  waitpid(pid, &status, 0);
  runs++;
  if (error) printf("%s: errno %d\n", what, error);
  else if (WIFSIGNALED(status)) printf("%s: signal %d\n", what, WTERMSIG(status));
  else printf("%s: exit %d\n", what, WEXITSTATUS(status));
  fflush(stdout);
  good();
}

static void names_interpreter(const char *name, uint32_t length) {
  part[4] = (Elf32_Phdr){PT_INTERP, 0x300, 0, 0, length, length, PF_R, 1};
  memcpy(file + 0x300, name, strlen(name) + 1);
}

/* Makes the file in `file` position-independent; it exits with `status`. */
static void dynamic(int status) {
  header->e_type = ET_DYN;
  header->e_entry = 0x1000;
  for (int i = 0; i < 3; i++) part[i].p_vaddr -= 0x08048000;
  exits(0x1000, status);
}

static void headers(void) {
  run("good");
  header->e_ident[0] = 'x'; run("magic");
  memset(header->e_ident + 4, 0x7e, 12); run("ident");
  header->e_type = ET_REL; run("relocatable");
  header->e_type = ET_CORE; run("core");
  header->e_machine = 6; run("486");
  header->e_machine = 8; run("MIPS");
  header->e_version = 77; header->e_flags = ~0; header->e_ehsize = 3; header->e_shnum = ~0; run("not looked at");
  header->e_phentsize = 31; run("entry size 31");
  header->e_phentsize = 56; run("entry size 56");
  header->e_phnum = 0; run("no headers");
  header->e_phnum = 2048; run("2048 headers, cut");
  header->e_phnum = 383; run("383 headers, cut");
  header->e_phnum = 382; run("382 headers");
  header->e_phnum = 2049; run("2049 headers");
  header->e_phoff = 0x3000 - 5 * 32; memcpy(file + header->e_phoff, part, 5 * 32); run("headers at the end");
  header->e_phoff = 0x3000 - 5 * 32 + 1; memcpy(file + header->e_phoff, part, 5 * 32); run("headers cut");
  header->e_phoff = 0x80000000; run("headers far off");
  header->e_phoff = 1; run("headers at 1");
  size = 45; run("45 bytes");
  size = 3; run("3 bytes");
  header->e_entry = 0; run("entry 0");
  header->e_entry = 0x0804b000; run("entry in data");
  part[3].p_type = PT_NULL; header->e_entry = 0x08048400; exits(0x400, 6); run("entry in what is readable, no stack header");
  header->e_entry = 0x08048400; exits(0x400, 6); run("entry in what is readable");
  part[4] = (Elf32_Phdr){0x6474e553, 0xffffff, 0, 0, 99, 99, 4, 3}; run("GNU property");
}

static void segments(void) {
  for (int i = 0; i < 3; i++) part[i].p_type = PT_NULL;
  run("no segments");
  part[1].p_offset = 0x1001; run("offset that does not fit the address");
  part[1].p_filesz = 0x1001; run("larger in the file than in memory");
  part[1].p_memsz = 0xffffffff; run("larger than memory");
  part[1].p_align = 3; run("odd alignment");
  part[2].p_filesz = 0x2800; part[2].p_memsz = 0x3000; run("past the end, bss after it");
  exits_with(0x1000, 0x0804b7ff); run("end of data");
  exits_with(0x1000, 0x0804b800); run("bss in the same page");
  exits_with(0x1000, 0x0804d000); run("bss in the last page");
  exits_with(0x1000, 0x08050000); run("after bss"); /* after its 16 KB, too */
  part[2].p_flags = PF_R; exits_with(0x1000, 0x0804b800); run("bss in a page that is not writable");
  part[2].p_flags = PF_R; writes(0x1000, 0x0804c000); run("bss of what is not writable, written");
  part[2].p_filesz = 0; exits_with(0x1000, 0x0804b000); run("bss alone");
  part[2].p_filesz = 0; part[2].p_vaddr = 0x0804b123; exits_with(0x1000, 0x0804b000); run("bss alone, anywhere in a page");
  part[2].p_memsz = 0; part[2].p_filesz = 0; run("nothing");
  part[2].p_vaddr = 0x08049000; part[2].p_filesz = part[2].p_memsz = 0x10; run("one over another");
  part[0] = part[2]; part[2] = (Elf32_Phdr){PT_LOAD, 0, 0x08048000, 0, 0x1000, 0x1000, PF_R, 0x1000}; run("descending");
}

static void interpreters(void) {
  dynamic(7); save("interp");
  good(); dynamic(7); names_interpreter("./missing", 10); save("interp2");
  good(); exits(0x1000, 8); header->e_entry = 0x18049000; for (int i = 0; i < 3; i++) part[i].p_vaddr += 0x10000000; save("fixed");
  good(); size = 51; save("short"); good(); header->e_machine = 8; save("foreign"); good(); header->e_phentsize = 1; save("bad");
  good(); header->e_type = ET_REL; save("object"); good(); memset(file, 'x', 100); save("text"); good();
  names_interpreter("./interp", 9); run("interpreter relative");
  names_interpreter("./interp2", 10); run("interpreter's interpreter missing");
  names_interpreter("./fixed", 8); run("interpreter at fixed addresses");
  names_interpreter("./missing", 10); run("interpreter missing");
  names_interpreter("./short", 8); run("interpreter short");
  names_interpreter("./foreign", 10); run("interpreter foreign");
  names_interpreter("./bad", 6); run("interpreter with bad headers");
  names_interpreter("./object", 9); run("interpreter that is an object");
  names_interpreter("./text", 7); run("interpreter that is text");
  names_interpreter(".", 2); run("interpreter that is a folder");
  names_interpreter("", 2); run("interpreter without a name");
  names_interpreter("./interp", 1); run("interpreter of 1 byte");
  names_interpreter("./interp", 4097); run("interpreter of 4097 bytes");
  names_interpreter("./interp", 8); run("interpreter without a NUL");
  names_interpreter("./interp", 9); part[4].p_offset = 0x2ffb; run("interpreter past the end");
  names_interpreter("./interp", 4000); run("interpreter, then zeroes");
  chmod("interp", 0644); names_interpreter("./interp", 9); run("interpreter without permission"); chmod("interp", 0755);
  part[3] = (Elf32_Phdr){PT_INTERP, 0x300, 0, 0, 9, 9, 4, 1}; names_interpreter("./interp", 1); memcpy(file + 0x300, "./interp", 9); run("two interpreters, the first counts");
  dynamic(5); run("position-independent");
  dynamic(5); names_interpreter("./interp", 9); run("position-independent with interpreter");
  dynamic(5); part[1].p_align = 0x200000; run("position-independent, large alignment");
}

int main(void) {
  good();
  headers();
  segments();
  interpreters();
  printf("%d files\n", runs);
  return 0;
}
