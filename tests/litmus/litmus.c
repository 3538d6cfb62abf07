// Litmus tests of x86's memory order: small programs of two to four threads, run again and again, each of which has an
// outcome that x86-TSO forbids (SDM vol. 3, 8.2; Sewell et al., "x86-TSO", 2010) or an outcome that only a processor
// with store buffers shows. An i386 program:
//
//   litmus [RUNS [TEST]]      RUNS of each test, or of one; 20,000 if not given
//
// Prints a line per test and ends with status 1 if a forbidden outcome was seen. It shows something on several processors
// alone, and only if the threads overlap: then the relaxed outcomes of SB and R are seen too.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kMostThreads = 4, kPlaces = 64, kLine = 128 };

struct cell {  // a location, alone in its cache lines
  _Alignas(kLine) volatile int value[kLine / sizeof(int)];
};
struct place {  // what one run works on
  struct cell x, y, z;
};

// A thread's part: works on the place, and leaves what it has loaded in `r`.
typedef void body(struct place *p, int *r);

// What came of a run: r[t] are thread t's loads; x, y, z the memory afterwards.
struct outcome {
  int r[kMostThreads][4];
  int x, y, z;
  int more[3];  // beside x: bytes 4, 8 and 13 of its line
};
typedef int outcome_test(const struct outcome *o);

#define X "%[x]"  // operands of the asm statements below
#define Y "%[y]"
#define PLACE [x] "m"(p->x.value[0]), [y] "m"(p->y.value[0])

// --- plain accesses

static void store_x(struct place *p, int *r) { asm volatile("movl $1, " X : : PLACE : "memory"); }
static void store_y(struct place *p, int *r) { asm volatile("movl $1, " Y : : PLACE : "memory"); }
static void store_x_store_y(struct place *p, int *r) {
  asm volatile("movl $1, " X "; movl $1, " Y : : PLACE : "memory");
}
static void store_x_store_x2(struct place *p, int *r) {
  asm volatile("movl $1, " X "; movl $2, " X : : PLACE : "memory");
}
static void store_x1_store_y2(struct place *p, int *r) {
  asm volatile("movl $1, " X "; movl $2, " Y : : PLACE : "memory");
}
static void store_y1_store_x2(struct place *p, int *r) {
  asm volatile("movl $1, " Y "; movl $2, " X : : PLACE : "memory");
}
static void store_x2_store_y1(struct place *p, int *r) {
  asm volatile("movl $2, " X "; movl $1, " Y : : PLACE : "memory");
}
static void load_y_load_x(struct place *p, int *r) {
  asm volatile("movl " Y ", %0; movl " X ", %1" : "=&r"(r[0]), "=&r"(r[1]) : PLACE : "memory");
}
static void load_x_load_y(struct place *p, int *r) {
  asm volatile("movl " X ", %0; movl " Y ", %1" : "=&r"(r[0]), "=&r"(r[1]) : PLACE : "memory");
}
static void load_x_load_x(struct place *p, int *r) {
  asm volatile("movl " X ", %0; movl " X ", %1" : "=&r"(r[0]), "=&r"(r[1]) : PLACE : "memory");
}
static void store_x_load_y(struct place *p, int *r) {
  asm volatile("movl $1, " X "; movl " Y ", %0" : "=&r"(r[0]) : PLACE : "memory");
}
static void store_y_load_x(struct place *p, int *r) {
  asm volatile("movl $1, " Y "; movl " X ", %0" : "=&r"(r[0]) : PLACE : "memory");
}
static void store_y2_load_x(struct place *p, int *r) {
  asm volatile("movl $2, " Y "; movl " X ", %0" : "=&r"(r[0]) : PLACE : "memory");
}
static void load_x_store_y(struct place *p, int *r) {
  asm volatile("movl " X ", %0; movl $1, " Y : "=&r"(r[0]) : PLACE : "memory");
}
static void load_y_store_x(struct place *p, int *r) {
  asm volatile("movl " Y ", %0; movl $1, " X : "=&r"(r[0]) : PLACE : "memory");
}
static void load_y_store_z(struct place *p, int *r) {
  asm volatile("movl " Y ", %0; movl $1, %[z]" : "=&r"(r[0]) : PLACE, [z] "m"(p->z.value[0]) : "memory");
}
static void load_z_load_x(struct place *p, int *r) {
  asm volatile("movl %[z], %0; movl " X ", %1"
               : "=&r"(r[0]), "=&r"(r[1]) : PLACE, [z] "m"(p->z.value[0]) : "memory");
}

// --- fences and locked instructions between a store and a load

static void store_x_mfence_load_y(struct place *p, int *r) {
  asm volatile("movl $1, " X "; lock; addl $0, (%%esp); movl " Y ", %0" : "=&r"(r[0]) : PLACE : "memory");
}
static void store_y_mfence_load_x(struct place *p, int *r) {
  asm volatile("movl $1, " Y "; lock; addl $0, (%%esp); movl " X ", %0" : "=&r"(r[0]) : PLACE : "memory");
}
static void exchange_x_load_y(struct place *p, int *r) {
  asm volatile("movl $1, %0; xchgl %0, " X "; movl " Y ", %0" : "=&r"(r[0]) : PLACE : "memory");
}
static void exchange_y_load_x(struct place *p, int *r) {
  asm volatile("movl $1, %0; xchgl %0, " Y "; movl " X ", %0" : "=&r"(r[0]) : PLACE : "memory");
}
// The comparison fails, and is a fence all the same.
static void store_x_failed_exchange_load_y(struct place *p, int *r) {
  asm volatile("movl $1, " X "; movl $-1, %%eax; lock; cmpxchgl %%eax, " X "; movl " Y ", %0"
               : "=&r"(r[0]) : PLACE : "eax", "memory", "cc");
}
static void store_y_failed_exchange_load_x(struct place *p, int *r) {
  asm volatile("movl $1, " Y "; movl $-1, %%eax; lock; cmpxchgl %%eax, " Y "; movl " X ", %0"
               : "=&r"(r[0]) : PLACE : "eax", "memory", "cc");
}
static void store_y2_fence_load_x(struct place *p, int *r) {
  asm volatile("movl $2, " Y "; lock; orl $0, (%%esp); movl " X ", %0" : "=&r"(r[0]) : PLACE : "memory", "cc");
}

// --- accesses of other kinds

static void increment_x_increment_y(struct place *p, int *r) {
  asm volatile("incl " X "; incl " Y : : PLACE : "memory", "cc");
}
// Stack accesses in between, and another block of code.
static void load_y_stack_load_x(struct place *p, int *r) {
  asm volatile("movl " Y ", %0; pushl %0; call 1f; 1: popl %1; popl %1; movl " X ", %1"
               : "=&r"(r[0]), "=&r"(r[1]) : PLACE : "memory");
}
static void store_x_stack_store_y(struct place *p, int *r) {
  asm volatile("movl $1, " X "; pushl $1; call 1f; 1: popl %%eax; popl %%eax; movl %%eax, " Y
               : : PLACE : "eax", "memory");
}
static void x87_store_x_store_y(struct place *p, int *r) {
  asm volatile("fld1; fld1; fistpl " X "; fistpl " Y : : PLACE : "memory", "st", "st(1)");
}
static void x87_load_y_load_x(struct place *p, int *r) {
  int loaded[2];
  asm volatile("fildl " Y "; fildl " X "; fistpl 4(%[loaded]); fistpl (%[loaded])"
               : : PLACE, [loaded] "r"(loaded) : "memory", "st", "st(1)");
  r[0] = loaded[0];
  r[1] = loaded[1];
}
// Eight bytes at once, as compilers access a 64-bit atomic.
static void x87_store_eight(struct place *p, int *r) {
  static const int64_t both = 0x100000001;
  asm volatile("fildq %[both]; fistpq " X : : PLACE, [both] "m"(both) : "memory", "st");
}
static void x87_load_eight(struct place *p, int *r) {
  int64_t loaded;
  asm volatile("fildq " X "; fistpq %[loaded]" : [loaded] "=m"(loaded) : PLACE : "memory", "st");
  r[0] = (int)loaded;
  r[1] = (int)(loaded >> 32);
}
// BCD numbers, which ferry leaves to its interpreter.
static void bcd_store_x_store_y(struct place *p, int *r) {
  asm volatile("fld1; fbstp " X "; movl $1, " Y : : PLACE : "memory", "st");
}
static void load_y_bcd_load_x(struct place *p, int *r) {
  int loaded = 0;
  asm volatile("movl " Y ", %0; fbld " X "; fistpl %[loaded]"
               : "=&r"(r[0]), [loaded] "=m"(loaded) : PLACE : "memory", "st");
  r[1] = loaded;
}
static void string_store_x_store_y(struct place *p, int *r) {
  volatile int *to = p->x.value;
  asm volatile("movl $1, %%eax; cld; stosl; movl %[second], %%edi; stosl"
               : "+D"(to) : PLACE, [second] "r"(p->y.value) : "eax", "memory");
}
static void string_load_y_load_x(struct place *p, int *r) {
  const volatile int *from = p->y.value;
  int first, second;
  asm volatile("cld; lodsl; movl %%eax, %[first]; movl %[next], %%esi; lodsl"
               : "+S"(from), [first] "=&r"(first), "=&a"(second) : [next] "r"(p->x.value), PLACE : "memory");
  r[0] = first;
  r[1] = second;
}
// Sixteen bytes and more, which are copied in doublewords.
static void repeated_store_x_store_y(struct place *p, int *r) {
  volatile int *to = p->x.value;
  int count = 6;
  asm volatile("cld; rep; stosl; movl $1, " Y : "+D"(to), "+c"(count) : PLACE, "a"(1) : "memory");
}
static void load_y_repeated_load_x(struct place *p, int *r) {
  const volatile int *from = p->x.value;
  int copy[6], *to = copy, count = 6;
  asm volatile("cld; movl " Y ", %0; rep; movsl"
               : "=&r"(r[0]), "+S"(from), "+D"(to), "+c"(count) : PLACE : "memory");
  r[1] = copy[0] & copy[5];
}
// At an odd address, within a cache line.
static volatile int *odd(volatile int *value) { return (volatile int *)((uintptr_t)value + 1); }
static void odd_store_x_store_y(struct place *p, int *r) {
  asm volatile("movl $1, (%0); movl $1, (%1)" : : "r"(odd(p->x.value)), "r"(odd(p->y.value)) : "memory");
}
static void odd_load_y_load_x(struct place *p, int *r) {
  asm volatile("movl (%3), %0; movl (%2), %1"
               : "=&r"(r[0]), "=&r"(r[1]) : "r"(odd(p->x.value)), "r"(odd(p->y.value)) : "memory");
}
// Of every width, and across the end of a doubleword.
static void locked_add_x(struct place *p, int *r) {
  asm volatile("lock; addl $1, (%0); lock; addw $1, 4(%0); lock; addb $1, 8(%0); lock; addl $1, 13(%0)"
               : : "r"(p->x.value) : "memory", "cc");
}

// --- outcomes

static int first_but_not_second(const struct outcome *o) { return o->r[1][0] == 1 && o->r[1][1] == 0; }
static int both_old(const struct outcome *o) { return o->r[0][0] == 0 && o->r[1][0] == 0; }
static int both_new(const struct outcome *o) { return o->r[0][0] == 1 && o->r[1][0] == 1; }
static int later_store_old_load(const struct outcome *o) { return o->y == 2 && o->r[1][0] == 0; }
static int seen_but_overwritten(const struct outcome *o) { return o->r[1][0] == 1 && o->x == 2; }
static int both_first_stores_last(const struct outcome *o) { return o->x == 1 && o->y == 1; }
static int readers_disagree(const struct outcome *o) {
  return o->r[2][0] == 1 && o->r[2][1] == 0 && o->r[3][0] == 1 && o->r[3][1] == 0;
}
static int cause_without_origin(const struct outcome *o) {
  return o->r[1][0] == 1 && o->r[2][0] == 1 && o->r[2][1] == 0;
}
static int backwards(const struct outcome *o) { return o->r[1][0] > o->r[1][1]; }
static int torn(const struct outcome *o) { return o->r[1][0] != o->r[1][1]; }
static int lost_count(const struct outcome *o) {
  return o->x != 4 || o->more[0] != 4 || o->more[1] != 4 || o->more[2] != 4;
}

struct test {
  const char *name;
  unsigned threads;
  body *bodies[kMostThreads];
  outcome_test *forbidden;
  outcome_test *relaxed;  // allowed, and seen only if the threads overlap
};

static const struct test tests[] = {
    {"MP", 2, {store_x_store_y, load_y_load_x}, first_but_not_second},
    {"SB", 2, {store_x_load_y, store_y_load_x}, NULL, both_old},
    {"SB+lock add", 2, {store_x_mfence_load_y, store_y_mfence_load_x}, both_old},
    {"SB+xchg", 2, {exchange_x_load_y, exchange_y_load_x}, both_old},
    {"SB+failed cmpxchg", 2, {store_x_failed_exchange_load_y, store_y_failed_exchange_load_x}, both_old},
    {"LB", 2, {load_x_store_y, load_y_store_x}, both_new},
    {"R", 2, {store_x_store_y, store_y2_load_x}, NULL, later_store_old_load},
    {"R+lock or", 2, {store_x_store_y, store_y2_fence_load_x}, later_store_old_load},
    {"S", 2, {store_x2_store_y1, load_y_store_x}, seen_but_overwritten},
    {"2+2W", 2, {store_x1_store_y2, store_y1_store_x2}, both_first_stores_last},
    {"IRIW", 4, {store_x, store_y, load_x_load_y, load_y_load_x}, readers_disagree},
    {"WRC", 3, {store_x, load_x_store_y, load_y_load_x}, cause_without_origin},
    {"ISA2", 3, {store_x_store_y, load_y_store_z, load_z_load_x}, cause_without_origin},
    {"CoRR", 2, {store_x_store_x2, load_x_load_x}, backwards},
    {"MP+inc", 2, {increment_x_increment_y, load_y_load_x}, first_but_not_second},
    {"MP+stack", 2, {store_x_stack_store_y, load_y_stack_load_x}, first_but_not_second},
    {"MP+x87", 2, {x87_store_x_store_y, x87_load_y_load_x}, first_but_not_second},
    {"x87 eight bytes", 2, {x87_store_eight, x87_load_eight}, torn},
    {"MP+bcd", 2, {bcd_store_x_store_y, load_y_bcd_load_x}, first_but_not_second},
    {"MP+stos lods", 2, {string_store_x_store_y, string_load_y_load_x}, first_but_not_second},
    {"MP+rep", 2, {repeated_store_x_store_y, load_y_repeated_load_x}, first_but_not_second},
    {"MP+odd", 2, {odd_store_x_store_y, odd_load_y_load_x}, first_but_not_second},
    {"lock add", 4, {locked_add_x, locked_add_x, locked_add_x, locked_add_x}, lost_count},
};

// --- running

static struct place places[kPlaces];
static struct outcome outcomes[kPlaces];
static struct {
  _Alignas(kLine) atomic_uint arrived;
  _Alignas(kLine) atomic_uint round;
} barrier;

struct worker {
  const struct test *test;
  unsigned number;
  long runs;
  long forbidden, relaxed;  // counted by the first thread
};

// Waits until all threads are here.
static void meet(unsigned threads) {
  const unsigned round = atomic_load(&barrier.round);
  if (atomic_fetch_add(&barrier.arrived, 1) == threads - 1) {
    atomic_store(&barrier.arrived, 0);
    atomic_store(&barrier.round, round + 1);
    return;
  }
  for (unsigned spins = 1; atomic_load(&barrier.round) == round; ++spins)
    if (spins % 1000 == 0) sched_yield();
}

static void judge(struct worker *w) {
  for (unsigned i = 0; i < kPlaces; ++i) {
    struct outcome *o = &outcomes[i];
    o->x = places[i].x.value[0];
    o->y = places[i].y.value[0];
    o->z = places[i].z.value[0];
    o->more[0] = places[i].x.value[1];
    o->more[1] = places[i].x.value[2];
    memcpy(&o->more[2], (const char *)places[i].x.value + 13, sizeof(int));
    if (w->test->forbidden && w->test->forbidden(o)) ++w->forbidden;
    if (w->test->relaxed && w->test->relaxed(o)) ++w->relaxed;
  }
  memset(places, 0, sizeof places);
  memset(outcomes, 0, sizeof outcomes);
}

// Chooses which locations are in this processor's cache: a store to a line that others have takes long, a load from one
// that is here does not.
static void warm(struct place *p, unsigned choice) {
  if (choice & 1) (void)p->x.value[0];
  if (choice & 2) (void)p->y.value[0];
  if (choice & 4) (void)p->z.value[0];
}

static void *work(void *argument) {
  struct worker *w = argument;
  body *const part = w->test->bodies[w->number];
  unsigned random = 12345 * (w->number + 1);
  for (long run = 0; run < w->runs; run += kPlaces) {
    meet(w->test->threads);
    for (unsigned i = 0; i < kPlaces; ++i) {
      random = random * 1103515245 + 12345;
      warm(&places[i], random >> 16);
      meet(w->test->threads);
      for (volatile unsigned delay = random >> 20 & 63; delay > 0; --delay) {  // begin a little apart
      }
      part(&places[i], outcomes[i].r[w->number]);
    }
    meet(w->test->threads);
    if (w->number == 0) judge(w);
  }
  return NULL;
}

static struct worker run_test(const struct test *test, long runs) {
  struct worker workers[kMostThreads];
  pthread_t ids[kMostThreads];
  for (unsigned i = 0; i < test->threads; ++i) {
    workers[i] = (struct worker){.test = test, .number = i, .runs = runs};
    if (pthread_create(&ids[i], NULL, work, &workers[i]) != 0) {
      perror("litmus: pthread_create");
      exit(2);
    }
  }
  for (unsigned i = 0; i < test->threads; ++i) pthread_join(ids[i], NULL);
  return workers[0];
}

int main(int argc, char **argv) {
  const long runs = argc > 1 ? atol(argv[1]) : 20000;
  int failed = 0;
  printf("%ld processors\n", sysconf(_SC_NPROCESSORS_ONLN));
  for (unsigned i = 0; i < sizeof tests / sizeof *tests; ++i) {
    if (argc > 2 && strcmp(argv[2], tests[i].name) != 0) continue;
    const struct worker done = run_test(&tests[i], runs);
    printf("%-18s %ld runs, ", tests[i].name, runs);
    if (tests[i].forbidden) printf("%ld with the forbidden outcome\n", done.forbidden);
    else printf("%ld with the relaxed outcome, which is allowed\n", done.relaxed);
    fflush(stdout);
    failed |= done.forbidden != 0;
  }
  puts(failed ? "FAILED: x86 forbids what was seen" : "no forbidden outcome");
  return failed;
}
