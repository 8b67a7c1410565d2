package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The shipped {@code banger} with an environment of its own. Immutable.
 *
 * @param prefix words before the program, such as those that change the user
 * @param tree the installed or built tree
 */
record Banger(List<String> prefix, Path tree, Map<String, String> environment) {
    /** The tree under test. */
    static final Path TREE =
            Path.of(System.getProperty("banger.tree")).toAbsolutePath().normalize();

    /** Whoever runs the tests may ignore signals (nohup, a background job), which the client would keep to. */
    private static final List<String> SIGNALS = List.of("env", "--default-signal=HUP,INT,QUIT,TERM,USR1,USR2");

    static Banger in(Path home) {
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.keySet().removeIf(name -> name.startsWith("XDG_"));
        environment.put("BANGER_HOME", home.toString());
        environment.put("LC_ALL", "C.UTF-8");
        environment.put("TERM", "dumb");
        // Nothing happens in the background but in tests of just that.
        environment.put("BANGER_TEMPLATES", "manual");
        environment.put("BANGER_POOL_SIZE", "0");
        environment.put("BANGER_DNS_PORT", "0"); // the one port of the host, which a daemon of its user may have
        return new Banger(SIGNALS, TREE, environment);
    }

    /** In a network namespace of that name: a daemon that it starts is in it, too. */
    Banger inNamespace(String name) {
        List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", name));
        inside.addAll(prefix);
        return new Banger(inside, tree, environment);
    }

    /** Below further words, behind those there are. */
    Banger under(String... words) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(List.of(words));
        return new Banger(all, tree, environment);
    }

    Banger of(Path otherTree) {
        return new Banger(prefix, otherTree, environment);
    }

    Banger with(String name, String value) {
        Map<String, String> changed = new HashMap<>(environment);
        changed.put(name, value);
        return new Banger(prefix, tree, changed);
    }

    Call call(String... words) {
        return call(Arrays.asList(words));
    }

    Call call(List<String> words) {
        List<String> command = new ArrayList<>(prefix);
        command.add(program());
        command.addAll(words);
        return new Call(command, environment);
    }

    String program() {
        return tree.resolve("bin/banger").toString();
    }

    Outcome run(String... words) {
        return call(words).run();
    }

    /** Runs what is expected to succeed. */
    Outcome ok(String... words) {
        return run(words).expect(0);
    }

    /** {@code vm exec VM -- WORDS}. */
    Call exec(String vm, String... words) {
        List<String> command = new ArrayList<>(List.of("vm", "exec", vm, "--"));
        command.addAll(Arrays.asList(words));
        return call(command);
    }

    /** What a shell line in a VM prints; it must succeed. */
    String shell(String vm, String line) {
        return exec(vm, "sh", "-c", line).run().expect(0).line();
    }

    /** {@code vm show --json}. */
    Map<String, Object> show(String vm) {
        return ok("vm", "show", "--json", vm).object();
    }

    String state(String vm) {
        return Outcome.text(show(vm), "state");
    }

    List<String> vms() {
        return ok("vm", "ls", "-q").lines();
    }

    /** Within a second of the host's. */
    void assertClockIsRight(String vm) {
        double before = now();
        double guest = Double.parseDouble(shell(vm, "date +%s.%N"));
        assertThat(guest).as("the clock of " + vm).isBetween(before - 1, now() + 1);
    }

    private static double now() {
        return System.currentTimeMillis() / 1e3;
    }
}
