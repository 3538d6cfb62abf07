// The errnos of execve for programs of other machines and for programs whose loader (PT_INTERP) cannot be used. For these
// ferry tells its user more than an errno does, and a guest must not notice.
//EXPECT: machine 62: errno 8
//EXPECT: loader missing: errno 2
//EXPECT: loader of another machine: errno 80
//PROCESSES: 1
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kMotorola88000 = 5 };  // for which no machine has an emulator registered

static void put(const char *file, const void *data, int size, int mode) {
  const int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  write(fd, data, size);
  fchmod(fd, mode);
  close(fd);
}

static void try(const char *name, const char *file) {
  char *const arguments[] = {(char *)file, 0};
  execve(file, arguments, arguments + 1);
  printf("%s: errno %d\n", name, errno);
}

struct file {
  Elf32_Ehdr header;
  Elf32_Phdr program[1];
  char loader[32];
};

// A program header table of no entries: refused even where the machine is known.
static struct file of_machine(int machine) {
  struct file file = {.header = {.e_ident = ELFMAG, .e_type = ET_EXEC, .e_machine = machine, .e_phentsize = sizeof(Elf32_Phdr)}};
  return file;
}

static void with_loader(const char *name, const char *loader) {
  struct file file = of_machine(EM_386);
  file.header.e_phnum = 1;
  file.header.e_phoff = sizeof file.header;
  file.program[0] = (Elf32_Phdr){
      .p_type = PT_INTERP, .p_offset = offsetof(struct file, loader), .p_filesz = strlen(loader) + 1, .p_memsz = strlen(loader) + 1};
  strcpy(file.loader, loader);
  put("program", &file, sizeof file, 0755);
  try(name, "./program");
}

int main(void) {
  const int machines[] = {EM_X86_64, kMotorola88000};
  struct file foreign = of_machine(kMotorola88000);
  for (int i = 0; i < 2; ++i) {
    struct file file = of_machine(machines[i]);
    char name[32];
    sprintf(name, "machine %d", machines[i]);
    put("program", &file, sizeof file, 0755);
    try(name, "./program");
    file.header.e_ident[EI_CLASS] = ELFCLASS64;
    file.header.e_ident[EI_DATA] = ELFDATA2MSB;
    put("program", &file, sizeof file, 0755);
    try(name, "./program");
  }
  with_loader("loader missing", "/no/such/loader");
  with_loader("loader below a file", "./program/loader");
  with_loader("loader a folder", ".");
  put("loader", "", 0, 0755);
  with_loader("loader empty", "./loader");
  put("loader", "text", 4, 0755);
  with_loader("loader short", "./loader");
  put("loader", "#!/bin/sh\necho a script is no loader, however long it may be\n", 60, 0755);
  with_loader("loader a script", "./loader");
  put("loader", &foreign, sizeof foreign, 0755);
  with_loader("loader of another machine", "./loader");
  put("loader", &foreign, sizeof foreign, 0644);
  with_loader("loader not executable", "./loader");
  unlink("program");
  unlink("loader");
  return 0;
}
