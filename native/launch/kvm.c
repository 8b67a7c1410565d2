#include "launch.h"

#if defined(__x86_64__)
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The guest's memory, by its physical addresses: three levels of page tables that map the first 2 MiB to itself, then code. */
#define MEMORY 0x10000u
#define PML4 0x1000u
#define PDPT 0x2000u
#define DIRECTORY 0x3000u
#define CODE 0x4000u
#define DATA 0x5000u
#define PRESENT_WRITABLE 0x3u
#define LARGE_PAGE 0x80u

#define PORT 0xf4
#define ANSWER 0x2a

/*
 * 64-bit code that adds 21 to 21 in an SSE register. A KVM that runs guests on the CPU does not notice; one that takes
 * an ordinary guest's instructions apart one by one (that of a paravirtual host) does not know this one.
 */
static const uint8_t code[] = {
    0xf3, 0x0f, 0x7e, 0x04, 0x25, 0x00, 0x50, 0x00, 0x00, /* movq DATA, %xmm0 */
    0x66, 0x0f, 0xd4, 0xc0,                               /* paddq %xmm0, %xmm0 */
    0x66, 0x0f, 0x7e, 0xc0,                               /* movd %xmm0, %eax */
    0xe6, PORT,                                           /* out %al, $PORT */
    0xf4,                                                 /* hlt */
};

static int kvm_call(int fd, const char *name, unsigned long request, uintptr_t argument)
{
    const int result = ioctl(fd, request, argument);
    if (result < 0) {
        give_up("KVM refuses", name, errno);
    }
    return result;
}
#define CALL(fd, request, argument) kvm_call(fd, #request, request, (uintptr_t) (argument))

static uint8_t *guest_memory(void)
{
    static const uint64_t tables[][2] = {
        {PML4, PDPT | PRESENT_WRITABLE}, {PDPT, DIRECTORY | PRESENT_WRITABLE}, {DIRECTORY, PRESENT_WRITABLE | LARGE_PAGE}};
    static const uint64_t number = ANSWER / 2;
    uint8_t *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        give_up("cannot map memory", "", errno);
    }
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        memcpy(memory + tables[i][0], &tables[i][1], sizeof tables[i][1]);
    }
    memcpy(memory + CODE, code, sizeof code);
    memcpy(memory + DATA, &number, sizeof number);
    return memory;
}

/* Intel SDM volume 3, 4.5 and 5.8.1: what the registers say in 64-bit mode. */
static void enter_64_bit_mode(int vcpu)
{
    struct kvm_sregs special;
    const struct kvm_segment data = {
        .base = 0, .limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1};
    struct kvm_segment text = data;
    text.selector = 8;
    text.type = 11;
    text.db = 0;
    text.l = 1;
    CALL(vcpu, KVM_GET_SREGS, &special);
    special.cs = text;
    special.ds = special.es = special.fs = special.gs = special.ss = data;
    special.cr0 = 0x80000033; /* PG, NE, ET, MP, PE */
    special.cr3 = PML4;
    special.cr4 = 0x620;  /* OSXMMEXCPT, OSFXSR, PAE */
    special.efer = 0x500; /* LMA, LME */
    CALL(vcpu, KVM_SET_SREGS, &special);
    const struct kvm_regs registers = {.rip = CODE, .rflags = 2};
    CALL(vcpu, KVM_SET_REGS, &registers);
}

static void enable_all_of_the_cpu(int kvm, int vcpu)
{
    enum { ENTRIES = 256 };
    struct kvm_cpuid2 *features = calloc(1, sizeof *features + ENTRIES * sizeof features->entries[0]);
    if (features == NULL) {
        give_up("cannot allocate memory", "", errno);
    }
    features->nent = ENTRIES;
    CALL(kvm, KVM_GET_SUPPORTED_CPUID, features);
    CALL(vcpu, KVM_SET_CPUID2, features);
    free(features);
}

int print_whether_kvm_works(void)
{
    const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        give_up("cannot open", "/dev/kvm", errno);
    }
    const int machine = CALL(kvm, KVM_CREATE_VM, 0);
    const struct kvm_userspace_memory_region region = {
        .slot = 0, .guest_phys_addr = 0, .memory_size = MEMORY, .userspace_addr = (uintptr_t) guest_memory()};
    CALL(machine, KVM_SET_USER_MEMORY_REGION, &region);
    const int vcpu = CALL(machine, KVM_CREATE_VCPU, 0);
    const size_t size = (size_t) CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    const struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (run == MAP_FAILED) {
        give_up("cannot map KVM's answers", "", errno);
    }
    enable_all_of_the_cpu(kvm, vcpu);
    enter_64_bit_mode(vcpu);
    while (ioctl(vcpu, KVM_RUN, 0) != 0) {
        if (errno != EINTR) {
            give_up("KVM cannot run a guest", "", errno);
        }
    }
    char what[80];
    if (run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_OUT && run->io.port == PORT) {
        const uint8_t answer = *((const uint8_t *) run + run->io.data_offset);
        if (answer == ANSWER) {
            return printf("works\n") > 0 ? 0 : EXIT_SETUP;
        }
        (void) snprintf(what, sizeof what, "21 and 21 is %u in it", answer);
    } else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) {
        (void) snprintf(what, sizeof what, "KVM does not run its 64-bit code on the CPU (internal error %u)", run->internal.suberror);
    } else {
        (void) snprintf(what, sizeof what, "it ended for KVM's reason %u", run->exit_reason);
    }
    give_up(what, "", 0);
}
#else
int print_whether_kvm_works(void)
{
    give_up("there is no test guest for this machine's processor", "", 0);
}
#endif
