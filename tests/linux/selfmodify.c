// Code that changes itself: stores to the next instructions, code and hot data in one page, functions rewritten thousands of
// times, read(2) into code. The program prints checksums of what the code computed.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef unsigned (*function)(unsigned);

static unsigned char *page; // two writable and executable pages
static unsigned char *put(unsigned char *p, const char *bytes, int n) { memcpy(p, bytes, n); return p + n; }
static unsigned char *put32(unsigned char *p, unsigned value) { memcpy(p, &value, 4); return p + 4; }

// mov eax, value; ret
static void make_constant(unsigned char *p, unsigned value) {
  p = put(p, "\xb8", 1);
  p = put32(p, value);
  put(p, "\xc3", 1);
}

// A counter in the page of the code that counts: mov eax, [esp+4]; add [counter], eax; mov eax, [counter]; ret
static void hot_data(int at) {
  unsigned char *counter = page + at;
  unsigned char *p = put(page + 256, "\x8b\x44\x24\x04\x01\x05", 6);
  p = put32(p, (unsigned)counter);
  p = put(p, "\xa1", 1);
  p = put32(p, (unsigned)counter);
  put(p, "\xc3", 1);
  memset(counter, 0, 4);
  unsigned sum = 0;
  for (unsigned i = 0; i < 20000; ++i) sum = sum * 31 + ((function)(page + 256))(i);
  printf("hot data at %d: %08x\n", at, sum);
}

// A function at the same place that is rewritten again and again.
static void rewritten(unsigned rounds, unsigned calls) {
  unsigned sum = 0;
  for (unsigned i = 0; i < rounds; ++i) {
    make_constant(page + 512, i * 2654435761u);
    for (unsigned k = 0; k < calls; ++k) sum = sum * 31 + ((function)(page + 512))(0);
  }
  printf("rewritten %u times, %u calls: %08x\n", rounds, calls, sum);
}

// Each run stores into the immediate of an instruction that follows the store after `ahead` bytes of nops:
//   mov eax, [esp+4]; mov [immediate], eax; nop...; mov eax, imm32; ret
static void patched_ahead(int ahead, int at) {
  unsigned char *code = page + at;
  unsigned char *p = put(code, "\x8b\x44\x24\x04\xa3", 5);
  put32(p, (unsigned)(p + 4 + ahead + 1));
  p += 4;
  memset(p, 0x90, ahead);
  p += ahead;
  p = put(p, "\xb8\0\0\0\0\xc3", 6);
  unsigned sum = 0;
  for (unsigned i = 0; i < 3000; ++i) sum = sum * 31 + ((function)code)(i / 3 * 77);
  printf("patched %d ahead at %d: %08x\n", ahead, at, sum);
}

// A loop that changes an instruction of its own body in each turn, add to sub and back:
//   mov ecx, [esp+4]; xor eax, eax
//   loop: add eax, ecx (or sub); xor byte [opcode], 0x28; lea eax, [eax+eax*2+1]; dec ecx; jnz loop; ret
static void alternating_loop(void) {
  unsigned char *p = put(page + 1024, "\x8b\x4c\x24\x04\x31\xc0", 6);
  unsigned char *loop = p;
  p = put(p, "\x01\xc8\x80\x35", 4);
  p = put32(p, (unsigned)loop);
  p = put(p, "\x28\x8d\x44\x40\x01\x49\x75", 7);
  *p = (unsigned char)(loop - (p + 1));
  put(p + 1, "\xc3", 1);
  printf("alternating loop: %08x\n", ((function)(page + 1024))(5000));
}

// Flags that were dead in the old code and that the new code reads: a store, cmp, and in the next block `nop`, `cmc`, `clc` or
// `stc`, as stored, in front of an adc.
//   mov edx, [esp+4]; xor eax, eax; mov [place], dl; cmp eax, edx; nop; jmp next; next: place: nop; adc eax, 5; ret
static void flags_across(void) {
  unsigned char *p = put(page + 1536, "\x8b\x54\x24\x04\x31\xc0\x88\x15", 8);
  unsigned char *hole = p;
  p = put(p + 4, "\x39\xd0\x90\xeb\x00", 5);
  put32(hole, (unsigned)p);
  put(p, "\x90\x83\xd0\x05\xc3", 5);
  static const unsigned char kOpcodes[] = {0x90, 0xf5, 0xf8, 0xf9};
  unsigned sum = 0;
  for (unsigned i = 0; i < 4000; ++i) sum = sum * 31 + ((function)(page + 1536))(kOpcodes[i * i % 7 % 4] | i << 8);
  printf("flags across: %08x\n", sum);
}

// Stores by string instructions, push and x87 into the immediate of the next instruction.
static void other_stores(void) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 2000; ++i) {
    // push edi; mov edi, X; mov eax, [esp+8]; stosd; mov eax, imm32; pop edi; ret
    unsigned char *p = put(page + 2048, "\x57\xbf", 2);
    put32(p, (unsigned)(page + 2048 + 12));
    p = put(p + 4, "\x8b\x44\x24\x08\xab\xb8", 6);
    if (i == 0) p = put32(p, 0); else p += 4;
    put(p, "\x5f\xc3", 2);
    sum = sum * 31 + ((function)(page + 2048))(i / 2);
    // push ebx; mov ebx, esp; mov eax, [esp+8]; mov esp, X+4; push eax; mov esp, ebx; mov eax, imm32 (X); pop ebx; ret
    p = put(page + 2112, "\x53\x89\xe3\x8b\x44\x24\x08\xbc", 8);
    put32(p, (unsigned)(page + 2112 + 8 + 4 + 1 + 2 + 1 + 4));
    p = put(p + 4, "\x50\x89\xdc\xb8", 4);
    if (i == 0) p = put32(p, 0); else p += 4;
    put(p, "\x5b\xc3", 2);
    sum = sum * 31 + ((function)(page + 2112))(i / 3);
    // fild dword [esp+4]; fistp dword [X]; mov eax, imm32 (X); ret
    p = put(page + 2176, "\xdb\x44\x24\x04\xdb\x1d", 6);
    put32(p, (unsigned)(p + 5));
    p = put(p + 4, "\xb8", 1);
    if (i == 0) p = put32(p, 0); else p += 4;
    put(p, "\xc3", 1);
    sum = sum * 31 + ((function)(page + 2176))(i / 4);
  }
  printf("other stores: %08x\n", sum);
}

// A function over the border of two pages, the second of which is data too.
static void over_the_border(void) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 1000; ++i) {
    make_constant(page + 4096 - 3, i * 77 | 1);
    page[4096 + 100] = (unsigned char)i;
    sum = sum * 31 + ((function)(page + 4096 - 3))(0) + page[4096 + 100];
  }
  printf("over the border: %08x\n", sum);
}

// Stores by instructions that blocks leave to the interpreter: long rep, and rare ones. Such a store to a page with code was
// once a bus error.
static void rare_stores(void) {
  static unsigned source[2048];
  static unsigned char image[512] __attribute__((aligned(16)));
  unsigned sum = 0;
  for (unsigned i = 0; i < 2048; ++i) source[i] = 0x90909090;
  __asm__ volatile("fxsave %0" : "=m"(image));
  for (unsigned i = 0; i < 40; ++i) {
    unsigned char *to = page;
    unsigned count = 2048;
    const void *from = source;
    switch (i % 5) {
      case 0: __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0x90909090) : "memory"); break;
      case 1: __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count)::"memory"); break;
      case 2: __asm__ volatile("fxrstor %0; fxsave (%1)" ::"m"(image), "r"(to + 512) : "memory"); break;
      case 3: __asm__ volatile("fnsave (%0); frstor (%0)" ::"r"(to + 1024) : "memory"); break;
      case 4: __asm__ volatile("movw %%ds, (%0); movw %%ds, 4094(%0)" ::"r"(to + 300) : "memory"); break;
    }
    make_constant(page + 256, i * 7777);
    make_constant(page + 4096, i * 9999);
    for (int k = 0; k < 3; ++k) sum = sum * 31 + ((function)(page + 256))(0) + ((function)(page + 4096))(0);
  }
  printf("rare stores: %08x\n", sum);
}

static void read_into_code(void) {
  int ends[2];
  unsigned sum = 0;
  if (pipe(ends)) exit(1);
  for (unsigned i = 0; i < 300; ++i) {
    unsigned char code[6];
    make_constant(code, i * 1234567);
    if (write(ends[1], code, 6) != 6 || read(ends[0], page + 3000, 6) != 6) exit(1);
    sum = sum * 31 + ((function)(page + 3000))(0);
  }
  printf("read into code: %08x\n", sum);
}

// Code that changes through another mapping, through its file, or in a child: nothing is written at the addresses where the
// code is executed.
static void shared_code(void) {
  unsigned sum = 0;
  FILE *file = tmpfile();
  if (ftruncate(fileno(file), 32768)) exit(1);
  unsigned char *writable = mmap(0, 32768, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
  unsigned char *code = mmap(0, 32768, PROT_READ | PROT_EXEC, MAP_SHARED, fileno(file), 0);
  for (unsigned i = 0; i < 300; ++i) {
    const int at = i % 3 * 8192 + 4093; // across a border of pages
    make_constant(writable + at, i * 12345);
    for (int k = 0; k < 3; ++k) sum = sum * 31 + ((function)(code + at))(0);
    unsigned char bytes[6];
    make_constant(bytes, i * 54321);
    if (pwrite(fileno(file), bytes, 6, at) != 6) exit(1);
    for (int k = 0; k < 3; ++k) sum = sum * 31 + ((function)(code + at))(0);
  }
  printf("code of a shared file: %08x\n", sum);
  munmap(writable, 32768);
  munmap(code, 32768);
  fclose(file);

  code = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  make_constant(code, 1);
  mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  for (unsigned i = 0; i < 20; ++i) {
    for (int k = 0; k < 4; ++k) sum = sum * 31 + ((function)code)(0);
    const pid_t child = fork();
    if (child == 0) {
      make_constant(code, i * 777);
      _exit(((function)code)(0) != i * 777);
    }
    int status = 0;
    waitpid(child, &status, 0);
    sum = sum * 31 + status;
  }
  printf("code that children change: %08x\n", sum);
  munmap(code, 4096);
}

static sigjmp_buf jump;
static void on_fault(int sig) { siglongjmp(jump, sig); }

// A page whose blocks check themselves loses its access, and gets it back.
static void taken_away(void) {
  signal(SIGSEGV, on_fault);
  for (int i = 0; i < 3; ++i) {
    make_constant(page + 512, 1000 + i);
    printf("constant %u", ((function)(page + 512))(0));
    mprotect(page, 4096, PROT_NONE);
    int sig = sigsetjmp(jump, 1);
    if (sig == 0) printf(" called %u", ((function)(page + 512))(0));
    printf(" signal %d", sig);
    mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    printf(" again %u\n", ((function)(page + 512))(0));
  }
  page = mmap(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}


int main(int argc, char **argv) {
  page = mmap(0, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const char *only = argc > 1 ? argv[1] : "";
  for (int round = 0; round < 2; ++round) {
    if (!*only || !strcmp(only, "data")) hot_data(0);
    if (!*only || !strcmp(only, "data")) hot_data(4092 - 64);
    if (!*only || !strcmp(only, "rewrite")) rewritten(3000, 1), rewritten(1000, 5);
    if (!*only || !strcmp(only, "patch"))
      for (int ahead = 0; ahead < 8; ++ahead) patched_ahead(ahead, 768 + ahead * 3);
    if (!*only || !strcmp(only, "loop")) alternating_loop();
    if (!*only || !strcmp(only, "flags")) flags_across();
    if (!*only || !strcmp(only, "stores")) other_stores();
    if (!*only || !strcmp(only, "border")) over_the_border();
    if (!*only || !strcmp(only, "rare")) rare_stores();
    if (!*only || !strcmp(only, "read")) read_into_code();
    if (!*only || !strcmp(only, "shared")) shared_code();
    if (!*only || !strcmp(only, "away")) taken_away();
  }
  return 0;
}
