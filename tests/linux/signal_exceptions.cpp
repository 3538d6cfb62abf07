// C++ exceptions thrown by signal handlers through the signal's frame: for a fault, and for a
// signal that a thread sends to itself.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct Guard {
  const char* name;
  ~Guard() { printf("unwound %s\n", name); }
};

static void handler(int signal, siginfo_t*, void*) {
  throw signal;
}

__attribute__((noinline)) static int touch(volatile int* address) {
  Guard guard{"touch"};
  return *address;
}
// By hand: libc's functions are declared not to throw.
__attribute__((noinline)) static void send() {
  Guard guard{"send"};
  int result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "0"(SYS_tgkill), "b"(getpid()), "c"(syscall(SYS_gettid)), "d"(SIGUSR1)
                   : "memory");
}

static void* run(void*) {
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGSEGV);
  sigaddset(&both, SIGUSR1);
  for (int i = 0; i < 3; ++i) {
    try {
      touch(reinterpret_cast<int*>(0x10));
    } catch (int signal) {
      printf("caught %d\n", signal);
    }
    try {
      send();
    } catch (int signal) {
      printf("caught %d\n", signal);
    }
    pthread_sigmask(SIG_UNBLOCK, &both, nullptr);
  }
  return nullptr;
}

int main() {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGUSR1, &action, nullptr);
  run(nullptr);
  pthread_t thread;
  pthread_create(&thread, nullptr, run, nullptr);
  pthread_join(thread, nullptr);
  return 0;
}
