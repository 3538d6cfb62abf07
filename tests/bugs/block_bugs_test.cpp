// Bugs of the translator that a sequence of instructions shows, each with its story. tests/fuzz
// found most of them, and the sequences stand here as it printed them. Each sequence runs under
// every set of options and must do what the interpreter does.
#include <gtest/gtest.h>

#include <string>

#include "replay.hpp"

namespace ferry::fuzz {
namespace {

// The end of each sequence's text. The sequences use the window, which is readable and writable
// memory, and addresses below 64 KB, where nothing is mapped.
constexpr std::string_view kEnd = " window seed 00000001 tls 0";

void expect_agreement(std::string_view code, std::string_view registers, std::string_view eflags) {
  static Memory memory;
  std::string text = "at 40000800: ";
  text.append(code).append(" cc eax..edi: ").append(registers);
  text.append(" eflags ").append(eflags).append(kEnd);
  Sequence sequence;
  ASSERT_TRUE(parse(text, sequence)) << text;
  EXPECT_EQ(replay(sequence, memory), "") << to_text(sequence);
}

// SETCC and CMOVCC with a memory operand after ADC, SBB or a rotate pack the flags before they
// access memory. The mark of the instruction still named the recipe that held at its start, so a
// fault of the access reported flags made from registers that held something else by then.
TEST(BlockBugs, FlagsPackedInTheMiddleOfAFaultingInstruction) {
  // sbb ebx, -4; cmovae eax, [ecx+0x19] with the access faulting
  expect_agreement("83dbfc 0f434119",
                   "00000007 00000010 00000000 00000003 20003800 00000000 00000000 00000000",
                   "00000001");
  expect_agreement("83dbfc 0f434119",
                   "00000007 00000010 00000000 7fffffff 20003800 00000000 00000000 00000000",
                   "00000000");
}

// With --exact-flags the look-ahead into the block after a call took flags for dead because an
// instruction there writes them all; but that instruction may fault before it writes them.
TEST(BlockBugs, ExactFlagsWhereTheInstructionThatWouldKillThemFaults) {
  // test eax, 0x7f020ea0; call next; next: shr dword [edx+esi*8], 1 faulting
  expect_agreement("a9a00e027f e800000000 d12cf2",
                   "00000000 00000000 00000010 00000000 20003800 00000000 00000001 00000000",
                   "00000885");
  // the same with the look-ahead of a conditional branch: jz in between
  expect_agreement("a9a00e027f 7400 d12cf2",
                   "00000000 00000000 00000010 00000000 20003800 00000000 00000001 00000000",
                   "00000885");
}

// A rotate of a register whose CF and OF were dead declared its result the source of all flags, but
// a rotate leaves SF, ZF and PF as they were.
TEST(BlockBugs, RotateLeavesSignZeroAndParity) {
  // ror ebx, 1; cmovs bx, [edx]; xor al, 0xbe
  expect_agreement("d1cb 660f481a 34be",
                   "00000000 00000000 20003803 000000bb 20003800 00000000 00000000 00000000",
                   "00000804");
  expect_agreement("d1cb 660f481a 34be",
                   "00000000 00000000 20003800 000000bb 20003800 00000000 00000000 00000000",
                   "00000080");
}

// REP MOVS puts the lazy flags into their registers before its loop. A fault in the loop still used
// the recipe that held at the start of the instruction, whose operands had been overwritten. Seen
// on processors that refuse unaligned accesses: there the first word faults at a kernel address.
TEST(BlockBugs, FlagsInTheirHomesWhenRepMovsFaults) {
  // sub dh, 0xde; rep movsb
  expect_agreement("80eede f3a4",
                   "00000000 000000c4 00000000 00000000 20003800 00000000 b25c21ff 2000356f",
                   "00000044");
  expect_agreement("80eede f3a4",
                   "00000000 000000c4 0000ff00 00000000 20003800 00000000 20003ff0 2000356f",
                   "00000044");
}

// With --exact-flags an instruction that faults had already put its own operand into t2, where a
// part of the flags was waiting.
TEST(BlockBugs, ExactFlagsWhereAFaultingInstructionUsesTheFlagsRegisters) {
  // add ch, cl; cmp [eax], dl
  expect_agreement("02e9 663810",
                   "00000010 000091ef 00000000 00000000 20003800 00000000 00000000 00000000",
                   "00000000");
  // cmp bl, 5; or [eax+0x1814], si faulting in the store
  expect_agreement("80fb05 6609b014180000",
                   "2000f800 00000000 00000000 00000003 20003800 00000000 00000000 00000000",
                   "00000000");
}

// Live flags are saved before the call of an x87 operation and brought back after it. If the
// operation leaves its work to the interpreter, the code branched off before they were back.
TEST(BlockBugs, FlagsWhereAnX87OperationIsLeftToTheInterpreter) {
  // cmp eax, ebx; fld st(0) of an empty stack; setl cl; lahf
  expect_agreement("39d8 d9c0 0f9cc1 9f",
                   "00000001 00000000 00000000 00000002 20003800 00000000 00000000 00000000",
                   "00000000");
  // the same with a memory fault
  expect_agreement("39d8 d901",
                   "00000001 00000010 00000000 00000002 20003800 00000000 00000000 00000000",
                   "00000000");
}

// A block may end after a return that it follows. Usually a return goes elsewhere, so nothing
// looked for flags that are read there, and they were lost.
TEST(BlockBugs, FlagsBehindALeafAtTheEndOfABlock) {
  // call f; jmp end; f: adc ah, 7; ret; end:
  expect_agreement("e802000000 eb05 6682d407 c3",
                   "80000001 0000007e 00000089 20003410 20003800 200036c6 200033fb 20003a9b",
                   "00000891");
}

// Operations called directly left the pointers that FNSTENV, FNSAVE, FXSAVE and signal frames show
// (FIP, FCS, FOP, FDP, FDS) as an interpreted instruction had set them.
TEST(BlockBugs, PointersOfDirectlyCalledX87Operations) {
  constexpr std::string_view kRegisters =
      "00000000 00000000 00000000 20003400 20003800 00000000 00000000 00000000";
  // fld dword [ebx]; fnstenv [ebx+0x40]
  expect_agreement("d903 d97340", kRegisters, "00000000");
  // fild word [ebx+8]; fchs; fnstsw ax; fnstenv [ebx+0x40]: FDP is that of FILD, FIP that of FCHS
  expect_agreement("df4308 d9e0 dfe0 d97340", kRegisters, "00000000");
  // fninit; fld1; fnstenv [ebx+0x40]: no operand yet
  expect_agreement("dbe3 d9e8 d97340", kRegisters, "00000000");
  // fld1; call next; next: fadd dword [ebx] (with a prefix); fxsave [ebx+0x40]
  expect_agreement("d9e8 e800000000 3ed803 0fae4340", kRegisters, "00000000");
  // fild dword [ebx]; fld st(3), an empty register: the interpreter; fst dword [ebx+4]; fnsave
  expect_agreement("db03 d9c3 d95304 dd7340", kRegisters, "00000000");
  // a faulting operation changes nothing: fild dword [ebx]; fadd dword [edx]
  expect_agreement("db03 d802", kRegisters, "00000000");
}

// FLD and FSTP of one number are one operation (pass x87-copies). Whatever stops it, what is seen
// is that of two instructions: the number's class, a full stack, a fault of either access.
TEST(BlockBugs, NumbersCopiedByFldAndFstp) {
  constexpr std::string_view kRegisters =
      "00000001 00000000 00000010 20003400 20003800 00000000 00000000 00000000";
  // 1.5, zeroes, denormals, infinity, a quiet and two signalling NaNs; single and double
  const std::string_view upper[] = {"0000f83f", "00000000", "00000080", "01000000", "0000f07f",
                                    "0000f87f", "0000f4ff", "0000a07f", "0000c03f"};
  for (const std::string_view high : upper) {
    const std::string number = "c7430400000000 c74308" + std::string(high);
    // fld qword [ebx+4]; fstp qword [ebx+0x10]; fld dword [ebx+8]; fstp dword [ebx+0x19]; fnstenv
    expect_agreement(number + " dd4304 dd5b10 d94308 d95b19 d97340", kRegisters, "00000000");
    expect_agreement(number + " d94308 d95b19 d97340", kRegisters, "00000000");
  }
  // cmp eax, ebx; fld qword [ebx]; fstp qword [ebx+4]: flags, and places that overlap
  expect_agreement("39d8 dd03 dd5b04 0f9cc1 d97340", kRegisters, "00000000");
  // a full stack
  expect_agreement("d9e8 d9e8 d9e8 d9e8 d9e8 d9e8 d9e8 d9e8 dd03 dd5b10 d97340", kRegisters,
                   "00000000");
  // the load, and the store, at [edx], where nothing is mapped
  expect_agreement("d9e8 dd02 dd5b10", kRegisters, "00000000");
  expect_agreement("d9e8 dd03 dd1a", kRegisters, "00000000");
  // neither is a pair: FST, and FSTP of another size
  expect_agreement("dd03 dd5310 dd03 d95b20 d97340", kRegisters, "00000000");
}

// What a sequence of x87 instructions (pass x87-sequences) once lost, all found by the fuzzer. A
// difference with a number too small to change the larger one is rounded away from zero, which C1
// tells. FCOMI leaves C1 as it was: a sequence did not, and an operation called after a sequence
// forgot that C1 still waited outside of the status word.
TEST(BlockBugs, C1AfterSequencesOfX87Instructions) {
  constexpr std::string_view kRegisters =
      "00000001 00000000 00000010 20003400 20003800 00000000 00000000 00000000";
  // 1.5 at [ebx], 2^-70 at [ebx+8], 7 as an integer at [ebx+0x10]
  const std::string numbers =
      "c70300000000 c743040000f83f c7430800000000 c7430c0000903b c7431007000000 ";
  for (const std::string_view code :
       {"dd03 dc6308", "dd03 dc6b08", "dd4308 dc2b", "dd03 dc4308", "d9e8 dd4308 dee9",
        // fld; fild; fxch; fistp; fcomi: rounded up, then a sequence of FCOMI alone
        "dd03 db4310 d9c9 db5b20 dbf0", "dd03 db4310 d9c9 db5b20 dfe8",
        // fcomi after a sum, in its sequence
        "dd03 dc6308 dd4308 d8e1 dbe9",
        // fistp, then fnstsw [ebx+0x20] and ax, which sequences do not take at their beginning
        "dd03 db5b18 dd7b20 dfe0", "dd03 db5b18 db4310 dac1"}) {
    expect_agreement(numbers + std::string(code) + " d97340", kRegisters, "00000000");
    // once more with #P set: fld; fmul; fstp
    expect_agreement(numbers + "d9eb d8c8 ddd8 " + std::string(code) + " d97340", kRegisters,
                     "00000000");
  }
}

// Code for one depth of the stack, entered with another: the loop pushes a number each time.
TEST(BlockBugs, SequencesEnteredWithAnotherStack) {
  constexpr std::string_view kRegisters =
      "00000001 00000006 00000010 20003400 20003800 00000000 00000000 00000000";
  // again: fld1; fadd st, st; fst dword [ebx]; dec ecx; jnz again
  expect_agreement("d9e8 d8c0 d913 49 75f7 d97340", kRegisters, "00000000");
  // the same with another rounding: fnstcw [ebx]; or byte [ebx+1], 4; fldcw [ebx]
  expect_agreement("d93b 804b0104 d92b d9eb dc4b08 d95b10 49 75f5 d97340", kRegisters, "00000000");
}

// After a multiplication the interpreter kept SF, ZF, AF and PF, and the translator left those of
// an addition from which only CF and OF were meant to be taken. PUSHF showed the difference, so
// --engine=check stopped correct programs. The test covers every instruction that leaves flags
// undefined.
TEST(BlockBugs, UndefinedFlagsAreTheSameInBothEngines) {
  constexpr std::string_view kRegisters =
      "80000003 00000005 00000000 0000fffe 20003c00 00000000 00000000 00000000";
  const auto shown = [](std::initializer_list<std::string_view> codes) {
    std::string all = "b105";  // mov cl, 5
    // pushf; lahf; setl dl; seto dh; add esi, ebx
    for (const std::string_view code : codes) {
      all.append(" ").append(code).append(" 9c 9f 0f9cc2 0f90c6 01de");
    }
    return all;
  };
  const std::string sequences[] = {
      shown({"f7e3", "f6eb", "66f7e3", "0fafc3", "660fafc3", "6bc37f", "31d2f7f3"}),    // MUL.. DIV
      shown({"31d2f7fb", "85c30fa3d8", "400fbae003", "0fb3d0", "0fbbd0", "f8", "f5"}),  // IDIV BT
      shown({"0fbcc3", "0fbdc3", "0fbcc5", "660fbdc3", "d3e0", "c1e005", "d2f8"}),    // BSF BSR SHL
      shown({"c0e809", "66d3e0", "c0d009", "c0d80a", "66c1d811", "d2d0", "66d3d8"}),  // RCL RCR
      shown({"0fa4d803", "0fadd8", "660fa4d814", "660fa5d8", "27", "2f", "37", "3f", "d40a",
             "d50a"}),  // SHLD SHRD, decimal adjusts
  };
  for (const std::string& sequence : sequences) {
    expect_agreement(sequence, kRegisters, "00000000");
    expect_agreement(sequence, kRegisters, "000008d5");
  }
}

// BT changes only CF, and packed the other flags wherever they were not known to be dead: in awk
// that cost a quarter more instructions. Now CF is kept beside the kind of the others, through
// exits, calls and faults.
TEST(BlockBugs, CarryBesideTheKind) {
  constexpr std::string_view kRegisters =
      "80000003 00000005 00000003 0000fffe 20003c00 00000000 00000000 00000000";
  for (const std::string_view code : {
           "39d8 0fbae000 7200 9c",                            // cmp; bt; jb next; pushf
           "0fbae001 7200 0f92c1 0f94c5 0f9cc2 9c",            // flags of another block
           "39d8 0fa3c8 e800000000 0f92c1 19d2 9c",            // call: an indirect exit's identity
           "39d8 bf13080040 ffe7 90909090909090 0fbae000 9c",  // of one whose CF then changes
           "39d8 0fa3c8 bf13080040 ffe7 90909090 0f96c1 9c",   // and one that is handed on
           "39d8 0fa3c8 8b3d00000000 9c",
           "0fab0d00000000 9c",  // faults after BT, and in BTS
           "39d8 0fa3c8 f5 0fa3ca f8 0f9cc1 f9 9c",
           "39d8 0fbae000 d3e0 9c",
           "39d8 0fbae000 d3d0 9c",
       }) {
    expect_agreement(code, kRegisters, "00000000");
    expect_agreement(code, kRegisters, "000008d5");
  }
}

// Not a bug but a form of its own: the flags of a 64-bit comparison (cmp; sbb) are kept as the
// difference without wrap, where CF and AF are dead, or as operands and result.
TEST(BlockBugs, FlagsOf64BitComparisons) {
  constexpr std::string_view kValues[] = {
      // edx:eax and esi:ebx are the two numbers, at the ends of their range
      "00000000 00000000 00000000 00000000 20003800 00000000 00000000 00000000",
      "00000000 00000000 80000000 ffffffff 20003800 00000000 7fffffff 00000000",
      "ffffffff 00000000 7fffffff 00000000 20003800 00000000 80000000 00000000",
      "00000000 00000000 00000001 00000001 20003800 00000000 00000000 00000000",
      "00000001 00000000 80000000 00000001 20003800 00000000 80000000 00000000",
  };
  // Each begins with cmp eax, ebx; sbb edx, esi or the like, and stands between pusha and popa.
  std::string all;
  for (const std::string_view code : {
           "39d8 19f2 7c02 0f9dc1 31c0",
           "39d8 19f2 7f02 0f9ec1 31c0",  // jcc, setcc and cmovcc
           "39d8 19f2 0f9cc1 0f9dc5 31c0",
           "39d8 19f2 0f4cca 0f4feb 31c0",
           "39d8 19f2 0f98c1 0f90c5 0f94c3 0f9bc7 31c0",  // S O E NP
           "39d8 19f2 0f9cc1 9c5f",
           "39d8 19f2 0f4ecb 9c5f",  // all flags live
           "39d8 19f2 0f92c1 0f96c5 9c5f",
           "39d8 19f2 19c9 9c5f",                         // and CF wanted
           "39d8 19f2 8b3c24 0f9cc1 31c0",                // a load between
           "39d8 19f2 89d6 31d2 ba01000000 0f4cca 31c0",  // the result overwritten
           "39d8 19f2 89d6 ba01000000 0f4cca 9c5f",
           "39d8 1b542404 7c00 0f9cc1 9c5f",
           "01d8 11f2 7c02 0f9dc1 31c0",
           "01d8 11f2 0f90c1 0f92c5 0f9ec3 9c5f",  // add; adc
           "39d8 19d2 7c02 0f9dc1 31c0",
           "39d8 83da00 0f9cc1 9c5f",
           "39d8 83daff 0f9cc1 31c0",
           "39d8 6619f2 0f9cc1 9c5f",
           "39d8 18f2 0f9ec1 31c0",                   // narrow
           "39d8 19f2 7400 7c00 0f9ec1 0f9dc5 31c0",  // read in later blocks
       }) {
    all.append(" 60 ").append(code).append(" 60 61 61");  // the inner pusha stores the results
  }
  for (const std::string_view values : kValues) expect_agreement(all, values, "00000000");
  // In a block that another enters by a call, and by an indirect jump.
  expect_agreement("39d8 19f2 e800000000 0f9cc1 9c", kValues[1], "00000000");
  expect_agreement("39d8 19f2 bf11080040 ffe7 9090909090909090 0f9cc1 0f9ec5 9c", kValues[1],
                   "00000000");
  // A load between that faults: mov edi, [0]
  expect_agreement("39d8 19f2 8b3d00000000 0f9cc1 31c0", kValues[1], "00000000");
}

// The first attempt at the flags of a multiplication: ZF is always clear there, and LOOPE took the
// condition that never holds for a branch.
TEST(BlockBugs, LoopeBehindAMultiplication) {
  constexpr std::string_view kRegisters =
      "80000003 00000005 00000003 0000fffe 20003800 00000000 00000000 00000000";
  expect_agreement("f7e3 e100 9c", kRegisters, "00000000");  // mul ebx; loope next; pushf
  expect_agreement("f7e3 e000 9c", kRegisters, "00000000");  // loopne
}

}  // namespace
}  // namespace ferry::fuzz
