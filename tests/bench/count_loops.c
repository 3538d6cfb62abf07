/* count_loops THREADS LOOPS [COMMAND...]: THREADS threads each run LOOPS turns of a loop of three instructions. Then a child
 * executes COMMAND, if there is one. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static long loops;

static void* run(void* unused) {
  long left = loops;
  __asm__ volatile(
      ".set push\n.set noreorder\n"
      "1: daddiu %0, %0, -1\n"
      "   bgtz %0, 1b\n"
      "   nop\n"
      ".set pop"
      : "+r"(left));
  return unused;
}

int main(int argc, char** argv) {
  pthread_t threads[64];
  const int count = atoi(argv[1]);
  loops = atol(argv[2]);
  for (int i = 0; i < count; ++i) pthread_create(&threads[i], NULL, run, NULL);
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  if (argc == 3) return 0;
  if (fork() == 0) {
    execvp(argv[3], argv + 3);
    _exit(127);
  }
  int status = 1;
  wait(&status);
  return status != 0;
}
