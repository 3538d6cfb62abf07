// Tries instructions that CPUID offers only on some processors, and encodings that mean something else on older ones.
// Prints a line for each: its name, then "runs", "#UD", or what F3 BSF and BSR turned out to be.
// Has no C library, as the library's start-up code needs an i686: built with -nostdlib -march=i486.
#include <stdint.h>

static int system_call(int number, long a, long b, long c, long d) {
  int result;
  asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
  return result;
}

static void print(const char* text) {
  int length = 0;
  while (text[length]) ++length;
  system_call(4, 1, (long)text, length, 0);
}

static void print_hex(unsigned value) {
  char text[9], *digit = text + 8;
  *digit = 0;
  do *--digit = "0123456789abcdef"[value & 15];
  while (value >>= 4);
  print(digit);
}

struct Context {  // struct sigcontext of the i386 ABI
  uint32_t gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trapno, err, eip;
};
uint32_t resume;
volatile int illegal;

void on_illegal(int signal, int* info, char* context) {
  struct Context* registers = (struct Context*)(context + 20);
  illegal = info[2] == 2 && registers->trapno == 6 ? 1 : 2;  // ILL_ILLOPN
  registers->eip = resume;
}
asm("restore: mov $173, %eax\n int $0x80\n");
extern char restore[];

static unsigned char image[1024] __attribute__((aligned(16)));
static int word = 1;

#define TRY(name, instruction, ...)                                                         \
  illegal = 0;                                                                              \
  asm volatile("movl $9f, resume\n" instruction "\n 9: fninit" __VA_ARGS__);                \
  print(illegal == 0 ? name " runs\n" : illegal == 1 ? name " #UD\n" : name " #UD, siginfo\n")

void start(void) {
  const uint32_t action[5] = {(uint32_t)on_illegal, 0x44000004, (uint32_t)restore, 0, 0};  // SA_SIGINFO
  system_call(174, 4, (long)action, 0, 8);
  TRY("rdtsc", "rdtsc", ::: "eax", "edx");
  TRY("cmpxchg8b", "cmpxchg8b %0", : "+m"(*(uint64_t*)image)::"eax", "edx", "cc");
  TRY("cmov", "cmovz %%ecx, %%eax", ::: "eax");
  TRY("fcmov", "fldz\n fldz\n fcmovb %%st(1), %%st\n fstp %%st(0)\n fstp %%st(0)", :::);
  TRY("fcomi", "fldz\n fcomi %%st(0), %%st\n fstp %%st(0)", ::: "cc");
  TRY("fucomip", "fldz\n fldz\n fucomip %%st(1), %%st\n fstp %%st(0)", ::: "cc");
  TRY("fxsave", "fxsave %0", : "=m"(image));
  TRY("fxrstor", "fxrstor %0", ::"m"(image));
  TRY("fisttp", "fld1\n fisttpl %0", : "=m"(word));
  TRY("popcnt", "popcnt %%ecx, %%eax", ::: "eax", "cc");
  TRY("popcnt of memory", "popcntw %0, %%ax", ::"m"(word) : "eax", "cc");
  TRY("crc32", "crc32b %%cl, %%eax", ::: "eax");
  TRY("rdtscp", "rdtscp", ::: "eax", "ecx", "edx");
  TRY("lfence", "lfence", :::);
  TRY("mfence", "mfence", :::);
  TRY("sfence", "sfence", :::);
  TRY("clflush", "clflush %0", ::"m"(word));
  TRY("prefetchw", "prefetchw %0", ::"m"(word));
  TRY("prefetchnta", "prefetchnta %0", ::"m"(word));
  TRY("long nop", "nopl 0x12345678(%%eax,%%eax,2)", :::);
  TRY("endbr32", ".byte 0xf3, 0x0f, 0x1e, 0xfb", :::);
  // Older processors ignore the prefix, so these run on every model, as the instruction without it.
  TRY("pause", "pause", :::);
  TRY("xacquire", ".byte 0xf2\n lock incl %0", : "+m"(word)::"cc");
  TRY("xrelease", ".byte 0xf3\n movl $1, %0", : "=m"(word));
  TRY("rep ret", "call 1f\n jmp 2f\n 1: .byte 0xf3, 0xc3\n 2:", :::"memory");
  unsigned found = 0x55555555;
  asm volatile(".byte 0xf3\n bsf %1, %0" : "+r"(found) : "r"(0) : "cc");
  print(found == 0x55555555 ? "f3 bsf is bsf\n" : "f3 bsf is tzcnt\n");
  asm volatile(".byte 0xf3\n bsr %1, %0" : "+r"(found) : "r"(0x100) : "cc");
  print(found == 8 ? "f3 bsr is bsr\n" : "f3 bsr is lzcnt\n");
  unsigned a = 1, b, c, d;
  asm volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
  print("cpuid ");
  print_hex(a);
  print(" ");
  print_hex(c);
  print(" ");
  print_hex(d);
  print("\n");
  system_call(1, 0, 0, 0, 0);
}
asm(".globl _start\n _start: and $-16, %esp\n call start\n");
