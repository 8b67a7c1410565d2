#include "agent.h"

#include <arpa/inet.h>
#include <string.h>

bool parse_u32(const char *text, uint32_t *value)
{
    uint64_t sum = 0;
    if (*text == 0) {
        return false;
    }
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        sum = sum * 10 + (uint64_t) (*text - '0');
        if (sum > UINT32_MAX) {
            return false;
        }
    }
    *value = (uint32_t) sum;
    return true;
}

/* The next `separator`-separated part of [*at, end): false when none is left. An empty part counts. */
static bool next_part(const char **at, const char *end, char separator, const char **part, size_t *length)
{
    if (*at == NULL) {
        return false;
    }
    const char *stop = memchr(*at, separator, (size_t) (end - *at));
    *part = *at;
    *length = (size_t) ((stop != NULL ? stop : end) - *at);
    *at = stop != NULL ? stop + 1 : NULL;
    return true;
}

static bool copy_part(const char *part, size_t length, char *out, size_t capacity)
{
    if (length >= capacity) {
        return false;
    }
    memcpy(out, part, length);
    out[length] = 0;
    return true;
}

static bool number_part(const char *part, size_t length, uint32_t *value)
{
    char digits[16];
    return copy_part(part, length, digits, sizeof digits) && parse_u32(digits, value);
}

bool passwd_find(const char *passwd, const char *user, struct account *account)
{
    uint32_t wanted = 0;
    const bool numeric = parse_u32(user, &wanted);
    const char *end = passwd + strlen(passwd);
    const char *at = passwd;
    const char *line;
    size_t line_length;
    while (next_part(&at, end, '\n', &line, &line_length)) {
        const char *field[7];
        size_t length[7];
        const char *rest = line;
        size_t count = 0;
        while (count < 7 && next_part(&rest, line + line_length, ':', &field[count], &length[count])) {
            count++;
        }
        uint32_t uid;
        uint32_t gid;
        if (count < 7 || !number_part(field[2], length[2], &uid) || !number_part(field[3], length[3], &gid)) {
            continue;
        }
        const bool named = length[0] == strlen(user) && memcmp(field[0], user, length[0]) == 0;
        if (!named && !(numeric && uid == wanted)) {
            continue;
        }
        account->uid = uid;
        account->gid = gid;
        if (copy_part(field[0], length[0], account->name, sizeof account->name)
            && copy_part(field[5], length[5], account->home, sizeof account->home)
            && copy_part(field[6], length[6], account->shell, sizeof account->shell)) {
            return true;
        }
    }
    return false;
}

size_t group_list(const char *group, const char *name, gid_t primary, gid_t *out, size_t capacity)
{
    size_t count = 0;
    out[count++] = primary;
    const size_t name_length = strlen(name);
    const char *end = group + strlen(group);
    const char *at = group;
    const char *line;
    size_t line_length;
    while (count < capacity && next_part(&at, end, '\n', &line, &line_length)) {
        const char *field[4];
        size_t length[4];
        const char *rest = line;
        size_t fields = 0;
        while (fields < 4 && next_part(&rest, line + line_length, ':', &field[fields], &length[fields])) {
            fields++;
        }
        uint32_t gid;
        if (fields < 4 || !number_part(field[2], length[2], &gid) || gid == primary) {
            continue;
        }
        const char *members = field[3];
        const char *member;
        size_t member_length;
        while (next_part(&members, field[3] + length[3], ',', &member, &member_length)) {
            if (member_length == name_length && memcmp(member, name, name_length) == 0) {
                out[count++] = gid;
                break;
            }
        }
    }
    return count;
}

bool parse_cidr(const char *text, uint32_t *address, uint32_t *mask)
{
    char dotted[16];
    const char *slash = strchr(text, '/');
    uint32_t bits = 32;
    struct in_addr parsed;
    const size_t length = slash != NULL ? (size_t) (slash - text) : strlen(text);
    if (!copy_part(text, length, dotted, sizeof dotted) || inet_pton(AF_INET, dotted, &parsed) != 1) {
        return false;
    }
    if (slash != NULL && (!parse_u32(slash + 1, &bits) || bits > 32)) {
        return false;
    }
    *address = parsed.s_addr;
    *mask = bits == 0 ? 0 : htonl(UINT32_MAX << (32 - bits));
    return true;
}

static int hex(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

bool parse_mac(const char *text, uint8_t mac[6])
{
    if (strlen(text) != 17) {
        return false;
    }
    for (size_t i = 0; i < 6; i++) {
        const int high = hex(text[i * 3]);
        const int low = hex(text[i * 3 + 1]);
        if (high < 0 || low < 0 || (i < 5 && text[i * 3 + 2] != ':')) {
            return false;
        }
        mac[i] = (uint8_t) (high << 4 | low);
    }
    return (mac[0] & 1) == 0;
}

bool valid_hostname(const char *text)
{
    const size_t length = strlen(text);
    if (length == 0 || length > 64 || text[0] == '-' || text[0] == '.') {
        return false;
    }
    for (; *text != 0; text++) {
        const char c = *text;
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) {
            return false;
        }
    }
    return true;
}

bool valid_line(const char *text)
{
    if (*text == 0) {
        return false;
    }
    for (; *text != 0; text++) {
        const unsigned char c = (unsigned char) *text;
        if ((c < 32 && c != '\t') || c == 127) {
            return false;
        }
    }
    return true;
}

bool valid_machine_id(const char *text)
{
    bool zero = true;
    for (size_t i = 0; i < 32; i++) {
        const int digit = text[i] >= 'A' && text[i] <= 'F' ? -1 : hex(text[i]);
        if (digit < 0) {
            return false;
        }
        zero = zero && digit == 0;
    }
    return text[32] == 0 && !zero; /* machine-id(5): not all zero */
}

static bool append(char *out, size_t capacity, size_t *length, const char *text, size_t count)
{
    if (count >= capacity - *length) {
        return false;
    }
    memcpy(out + *length, text, count);
    *length += count;
    out[*length] = 0;
    return true;
}

static bool append_text(char *out, size_t capacity, size_t *length, const char *text)
{
    return append(out, capacity, length, text, strlen(text));
}

static bool loopback_line(const char *line, size_t length)
{
    static const char *const ours[] = {"127.", "::1"};
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (length >= strlen(ours[i]) && memcmp(line, ours[i], strlen(ours[i])) == 0) {
            return true;
        }
    }
    return false;
}

bool hosts_text(const char *name, const char *old, char *out, size_t capacity)
{
    size_t length = 0;
    if (!append_text(out, capacity, &length, "127.0.0.1\tlocalhost\n127.0.1.1\t")
        || !append_text(out, capacity, &length, name) || !append_text(out, capacity, &length, " ")
        || !append_text(out, capacity, &length, name)
        || !append_text(out, capacity, &length, ".vm\n::1\tlocalhost ip6-localhost ip6-loopback\n")) {
        return false;
    }
    const char *end = old + strlen(old);
    const char *at = old;
    const char *line;
    size_t line_length;
    while (next_part(&at, end, '\n', &line, &line_length)) {
        if (line_length == 0 || loopback_line(line, line_length)) {
            continue;
        }
        if (!append(out, capacity, &length, line, line_length) || !append_text(out, capacity, &length, "\n")) {
            return false;
        }
    }
    return true;
}

bool module_line(const char *line, char *path, size_t capacity, const char **parameters)
{
    while (*line == ' ' || *line == '\t') {
        line++;
    }
    const size_t length = strcspn(line, " \t");
    if (length == 0 || *line == '#' || !copy_part(line, length, path, capacity)) {
        return false;
    }
    *parameters = line + length + strspn(line + length, " \t");
    return true;
}

bool cmdline_value(const char *cmdline, const char *key, char *out, size_t capacity)
{
    const size_t length = strlen(key);
    for (const char *at = cmdline; *at != 0;) {
        const size_t word = strcspn(at, " \t\n");
        if (word > length && memcmp(at, key, length) == 0 && at[length] == '=') {
            return copy_part(at + length + 1, word - length - 1, out, capacity);
        }
        at += word;
        at += strspn(at, " \t\n");
    }
    return false;
}

int list_index(const char *list, const char *word)
{
    const size_t length = strlen(word);
    int index = 0;
    for (const char *at = list; *at != 0; index++) {
        const size_t part = strcspn(at, ",");
        if (part == length && memcmp(at, word, length) == 0) {
            return index;
        }
        at += part;
        at += *at == ',' ? 1 : 0;
    }
    return -1;
}

void virtio_mmio_parameters(const char *cmdline, char *out, size_t capacity)
{
    static const char key[] = "virtio_mmio.device=";
    const size_t prefix = strlen("virtio_mmio.");
    size_t length = 0;
    out[0] = 0;
    for (const char *at = cmdline; *at != 0;) {
        const size_t word = strcspn(at, " \t\n");
        if (word > sizeof key - 1 && memcmp(at, key, sizeof key - 1) == 0) {
            const size_t before = length;
            if ((length > 0 && !append_text(out, capacity, &length, " "))
                || !append(out, capacity, &length, at + prefix, word - prefix)) {
                out[before] = 0;
                return;
            }
        }
        at += word;
        at += strspn(at, " \t\n");
    }
}
