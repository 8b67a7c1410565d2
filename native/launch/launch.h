#ifndef BANGER_LAUNCH_H
#define BANGER_LAUNCH_H

enum { EXIT_SETUP = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* Says on standard error what went wrong, and ends. `error` is an errno or 0. */
void give_up(const char *what, const char *name, int error) __attribute__((noreturn));

/* ---- kvm.c ---- */
/* Runs a guest of a few instructions; prints "works", or gives up with the reason. May hang: the caller bounds its time. */
int print_whether_kvm_works(void);

#endif
