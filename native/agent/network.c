#include "agent.h"

#include <dirent.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <errno.h>

/* netdevice(7) and rtnetlink's older ioctls: enough for one address and one route, and no message parsing. */

static struct ifreq request_for(const char *interface)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    (void) snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
    return request;
}

static bool set_flags(int fd, const char *interface, bool up)
{
    struct ifreq request = request_for(interface);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
        return false;
    }
    const int flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
    request.ifr_flags = (short) flags;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

static bool with_socket(bool (*work)(int, const char *, const void *), const char *interface, const void *argument)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    const bool ok = work(fd, interface, argument);
    const int error = errno;
    (void) close(fd);
    errno = error;
    return ok;
}

static bool up(int fd, const char *interface, const void *unused)
{
    (void) unused;
    return set_flags(fd, interface, true);
}

bool network_loopback(void)
{
    return with_socket(up, "lo", NULL);
}

static unsigned index_of(const char *interface)
{
    char path[MAX_PATH];
    char text[32];
    uint32_t index;
    (void) snprintf(path, sizeof path, "/sys/class/net/%s/ifindex", interface);
    if (read_file(path, text, sizeof text) < 0) {
        return UINT32_MAX;
    }
    text[strcspn(text, "\n")] = 0;
    return parse_u32(text, &index) ? index : UINT32_MAX;
}

bool network_interface(char name[16])
{
    DIR *interfaces = opendir("/sys/class/net");
    if (interfaces == NULL) {
        return false;
    }
    unsigned best = UINT32_MAX;
    for (const struct dirent *entry; (entry = readdir(interfaces)) != NULL;) {
        char path[MAX_PATH];
        char driver[256];
        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= 16) {
            continue;
        }
        (void) snprintf(path, sizeof path, "/sys/class/net/%s/device/driver", entry->d_name);
        const ssize_t length = readlink(path, driver, sizeof driver - 1);
        if (length <= 0) {
            continue; /* lo, bridges and tunnels have no device */
        }
        driver[length] = 0;
        const char *slash = strrchr(driver, '/');
        const unsigned index = index_of(entry->d_name);
        if (slash != NULL && strcmp(slash, "/virtio_net") == 0 && index < best) {
            best = index;
            memcpy(name, entry->d_name, strlen(entry->d_name) + 1);
        }
    }
    (void) closedir(interfaces);
    return best != UINT32_MAX;
}

static bool mac(int fd, const char *interface, const void *argument)
{
    struct ifreq request = request_for(interface);
    if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
        return false;
    }
    if (memcmp(request.ifr_hwaddr.sa_data, argument, 6) == 0) {
        return true;
    }
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(request.ifr_hwaddr.sa_data, argument, 6);
    return set_flags(fd, interface, false) && ioctl(fd, SIOCSIFHWADDR, &request) == 0;
}

bool network_set_mac(const char *interface, const uint8_t address[6])
{
    return with_socket(mac, interface, address);
}

static bool set_inet(int fd, const char *interface, unsigned long what, uint32_t value)
{
    struct ifreq request = request_for(interface);
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = value;
    memcpy(&request.ifr_addr, &address, sizeof address);
    return ioctl(fd, what, &request) == 0;
}

static bool address_and_mask(int fd, const char *interface, const void *argument)
{
    const uint32_t *pair = argument;
    return set_inet(fd, interface, SIOCSIFADDR, pair[0]) && set_inet(fd, interface, SIOCSIFNETMASK, pair[1])
        && set_flags(fd, interface, true);
}

bool network_set_address(const char *interface, uint32_t address, uint32_t mask)
{
    const uint32_t pair[2] = {address, mask};
    return with_socket(address_and_mask, interface, pair);
}

static void inet(struct sockaddr *out, uint32_t value)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = value;
    memcpy(out, &address, sizeof address);
}

static bool gateway_route(int fd, const char *interface, const void *argument)
{
    const uint32_t *gateway = argument;
    char device[16];
    struct rtentry route;
    memset(&route, 0, sizeof route);
    inet(&route.rt_dst, 0);
    inet(&route.rt_genmask, 0);
    inet(&route.rt_gateway, 0);
    /* An identity that comes again replaces the route: every default route of before goes first. */
    for (int i = 0; i < 8 && ioctl(fd, SIOCDELRT, &route) == 0; i++) {
    }
    inet(&route.rt_gateway, *gateway);
    (void) snprintf(device, sizeof device, "%s", interface);
    route.rt_dev = device;
    route.rt_flags = RTF_UP | RTF_GATEWAY;
    return ioctl(fd, SIOCADDRT, &route) == 0;
}

bool network_set_gateway(const char *interface, uint32_t gateway)
{
    return with_socket(gateway_route, interface, &gateway);
}

static bool announcement(int fd, const char *interface, const void *argument)
{
    struct ifreq request = request_for(interface);
    struct sockaddr_ll everyone;
    struct ether_arp arp;
    memset(&everyone, 0, sizeof everyone);
    memset(&arp, 0, sizeof arp);
    if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
        return false;
    }
    memcpy(arp.arp_sha, request.ifr_hwaddr.sa_data, sizeof arp.arp_sha);
    if (ioctl(fd, SIOCGIFINDEX, &request) != 0) {
        return false;
    }
    everyone.sll_family = AF_PACKET;
    everyone.sll_protocol = htons(ETH_P_ARP);
    everyone.sll_ifindex = request.ifr_ifindex;
    everyone.sll_halen = sizeof arp.arp_sha;
    memset(everyone.sll_addr, 0xff, sizeof arp.arp_sha);
    arp.arp_hrd = htons(ARPHRD_ETHER);
    arp.arp_pro = htons(ETH_P_IP);
    arp.arp_hln = sizeof arp.arp_sha;
    arp.arp_pln = sizeof arp.arp_spa;
    arp.arp_op = htons(ARPOP_REQUEST);
    memcpy(arp.arp_spa, argument, sizeof arp.arp_spa);
    memcpy(arp.arp_tpa, argument, sizeof arp.arp_tpa);
    return sendto(fd, &arp, sizeof arp, 0, (const struct sockaddr *) &everyone, sizeof everyone) == (ssize_t) sizeof arp;
}

/* An announcement as RFC 5227 has it: a request for our own address. */
bool network_announce(const char *interface, uint32_t address)
{
    const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    const bool ok = announcement(fd, interface, &address);
    const int error = errno;
    (void) close(fd);
    errno = error;
    return ok;
}
