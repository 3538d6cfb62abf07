// Flags that the manual leaves undefined, shown by everything that can show them: PUSHF to memory, LAHF, SETcc, CMOVcc, Jcc,
// and POPF followed by PUSHF. The flags on which AMD's and Intel's processors agree are printed; for the others it is enough
// that interpreter and translator agree, which a run of this program with --engine=check shows.
#include <stdint.h>
#include <stdio.h>

enum { CF = 1, PF = 4, AF = 16, ZF = 64, SF = 128, OF = 2048, ALL = CF | PF | AF | ZF | SF | OF };

static uint32_t seed = 1;
static uint32_t next(void) {
  seed = seed * 1103515245 + 12345;
  uint32_t value = seed >> 8 ^ seed << 13;
  static const uint32_t special[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x10, 0xff, 0x8000};
  return seed >> 29 == 0 ? special[seed >> 26 & 7] : value;
}

// eax, edx, ecx and ebx before an instruction, and what this instruction and those that read its flags left.
struct State {
  uint32_t eax, edx, ecx, ebx, flags;
  uint32_t pushed, ah, set, moved, jumped, again;
};

#define RUN(name, instruction)                                                       \
  static void name(struct State* s) {                                                \
    asm volatile(                                                                    \
        "push %%ebx\n push %%ebp\n mov %%edi, %%ebp\n"                               \
        "mov 0(%%ebp), %%eax\n mov 4(%%ebp), %%edx\n mov 8(%%ebp), %%ecx\n"          \
        "mov 12(%%ebp), %%ebx\n push 16(%%ebp)\n popf\n" instruction "\n"            \
        "pushf\n pop 20(%%ebp)\n"                                                    \
        "mov %%eax, 0(%%ebp)\n mov %%edx, 4(%%ebp)\n"                                \
        "push 20(%%ebp)\n popf\n pushf\n pop 40(%%ebp)\n"                            \
        "pop %%ebp\n pop %%ebx\n"                                                    \
        :                                                                            \
        : "D"(s)                                                                     \
        : "eax", "ecx", "edx", "esi", "memory", "cc");                               \
  }                                                                                  \
  static void name##_consumers(struct State* s) {                                    \
    asm volatile(                                                                    \
        "push %%ebx\n push %%ebp\n mov %%edi, %%ebp\n"                               \
        "mov 0(%%ebp), %%eax\n mov 4(%%ebp), %%edx\n mov 8(%%ebp), %%ecx\n"          \
        "mov 12(%%ebp), %%ebx\n push 16(%%ebp)\n popf\n" instruction "\n"            \
        "lahf\n mov %%eax, 24(%%ebp)\n"                                              \
        "seto %%al\n setbe %%ah\n mov %%ax, 28(%%ebp)\n"                             \
        "setp %%al\n setl %%ah\n mov %%ax, 30(%%ebp)\n"                              \
        "mov $0, %%eax\n mov $1, %%ecx\n cmovs %%ecx, %%eax\n mov %%eax, 32(%%ebp)\n" \
        "mov $0, %%eax\n jle 1f\n mov $1, %%eax\n 1: mov %%eax, 36(%%ebp)\n"         \
        "pop %%ebp\n pop %%ebx\n"                                                    \
        :                                                                            \
        : "D"(s)                                                                     \
        : "eax", "ecx", "edx", "esi", "memory", "cc");                               \
  }

RUN(and_, "and %%ebx, %%eax")
RUN(or8, "or %%bh, %%al")
RUN(xor16, "xor %%bx, %%ax")
RUN(test_, "test %%ebx, %%eax")
RUN(mul8, "mul %%bl")
RUN(mul16, "mul %%bx")
RUN(mul32, "mul %%ebx")
RUN(imul8, "imul %%bl")
RUN(imul16, "imul %%bx")
RUN(imul32, "imul %%ebx")
RUN(imul_two, "imul %%ebx, %%eax")
RUN(imul_two16, "imul %%bx, %%ax")
RUN(imul_three, "imul $-77, %%ebx, %%eax")
RUN(div8, "and $0x7f, %%ah\n or $0x80, %%bl\n push %%ecx\n push 16(%%ebp)\n popf\n pop %%ecx\n div %%bl")
RUN(div32, "mov $0, %%edx\n or $1, %%ebx\n push 16(%%ebp)\n popf\n div %%ebx")
RUN(idiv16, "mov $0, %%dx\n or $0x4001, %%bx\n and $0x7fff, %%ax\n and $0x7fff, %%bx\n push 16(%%ebp)\n popf\n idiv %%bx")
RUN(shl_cl, "shl %%cl, %%eax")
RUN(shl8, "shl $9, %%al")
RUN(shl5, "shl $5, %%eax")
RUN(shr_cl, "shr %%cl, %%eax")
RUN(shr16, "shr $3, %%ax")
RUN(sar_cl, "sar %%cl, %%ax")
RUN(sar8, "sar $2, %%al")
RUN(rol_cl, "rol %%cl, %%eax")
RUN(ror8, "ror $5, %%al")
RUN(rcl_cl, "rcl %%cl, %%al")
RUN(rcl9, "rcl $9, %%al")
RUN(rcr_cl, "rcr %%cl, %%ax")
RUN(rcr17, "rcr $17, %%ax")
RUN(shld_cl, "shld %%cl, %%ebx, %%eax")
RUN(shld7, "shld $7, %%ebx, %%eax")
RUN(shld16, "shld $20, %%bx, %%ax")
RUN(shrd_cl, "shrd %%cl, %%ebx, %%eax")
RUN(shrd16, "shrd %%cl, %%bx, %%ax")
RUN(bsf_, "bsf %%ebx, %%eax")
RUN(bsr_, "bsr %%ebx, %%eax")
RUN(bsf_zero, "mov $0, %%esi\n bsf %%esi, %%eax")
RUN(bsr16, "bsr %%bx, %%ax")
RUN(bt_, "bt %%ebx, %%eax")
RUN(bts_, "bts $7, %%eax")
RUN(btr_, "btr %%bx, %%ax")
RUN(btc_, "btc %%ebx, %%eax")
RUN(bt_and, "test %%ebx, %%eax\n bt %%ebx, %%edx")
RUN(bt_inc, "inc %%eax\n bt %%ebx, %%edx\n bt $3, %%ebx")
RUN(cmc_and, "and %%ebx, %%eax\n cmc")
RUN(stc_dec, "dec %%eax\n stc")
RUN(clc_sub, "sub %%ebx, %%eax\n clc")
RUN(daa_, "daa")
RUN(das_, "das")
RUN(aaa_, "aaa")
RUN(aas_, "aas")
RUN(aam_, "aam")
RUN(aam7, "aam $7")
RUN(aad_, "aad")
RUN(aad3, "aad $3")
RUN(popcnt_like, "xadd %%ebx, %%eax")

// `agreed`: the flags that both vendors leave the same. Undefined results are not printed.
struct Test {
  const char* name;
  void (*run)(struct State*);
  void (*consumers)(struct State*);
  uint32_t agreed;
  int result_too;
};

#define TEST(name, agreed, result) {#name, name, name##_consumers, agreed, result}
static const struct Test tests[] = {
    TEST(and_, ALL, 1),         TEST(or8, ALL, 1),          TEST(xor16, ALL, 1),       TEST(test_, ALL, 1),
    TEST(mul8, CF | OF, 1),     TEST(mul16, CF | OF, 1),    TEST(mul32, CF | OF, 1),   TEST(imul8, CF | OF, 1),
    TEST(imul16, CF | OF, 1),   TEST(imul32, CF | OF, 1),   TEST(imul_two, CF | OF, 1), TEST(imul_two16, CF | OF, 1),
    TEST(imul_three, CF | OF, 1), TEST(div8, CF | OF, 1),   TEST(div32, CF | OF, 1),   TEST(idiv16, CF | OF, 1),
    TEST(shl_cl, CF | PF | ZF | SF, 1), TEST(shl8, CF | PF | ZF | SF, 1), TEST(shl5, CF | PF | ZF | SF, 1),
    TEST(shr_cl, CF | PF | ZF | SF, 1), TEST(shr16, CF | PF | ZF | SF, 1), TEST(sar_cl, CF | PF | ZF | SF | OF, 1),
    TEST(sar8, CF | PF | ZF | SF | OF, 1), TEST(rol_cl, ALL & ~OF, 1), TEST(ror8, ALL & ~OF, 1),
    TEST(rcl_cl, ALL & ~OF, 1), TEST(rcl9, ALL & ~OF, 1),   TEST(rcr_cl, ALL & ~OF, 1), TEST(rcr17, ALL & ~OF, 1),
    TEST(shld_cl, CF | PF | ZF | SF, 1), TEST(shld7, CF | PF | ZF | SF, 1), TEST(shld16, 0, 0),
    TEST(shrd_cl, CF | PF | ZF | SF, 1), TEST(shrd16, 0, 0), TEST(bsf_, ZF, 1),         TEST(bsr_, ZF, 1),
    TEST(bsf_zero, ZF, 1),      TEST(bsr16, ZF, 1),         TEST(bt_, ALL, 1),         TEST(bts_, ALL, 1),
    TEST(btr_, ALL, 1),         TEST(btc_, ALL, 1),         TEST(bt_and, ALL, 1),      TEST(bt_inc, ALL, 1),
    TEST(cmc_and, ALL, 1),      TEST(stc_dec, ALL, 1),      TEST(clc_sub, ALL, 1),     TEST(daa_, ALL & ~OF, 1),
    TEST(das_, ALL & ~OF, 1),   TEST(aaa_, CF | AF, 1),     TEST(aas_, CF | AF, 1),    TEST(aam_, ALL, 1),
    TEST(aam7, ALL, 1),         TEST(aad_, ALL, 1),         TEST(aad3, ALL, 1),        TEST(popcnt_like, ALL, 1),
};

int main(void) {
  for (unsigned i = 0; i < sizeof tests / sizeof *tests; ++i) {
    const struct Test* test = &tests[i];
    uint32_t sum = 0;
    for (int round = 0; round < 60; ++round) {
      struct State before = {next(), next(), next(), next(), next() & ALL};
      // A rotate's OF and AF after a count of 0 are those of before; of other counts vendors differ.
      struct State state = before;
      test->run(&state);
      if (state.again != state.pushed) printf("%s: POPF of %x gave %x\n", test->name, state.pushed, state.again);
      if (test->result_too) sum = sum * 31 + state.eax + 17 * state.edx;
      sum = sum * 31 + (state.pushed & test->agreed);
      state = before;
      test->consumers(&state);
      const int carry_or_zero = (state.set >> 8 & 1) == ((state.ah >> 8 & (CF | ZF)) != 0);
      const int parity = (state.set >> 16 & 1) == ((state.ah >> 8 & PF) != 0);
      const int sign = state.moved == ((state.ah >> 8 & SF) != 0);
      const int less = (state.set >> 24 & 1) == (((state.ah >> 8 & SF) != 0) != (state.set & 1));
      const int above = state.jumped == !((state.set >> 24 & 1) || (state.ah >> 8 & ZF));
      if (!carry_or_zero || !parity || !sign || !less || !above)
        printf("%s: consumers disagree: %x %x %x %x\n", test->name, state.ah, state.set, state.moved, state.jumped);
    }
    printf("%s %08x\n", test->name, sum);
  }
  return 0;
}
