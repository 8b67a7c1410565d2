# The client's tests; ../Makefile includes this and builds $(OUT)/banger, the client they run.
# They run twice: the program that ships, and the same sources under AddressSanitizer and UBSan.
CLIENT_SOURCES := $(wildcard client/*.c) frames.c
CLIENT_HEADERS := client/client.h frames.h
CLIENT_TEST_CFLAGS := -std=c17 -O1 -g -Wall -Wextra -Werror -Wconversion -Wshadow

$(OUT)/test-client: $(wildcard client/tests/*.c) client/tests/harness.h frames.c frames.h client/client.mk
	@mkdir -p $(@D)
	$(CC) $(CLIENT_TEST_CFLAGS) -o $@ $(filter %.c,$^)

$(OUT)/banger-sanitized: $(CLIENT_SOURCES) $(CLIENT_HEADERS) client/client.mk
	@mkdir -p $(@D)
	$(CC) $(CLIENT_TEST_CFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ $(filter %.c,$^)

.PHONY: test-client
test-client: $(OUT)/banger $(OUT)/test-client $(OUT)/banger-sanitized
	$(OUT)/test-client client $(OUT)/banger
	$(OUT)/test-client client-sanitized $(OUT)/banger-sanitized
