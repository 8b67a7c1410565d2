package dev.banger.testkit;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.network.Firewall;
import dev.banger.network.HomeId;
import dev.banger.network.Rules;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Rules in memory. Not thread-safe, as the real ones. */
public final class FakeFirewall implements Firewall {
    /** Whether changes fail. */
    public boolean failing;
    /** What {@link #obstacles} answers. */
    public final List<String> obstacles = new ArrayList<>();

    private Optional<Rules> there = Optional.empty();

    /** What is there; empty when nothing is. */
    public Optional<Rules> there() {
        return there;
    }

    /** Somebody else removes all. */
    public void flush() {
        there = Optional.empty();
    }

    private static Optional<Rules> wanted(Rules rules) {
        return rules.ports().isEmpty() ? Optional.empty() : Optional.of(rules);
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public boolean apply(Rules rules) {
        if (holds(rules)) {
            return false;
        }
        fail();
        there = wanted(rules);
        return true;
    }

    private void fail() {
        if (failing) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "the firewall refuses");
        }
    }

    @Override
    public boolean holds(Rules rules) {
        return there.equals(wanted(rules));
    }

    @Override
    public void remove(HomeId home) {
        fail();
        there = Optional.empty();
    }

    @Override
    public Map<String, Long> denied(HomeId home) {
        return Map.of();
    }

    @Override
    public List<String> obstacles(Rules rules) {
        return List.copyOf(obstacles);
    }
}
