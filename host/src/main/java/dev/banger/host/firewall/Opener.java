package dev.banger.host.firewall;

import java.util.function.Supplier;

/** Opens what sees a network namespace from then on, such as a socket, in the namespace whose rules are meant. */
@FunctionalInterface
public interface Opener {
    <T> T open(Supplier<T> opening);
}
