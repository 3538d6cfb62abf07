"""Cases for debian.py in which programs have threads, or several processes that talk to each other. None prints what depends on
time or on the order in which threads run."""
from case import Case

# What a C library does for threads: mutexes of each kind, condition variables, barriers, read-write locks, semaphores, keys
# with destructors, __thread, once, cancellation with clean-up, signals for one thread, stacks of a chosen size.
C_THREADS = r"""
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 8, kTurns = 2000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static sem_t items, cleaned;
static long locked, written, turn;
static volatile unsigned spun;
static atomic_int small, made, destroyed;
static atomic_llong wide = 1ll << 40;
static __thread long own = 7;

static void make_key_value(void *value) { destroyed += *(int *)value; free(value); }
static void first(void) { made++; pthread_key_create(&key, make_key_value); }

static void *work(void *argument) {
  const long number = (long)argument;
  pthread_once(&once, first);
  int *value = malloc(sizeof *value);
  *value = (int)number;
  pthread_setspecific(key, value);
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < kTurns; i++) {
    pthread_mutex_lock(&lock);
    locked++;
    pthread_mutex_unlock(&lock);
    if (i % 16 == 0) {
      pthread_rwlock_wrlock(&shared);
      written++;
      pthread_rwlock_unlock(&shared);
    } else {
      pthread_rwlock_rdlock(&shared);
      own += written >= 0;
      pthread_rwlock_unlock(&shared);
    }
    small++;
    wide += 3;
  }
  // The threads take turns, in order of their numbers.
  pthread_mutex_lock(&lock);
  while (turn != number) pthread_cond_wait(&changed, &lock);
  printf("thread %ld: own %ld, key %d\n", number, own, *(int *)pthread_getspecific(key));
  turn++;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return (void *)(number * number);
}

static void clean(void *text) { printf("cleaned: %s\n", (char *)text); sem_post(&cleaned); }
static void *waits(void *text) {
  pthread_cleanup_push(clean, text);
  for (;;) sem_wait(&items);
  pthread_cleanup_pop(0);
}
static void *spins(void *text) {
#ifdef __GLIBC__
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
#endif
  pthread_cleanup_push(clean, text);
  sem_post(&items);
  for (;;) {
    spun++;
#ifndef __GLIBC__ // musl 1.2.3 overwrites part of the frame that it cancels asynchronously
    pthread_testcancel();
#endif
  }
  pthread_cleanup_pop(0);
}

static volatile sig_atomic_t handled;
static __thread volatile sig_atomic_t handled_here;
static void handler(int signal) { handled += signal == SIGUSR1; handled_here = 1; }
static void *takes_signal(void *unused) {
  while (!handled_here) sched_yield();
  return (void *)(long)handled;
}

static void *deep(void *unused) {
  volatile char much[300000];
  memset((char *)much, 5, sizeof much);
  return (void *)(long)much[sizeof much / 2];
}

static void *forks(void *unused) {
  const pid_t child = fork();
  if (child == 0) _exit(own == 7 ? 3 : 4);
  int status = 0;
  waitpid(child, &status, 0);
  return (void *)(long)WEXITSTATUS(status);
}

int main(void) {
  pthread_t threads[kThreads];
  void *result;
  long sum = 0;
  pthread_barrier_init(&barrier, NULL, kThreads);
  sem_init(&items, 0, 0);
  sem_init(&cleaned, 0, 0);
  for (long i = 0; i < kThreads; i++)
    if (pthread_create(&threads[i], NULL, work, (void *)i) != 0) return 1;
  for (int i = 0; i < kThreads; i++) {
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("sum %ld locked %ld written %ld small %d wide %lld made %d destroyed %d own %ld\n", sum, locked, written, small,
         (long long)wide, made, destroyed, own);

  pthread_create(&threads[0], NULL, waits, "while it waits");
  pthread_cancel(threads[0]);
  pthread_join(threads[0], &result);
  printf("cancelled: %d\n", result == PTHREAD_CANCELED);
  pthread_create(&threads[0], NULL, spins, "in a loop");
  sem_wait(&items);
  pthread_cancel(threads[0]);
  pthread_join(threads[0], &result);
  printf("cancelled: %d\n", result == PTHREAD_CANCELED);

  signal(SIGUSR1, handler);
  pthread_create(&threads[0], NULL, takes_signal, NULL);
  pthread_kill(threads[0], SIGUSR1);
  pthread_join(threads[0], &result);
  printf("handled: %ld, here: %d\n", (long)result, handled_here);

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 512 * 1024);
  pthread_create(&threads[0], &attributes, deep, NULL);
  pthread_join(threads[0], &result);
  printf("deep: %ld\n", (long)result);
  pthread_create(&threads[0], NULL, forks, NULL);
  pthread_join(threads[0], &result);
  printf("child: %ld\n", (long)result);

  pthread_mutexattr_t kind;
  pthread_mutex_t recursive, checked;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&recursive, &kind);
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&checked, &kind);
  int results[4];
  for (int i = 0; i < 4; i++) results[i] = pthread_mutex_lock(i < 2 ? &recursive : &checked);
  printf("recursive %d %d, checked %d %s\n", results[0], results[1], results[2], results[3] == EDEADLK ? "EDEADLK" : "?");
  struct timespec past = {1, 0};
  pthread_mutex_lock(&lock);
  printf("timed %s\n", pthread_cond_timedwait(&changed, &lock, &past) == ETIMEDOUT ? "ETIMEDOUT" : "?");
  fflush(stdout);
  pthread_exit(NULL);
}
"""

CXX_THREADS = r"""
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <mutex>
#include <numeric>
#include <queue>
#include <stdexcept>
#include <thread>
#include <vector>

template <typename T> class Channel {
 public:
  void send(T value) {
    { std::lock_guard guard(lock_); queue_.push(std::move(value)); }
    ready_.notify_one();
  }
  T receive() {
    std::unique_lock guard(lock_);
    ready_.wait(guard, [this] { return !queue_.empty(); });
    T value = std::move(queue_.front());
    queue_.pop();
    return value;
  }
 private:
  std::mutex lock_;
  std::condition_variable ready_;
  std::queue<T> queue_;
};

struct alignas(8) Pair { int left, right; };
std::atomic<Pair> pair{Pair{0, 0}};
std::atomic<long long> total{0};
std::atomic<unsigned char> bytes[4];
thread_local std::vector<int> seen;

int main() {
  Channel<int> numbers, sums;
  std::atomic<size_t> count{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([&, i] {
      int sum = 0;
      for (int value; (value = numbers.receive()) != 0; sum += value) {
        seen.push_back(value);
        total += value;
        bytes[i]++;
        for (Pair old = pair.load(); !pair.compare_exchange_weak(old, Pair{old.left + 1, old.right - value});) {}
      }
      count += seen.size();
      sums.send(sum);
    });
  for (int i = 1; i <= 2000; i++) numbers.send(i);
  for (int i = 0; i < 4; i++) numbers.send(0);
  int sum = 0, changed = 0;
  for (int i = 0; i < 4; i++) sum += sums.receive();
  for (std::thread &each : threads) each.join();
  for (auto &each : bytes) changed += each;
  std::printf("%d %lld %d %d %d %zu\n", sum, total.load(), pair.load().left, pair.load().right, changed % 256, count.load());

  std::vector<std::future<int>> futures;
  for (int i = 0; i < 6; i++)
    futures.push_back(std::async(std::launch::async, [i] {
      if (i == 4) throw std::runtime_error("the fourth");
      std::vector<int> values(1000);
      std::iota(values.begin(), values.end(), i);
      return std::accumulate(values.begin(), values.end(), 0);
    }));
  for (auto &each : futures) try {
    std::printf("%d\n", each.get());
  } catch (const std::exception &error) {
    std::printf("caught: %s\n", error.what());
  }
  std::once_flag flag;
  std::promise<int> promise;
  auto answer = promise.get_future().share();
  std::vector<std::thread> waiting;
  std::atomic<int> answers{0};
  for (int i = 0; i < 3; i++) waiting.emplace_back([&] { answers += answer.get(); });
  for (int i = 0; i < 2; i++) std::call_once(flag, [&] { promise.set_value(42); });
  for (std::thread &each : waiting) each.join();
  std::printf("%d\n", answers.load());
}
"""

PYTHON_THREADING = """
import queue, threading
work, done = queue.Queue(8), queue.Queue()
lock, local, total = threading.RLock(), threading.local(), 0
barrier = threading.Barrier(8)

def worker(number):
    global total
    local.sum = 0
    barrier.wait()
    while (item := work.get()) is not None:
        local.sum += item
        with lock, lock:
            total += item
    done.put((number, local.sum))

threads = [threading.Thread(target=worker, args=(number,), daemon=number % 2 == 0) for number in range(8)]
for each in threads: each.start()
for item in range(400): work.put(item)
for each in threads: work.put(None)
for each in threads: each.join()
results = [done.get() for _ in threads]
print(sorted(number for number, _ in results), sum(part for _, part in results), total, threading.active_count())
event, condition = threading.Event(), threading.Condition()
timer = threading.Timer(0.01, event.set)
timer.start()
print(event.wait(), event.is_set(), threading.Semaphore(2).acquire())
with condition:
    print(condition.wait(0.01))
"""

PYTHON_PROCESSES = """
import concurrent.futures, multiprocessing, os, signal, subprocess, sys
def square(value): return value * value
def fill(shared, pipe):
    with shared.get_lock():
        for i in range(len(shared)): shared[i] += i
    pipe.send(sorted(shared))

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(2, context) as pool:
        print(list(pool.map(square, range(12), chunksize=3)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        print(list(pool.map(lambda text: subprocess.run(["echo", text], capture_output=True, text=True).stdout, "abcd")))
    ours, theirs = context.Pipe()
    shared = context.Array("i", 5)
    for _ in range(2):
        child = context.Process(target=fill, args=(shared, theirs))
        child.start()
        child.join()
        print(child.exitcode, ours.recv())
    sleeper = subprocess.Popen(["sleep", "100"])
    sleeper.send_signal(signal.SIGKILL)
    print(sleeper.wait(), subprocess.run(["sh", "-c", "cat; exit 9"], input=b"to a child\\n", stdout=1).returncode)
"""

PYTHON_ASYNCIO = """
import asyncio, signal, os
async def echo(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()

async def ask(path, text):
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(text.encode() + b"\\n")
    answer = await reader.read()
    writer.close()
    return answer.decode().strip()

async def main():
    server = await asyncio.start_unix_server(echo, "socket")
    print(await asyncio.gather(*(ask("socket", f"client {i}") for i in range(10))))
    server.close()
    print(await asyncio.to_thread(sum, range(1000)))
    process = await asyncio.create_subprocess_exec("sh", "-c", "read line; echo got $line; exit 4", stdin=-1, stdout=-1)
    print(await process.communicate(b"a line\\n"), process.returncode)
    got = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, got.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await got.wait()
    try:
        await asyncio.wait_for(asyncio.sleep(100), 0.02)
    except asyncio.TimeoutError:
        print("too late")

asyncio.run(main())
"""

PYTHON_SQLITE = """
import sqlite3, threading
main = sqlite3.connect("data", timeout=60)
main.execute("pragma journal_mode=wal")
main.execute("create table numbers (thread int, value int, square real)")
main.commit()
def write(thread):
    own = sqlite3.connect("data", timeout=60, isolation_level=None)
    for first in range(0, 60, 20):
        own.execute("begin immediate")
        own.executemany("insert into numbers values (?, ?, ?)", ((thread, i, i * i / 3) for i in range(first, first + 20)))
        own.execute("commit")
    own.close()
threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
for each in threads: each.start()
for each in threads: each.join()
print(main.execute("select thread, count(*), sum(value), round(sum(square), 6) from numbers group by thread").fetchall())
print(main.execute("pragma integrity_check").fetchall())
"""

# Waits by connecting, so that the number of processes does not depend on time.
PYTHON_REDIS = """
import socket, subprocess, time
server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", "socket", "--appendonly", "yes", "--save", "",
                           "--logfile", "log"])
def cli(*words, **options):
    return subprocess.run(["redis-cli", "-s", "socket", *words], capture_output=True, text=True, **options).stdout
while True:
    try:
        with socket.socket(socket.AF_UNIX) as connection: connection.connect("socket")
        break
    except OSError: time.sleep(0.02)
print(cli("ping"), cli("set", "name", "ferry"), cli("get", "name"))
print(subprocess.run(["redis-benchmark", "-s", "socket", "-n", "600", "-c", "10", "-r", "50", "-P", "4", "-q",
                      "incr", "counter"], capture_output=True).returncode, cli("get", "counter"))
print(cli("eval", "local s = 0 for i = 1, 1000 do s = s + i end return {s, redis.call('get', 'name')}", "0"))
print(cli(input="multi\\nlpush list a b c\\nunlink name\\nexec\\nlrange list 0 -1\\nflushall async\\ndbsize\\n"))
cli("shutdown", "nosave")
print(server.wait())
"""

# A shell that passes on more than 4096 bytes to a command's input has a process that writes them.
CASES = {
    "gcc -pthread": Case(f"cat >t.c <<'END'\n{C_THREADS}\nEND\ngcc -O2 -pthread t.c -o t && ./t", 2 + 1 + 5 + 2, ("t",)),
    "musl": Case(f"""cat >t.c <<'END'\n{C_THREADS}\nEND
musl-gcc -O2 -static t.c -o fixed && ./fixed && musl-gcc -O2 t.c -o dynamic && ./dynamic
""", 2 + 1 + 2 * (5 + 2), ("fixed", "dynamic")),
    "g++ -pthread": Case(f"cat >t.cc <<'END'\n{CXX_THREADS}\nEND\ng++ -std=c++20 -pthread t.cc -o t && ./t", 2 + 5 + 1, ("t",)),
    "python3 threading": Case(f"python3 -c '{PYTHON_THREADING}'", 2),
    "python3 processes": Case(f"cat >t.py <<'END'\n{PYTHON_PROCESSES}\nEND\npython3 t.py", 3 + 2 + 4 + 2 + 2),
    "python3 asyncio": Case(f"python3 -c '{PYTHON_ASYNCIO}'", 3),
    "sqlite3 threads": Case(f"""python3 -c '{PYTHON_SQLITE}'
sqlite3 data "pragma integrity_check; select count(*), max(square) from numbers; create index by_value on numbers (value);
  explain query plan select * from numbers where value = 7; select sum(thread) from numbers where value = 7;"
""", 3),
    "redis": Case(f"cat >t.py <<'END'\n{PYTHON_REDIS}\nEND\npython3 t.py", 4 + 7 + 1),
    "xz -T2": Case("""
head -c 1500000 /usr/bin/git >data
xz -T2 -0 --block-size=400KiB <data >data.xz && xz --list data.xz | tail -n 1 && xz -dc -T2 data.xz | cmp - data
""", 7, ("data.xz",)),
    "zstd -T2": Case("""
cat /usr/bin/git >data
zstd -q -T2 -B1048576 -3 data -o data.zst && zstd -q -d data.zst -o again && cmp again data && zstd -q -t data.zst
""", 6, ("data.zst",)),
    "git gc and clone": Case("""
git init -q -b main one && cd one
for i in 1 2 3; do
  for each in a b c d; do echo "file $each in turn $i" >>$each; done
  git add . && git commit -q -m "turn $i"
done
git gc -q && git fsck && ls .git/objects/pack | wc -l && cd .. &&
git clone -q --no-local one two && cd two && git log --format=%H && git grep -c turn && git fsck --full && git status --short
""", 33),
    "bash": Case(r"""
cat >t.sh <<'END'
coproc worker { while read -r line; do echo "<$line>"; done; }; pid=$worker_PID
for i in 1 2 3; do echo "line $i" >&"${worker[1]}"; read -r answer <&"${worker[0]}"; echo "$answer"; done
exec {worker[1]}>&-; wait "$pid"; echo "coproc $?"
for i in {1..8}; do (exit $i) & jobs+=($!); done; sum=0
for job in "${jobs[@]}"; do wait "$job"; sum=$((sum + $?)); done; echo "sum $sum"
trap 'echo "usr1"' USR1; (kill -USR1 $$); trap 'echo "bye $?"' EXIT
diff <(printf '%s\n' {a..e}) <(printf '%s\n' a b x d e)
set -o pipefail; false | true; echo "pipefail $?"; shopt -s lastpipe; echo value | read -r got; echo "$got"
declare -A table=([one]=1 [two]=2); for each in one two; do echo "$each ${table[$each]}"; done
[[ "2026-11-29" =~ ^([0-9]+)-([0-9]+) ]] && echo "${BASH_REMATCH[2]}"; exit 5
END
bash t.sh; echo $?""", 3 + 1 + 8 + 1 + 3 + 2 + 1),
}
