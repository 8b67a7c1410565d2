#ifndef BANGER_FUZZ_H
#define BANGER_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* False where the tar reader wrote outside its target, or the run could not be set up. */
bool fuzz_run(const char *work, unsigned rounds, uint64_t seed);

#endif
