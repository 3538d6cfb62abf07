// The auxiliary vector: which entries it has, in which order, and whatever in their values does not depend on where things lie
// (create_elf_tables, 6.1; newer kernels add entries for rseq, which ferry does not offer). Also the strings at the end of the
// stack.
//EXPECT: 32 33 51 16 6 17 3 4 5 7 8 9 11 12 13 14 23 25 26 31 15
//PROCESSES: 1
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ, __executable_start, _start;
extern char _end;

int main(int argc, char **argv) {
  char **last = environ;
  while (*last) last++;
  Elf32_auxv_t *vector = (Elf32_auxv_t *)(last + 1), *entry;
  unsigned value[64] = {0};
  for (entry = vector; entry->a_type != AT_NULL; entry++) {
    unsigned type = entry->a_type;
    if (type == 27 || type == 28 || type == 29 || type == 30) continue; /* rseq, HWCAP3, HWCAP4 */
    printf(entry == vector ? "%u" : " %u", type);
    if (type < 64) value[type] = entry->a_un.a_val;
  }
  printf("\n");
  printf("page %u clock %u phdr %d size %u count %d base %u flags %u entry %d\n", value[AT_PAGESZ], value[AT_CLKTCK],
         value[AT_PHDR] == (unsigned)&__executable_start + 52, value[AT_PHENT],
         value[AT_PHNUM] == ((Elf32_Ehdr *)&__executable_start)->e_phnum, value[AT_BASE], value[AT_FLAGS],
         value[AT_ENTRY] == (unsigned)&_start);
  printf("ids %d %d %d %d secure %u platform %s random %d name %d\n", value[AT_UID] == getuid(), value[AT_EUID] == geteuid(),
         value[AT_GID] == getgid(), value[AT_EGID] == getegid(), value[AT_SECURE], (char *)value[AT_PLATFORM],
         value[AT_RANDOM] > (unsigned)&argc && value[AT_RANDOM] % 16 != 1, strcmp((char *)value[AT_EXECFN], argv[0]));
  printf("hwcap fpu %u vdso %d in vdso %d signal stack %d\n", value[AT_HWCAP] & 1,
         !memcmp((void *)value[AT_SYSINFO_EHDR], ELFMAG, 4), value[AT_SYSINFO] - value[AT_SYSINFO_EHDR] < 0x2000,
         value[AT_MINSIGSTKSZ] >= 900 && value[AT_MINSIGSTKSZ] < 65536);
  /* Strings in ascending order without gaps: argv, environment, the name; then a word of zeroes, the end. */
  char *at = argv[0];
  int ordered = 1;
  for (int i = 0; i < argc; at += strlen(at) + 1, i++) ordered &= argv[i] == at;
  for (char **each = environ; *each; at += strlen(at) + 1, each++) ordered &= *each == at;
  ordered &= at == (char *)value[AT_EXECFN];
  at += strlen(at) + 1;
  printf("strings in order %d, end of the stack %u %d\n", ordered, *(unsigned *)at, ((unsigned)at + 4) % 4096);
  printf("platform below the strings %d, random %d, esp aligned %d\n", value[AT_PLATFORM] < (unsigned)argv[0],
         value[AT_RANDOM] < value[AT_PLATFORM], ((unsigned)argv - 4) % 16);
  printf("heap after the program %d\n", (unsigned)sbrk(0) >= (unsigned)&_end);
  return 0;
}
