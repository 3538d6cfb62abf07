// fork, vfork, posix_spawn, exec, descriptors across exec, limits, environment. With arguments, the program is one that the test
// itself executes: argv[1] says which part.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int child_part(int argc, char **argv) {
  printf("child argc %d argv0 %s argv2 %s FERRY %d LD %s\n", argc, argv[0], argc > 2 ? argv[2] : "-",
         getenv("FERRY_RUNNER") != NULL || getenv("FERRY_STATE") != NULL, getenv("LD_SOMETHING") ? getenv("LD_SOMETHING") : "-");
  printf("fd 7 %d fd 8 %d\n", fcntl(7, F_GETFD) >= 0, fcntl(8, F_GETFD) >= 0);
  struct sigaction action;
  sigaction(SIGUSR1, NULL, &action);
  printf("usr1 default %d", action.sa_handler == SIG_DFL);
  sigaction(SIGUSR2, NULL, &action);
  printf(" usr2 ignored %d", action.sa_handler == SIG_IGN);
  sigaction(SIGSEGV, NULL, &action);
  printf(" segv ignored %d", action.sa_handler == SIG_IGN);
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  printf(" blocked hup %d segv %d\n", sigismember(&set, SIGHUP), sigismember(&set, SIGSEGV));
  struct rlimit limit;
  getrlimit(RLIMIT_DATA, &limit);
  printf("data limit %lu\n", (unsigned long)limit.rlim_cur);
  return 9;
}

static void handler(int sig) { (void)sig; }

static int status_of(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void try_exec(const char *path) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    execl(path, path, NULL);
    _exit(errno);
  }
  printf("exec %s: %d\n", strrchr(path, '/'), status_of(child));
}

static void make_file(const char *path, const char *text, size_t size, int mode) {
  int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
  (void)!write(fd, text, size);
  close(fd);
  chmod(path, mode);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc > 1 && strcmp(argv[1], "child") == 0) return child_part(argc, argv);
  if (argc > 1) {
    printf("script run:");
    for (int i = 1; i < argc; ++i) printf(" [%s]", strrchr(argv[i], '/') ? strrchr(argv[i], '/') : argv[i]);
    // The process must have the script's name, not its interpreter's: killall looks for that.
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    printf(" named %s %s\n", name, strrchr((const char *)getauxval(AT_EXECFN), '/'));
    return 3;
  }
  char self[512], directory[512], path[600], text[800];
  self[readlink("/proc/self/exe", self, sizeof self - 1)] = '\0';
  if (getcwd(directory, sizeof directory) == NULL) return 1;
  printf("exe %d\n", strrchr(self, '/') != NULL);

  volatile int shared = 0;
  pid_t child = vfork();
  if (child == 0) {
    shared = 1;
    _exit(4);
  }
  printf("vfork status %d\n", status_of(child));
  // `shared` is not looked at: it stays 0 under an emulator that makes a fork of vfork.

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, 1, 7);
  char *arguments[] = {"spawned", "child", "x", NULL};
  fflush(stdout);
  int result = posix_spawn(&child, self, &actions, NULL, arguments, environ);
  printf("posix_spawn %d status %d\n", result, result == 0 ? status_of(child) : -1);

  fflush(stdout);
  child = fork();
  if (child == 0) {
    dup2(1, 7);
    dup2(1, 8);
    fcntl(8, F_SETFD, FD_CLOEXEC);
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGSEGV, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct rlimit limit = {100000000, 200000000};
    setrlimit(RLIMIT_DATA, &limit);
    char *strange[] = {"", "child", "a b  c", NULL};
    char *environment[] = {"LD_SOMETHING=kept", "FERRY_X=1", NULL};
    execve(self, strange, environment);
    _exit(1);
  }
  printf("exec status %d\n", status_of(child));

  snprintf(path, sizeof path, "%s/script", directory);
  snprintf(text, sizeof text, "#! %s  one two \n", self);
  make_file(path, text, strlen(text), 0755);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    execl(path, "ignored", "last", NULL);
    _exit(1);
  }
  printf("script status %d\n", status_of(child));

  snprintf(path, sizeof path, "%s/missing", directory);
  try_exec(path);
  snprintf(path, sizeof path, "%s/noexec", directory);
  make_file(path, "hello", 5, 0644);
  try_exec(path);
  snprintf(path, sizeof path, "%s/text", directory);
  make_file(path, "hello", 5, 0755);
  try_exec(path);
  snprintf(path, sizeof path, "%s/cut", directory);
  make_file(path, "\177ELF\1\1\1", 7, 0755);
  try_exec(path);
  snprintf(path, sizeof path, "%s/badscript", directory);
  make_file(path, "#!/nonexistent/interpreter\n", 27, 0755);
  try_exec(path);
  snprintf(path, sizeof path, "%s/loop", directory);
  snprintf(text, sizeof text, "#!%s\n", path);
  make_file(path, text, strlen(text), 0755);
  try_exec(path);
  try_exec("/tmp");

  struct utsname name;
  uname(&name);
  printf("sysname %s\n", name.sysname);
  return 0;
}
