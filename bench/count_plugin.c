/* A QEMU plugin (API version 1, qemu-user 7.2) that counts executed guest instructions exactly.
 *
 *   qemu-mips64el -plugin libcount.so,out=FILE[,low=ADDRESS,high=ADDRESS][,begin=ADDRESS,end=ADDRESS] PROGRAM
 *
 * The plugin also counts separately what runs between the entry of the MIPS function at [begin, end) and its return,
 * callees included. The function must not call itself, and must leave only by `jr ra`.
 *
 * FILE gets one record per process, in pages shared with the file: counts survive exec, fork and kill. A record has a
 * slot of 64-bit counters for each vCPU, that is, for each thread: threads that added to a common counter would lose
 * counts. The header page holds the number of records. bench/counts.py reads the file.
 *
 * Debian ships no qemu-plugin.h; the few declarations that are needed stand here, written after QEMU's documentation. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct {
  const char* target_name;
  struct { int min, cur; } version;
  bool system_emulation;
  union { struct { int smp_vcpus, max_vcpus; } system; };
} qemu_info_t;
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t,
                                          void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t,
                                                   uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb*, void (*)(unsigned, void*), enum qemu_plugin_cb_flags,
                                          void*);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn*, void (*)(unsigned, void*),
                                            enum qemu_plugin_cb_flags, void*);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn*);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn*);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn*);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { kHeader = 4096, kRecord = 16384, kSlots = 128, kCounters = 9 };

/* What one vCPU has executed. The order is counts.py's. */
struct slot {
  uint64_t instructions;
  uint64_t nops;         /* MIPS: words of zero */
  uint64_t in_range;     /* instructions at [low, high): generated code */
  uint64_t rep;          /* i386: repeated string instructions, each iteration */
  uint64_t system_calls;
  uint64_t nops_in_range;
  uint64_t signals;      /* handled ones: calls of (rt_)sigreturn */
  uint64_t in_function;  /* from the entry of [begin, end) to its return */
  uint64_t calls;        /* of that function */
  uint64_t count_at_entry; /* instructions when the function was entered last; no counter */
  uint64_t unused[6];
};
_Static_assert(sizeof(struct slot) * kSlots == kRecord, "counts.py's layout");

static struct slot* slots; /* this process's record */
static uint64_t* header;        /* [0] = records handed out */
static int output = -1;
static uint64_t low, high;
static uint64_t function_begin, function_end;
static bool is_x86;

static void fail(const char* what) {
  perror(what);
  _exit(125);
}

/* Takes the next record of the file and maps it where the last one was. */
static void take_record(void) {
  const uint64_t number = __atomic_add_fetch(header, 1, __ATOMIC_SEQ_CST);
  if (ftruncate(output, kHeader + (off_t)number * kRecord) != 0) {
    /* A concurrent process may have made the file longer already: only a page past its end would matter. */
  }
  void* wanted = slots;
  void* record = mmap(wanted, kRecord, PROT_READ | PROT_WRITE, MAP_SHARED | (wanted != NULL ? MAP_FIXED : 0), output,
                      kHeader + (off_t)(number - 1) * kRecord);
  if (record == MAP_FAILED) fail("count plugin: mmap");
  slots = record;
}

static bool repeats(const uint8_t* bytes, size_t size) {
  bool rep = false;
  for (size_t i = 0; i < size; ++i) {
    const uint8_t b = bytes[i];
    if (b == 0xf2 || b == 0xf3) {
      rep = true;
    } else if (b != 0x66 && b != 0x67 && b != 0x2e && b != 0x36 && b != 0x3e && b != 0x26 && b != 0x64 && b != 0x65) {
      return rep && ((b >= 0xa4 && b <= 0xa7) || (b >= 0xaa && b <= 0xaf) || (b >= 0x6c && b <= 0x6f));
    }
  }
  return false;
}

/* All vCPUs with larger numbers share the last slot. */
static struct slot* slot_of(unsigned vcpu) { return &slots[vcpu < kSlots ? vcpu : kSlots - 1]; }

/* What one execution of a block of QEMU's adds to the counters. */
struct tally {
  size_t count;
  struct {
    size_t index;
    uint64_t value;
  } adds[kCounters];
};

static void on_block(unsigned vcpu, void* data) {
  const struct tally* tally = data;
  uint64_t* counters = &slot_of(vcpu)->instructions;
  for (size_t i = 0; i < tally->count; ++i) {
    uint64_t* counter = counters + tally->adds[i].index;
    if (vcpu < kSlots - 1) {
      *counter += tally->adds[i].value;
    } else {
      __atomic_fetch_add(counter, tally->adds[i].value, __ATOMIC_RELAXED);
    }
  }
}

/* All instructions of a block are added before the first of them runs. `ahead` is the number of those that lie past the
 * place in question: the function's first instruction, or the delay slot of its return. */
static void on_function_entry(unsigned vcpu, void* ahead) {
  struct slot* slot = slot_of(vcpu);
  slot->count_at_entry = slot->instructions - (uint64_t)(intptr_t)ahead;
  ++slot->calls;
}

static void on_function_return(unsigned vcpu, void* ahead) {
  struct slot* slot = slot_of(vcpu);
  slot->in_function += slot->instructions - (uint64_t)(intptr_t)ahead - slot->count_at_entry;
}

static void watch_function(struct qemu_plugin_insn* insn, size_t index, size_t count) {
  const uint64_t address = qemu_plugin_insn_vaddr(insn);
  if (address < function_begin || address >= function_end) return;
  static const uint8_t jr_ra[4] = {0x08, 0x00, 0xe0, 0x03};
  const intptr_t ahead = (intptr_t)(count - index);
  if (address == function_begin) {
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_function_entry, QEMU_PLUGIN_CB_NO_REGS, (void*)ahead);
  } else if (memcmp(qemu_plugin_insn_data(insn), jr_ra, sizeof jr_ra) == 0) {
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_function_return, QEMU_PLUGIN_CB_NO_REGS, (void*)(ahead - 2));
  }
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  const size_t count = qemu_plugin_tb_n_insns(tb);
  struct slot block = {.instructions = count};
  for (size_t i = 0; i < count; ++i) {
    struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
    const uint8_t* bytes = qemu_plugin_insn_data(insn);
    const size_t size = qemu_plugin_insn_size(insn);
    const uint64_t address = qemu_plugin_insn_vaddr(insn);
    const bool in_range = address >= low && address < high;
    const bool nop = !is_x86 && (bytes[0] | bytes[1] | bytes[2] | bytes[3]) == 0;
    block.in_range += in_range;
    block.nops += nop;
    block.nops_in_range += nop && in_range;
    block.rep += is_x86 && repeats(bytes, size);
    watch_function(insn, i, count);
  }
  struct tally* tally = calloc(1, sizeof *tally); /* lives as long as the emulator may run the block */
  if (tally == NULL) fail("count plugin: calloc");
  const uint64_t* counts = &block.instructions;
  for (size_t i = 0; i < kCounters; ++i) {
    if (counts[i] == 0) continue;
    tally->adds[tally->count].index = i;
    tally->adds[tally->count++].value = counts[i];
  }
  qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, tally);
}

static void on_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a, uint64_t b, uint64_t c,
                       uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  (void)id, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  enum { kI386Sigreturn = 119, kI386RtSigreturn = 173, kMips64RtSigreturn = 5211 };
  struct slot* slot = slot_of(vcpu);
  ++slot->system_calls;
  slot->signals += is_x86 ? number == kI386Sigreturn || number == kI386RtSigreturn : number == kMips64RtSigreturn;
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc,
                                                               char** argv) {
  const char* path = NULL;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "out=", 4) == 0) path = argv[i] + 4;
    if (strncmp(argv[i], "low=", 4) == 0) low = strtoull(argv[i] + 4, NULL, 0);
    if (strncmp(argv[i], "high=", 5) == 0) high = strtoull(argv[i] + 5, NULL, 0);
    if (strncmp(argv[i], "begin=", 6) == 0) function_begin = strtoull(argv[i] + 6, NULL, 0);
    if (strncmp(argv[i], "end=", 4) == 0) function_end = strtoull(argv[i] + 4, NULL, 0);
  }
  if (path == NULL) {
    fprintf(stderr, "count plugin: out=FILE is needed\n");
    return 1;
  }
  is_x86 = strcmp(info->target_name, "i386") == 0;
  const int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) fail("count plugin: open");
  output = fcntl(descriptor, F_DUPFD_CLOEXEC, 960); /* out of the guest's way */
  if (output < 0) output = descriptor; else close(descriptor);
  struct { off_t size; } now = {lseek(output, 0, SEEK_END)};
  if (now.size < kHeader && ftruncate(output, kHeader) != 0) fail("count plugin: ftruncate");
  header = mmap(NULL, kHeader, PROT_READ | PROT_WRITE, MAP_SHARED, output, 0);
  if (header == MAP_FAILED) fail("count plugin: mmap");
  take_record();
  pthread_atfork(NULL, NULL, take_record);
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
  qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
  return 0;
}
