// What the programs of strace_test.py share. They make system calls with syscall(2), so that the calls under ferry and on
// the kernel are the same, with buffers at fixed addresses. What is compared begins after the call begin() makes.
#pragma once

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BAD ((void*)0xfffff000)  // memory that no program has
#define call(...) syscall(__VA_ARGS__)

/// A SIGCHLD would end calls of the kernel's run at times, and not those under ferry, which hears of none.
static void block_child_signal(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

/// The first call that is compared.
static void begin(void) { write(-1, "begin", 5); }
