package dev.banger.host.dns;

/** How a message came, and its answer goes. */
enum Transport {
    UDP,
    TCP
}
