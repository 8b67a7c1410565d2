package dev.banger.network;

/**
 * A tap device.
 *
 * @param ifindex the kernel's number of the link: another link of the same name has another one
 */
public record Tap(String name, int ifindex) {
    public Tap {
        if (!name.matches("[A-Za-z0-9_-]{1,15}")) {
            throw new IllegalArgumentException("no name for a link: " + name);
        }
    }
}
