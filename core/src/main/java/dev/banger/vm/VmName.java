package dev.banger.vm;

import dev.banger.api.BangerException;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/**
 * The one grammar of names: a DNS label (RFC 1123, lower case), since a VM's name is its hostname, a DNS name, a part of
 * paths and an argument of programs.
 */
public final class VmName {
    private static final Pattern GRAMMAR = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    private static final List<String> FIRST = List.of(
            "amber", "bold", "brave", "brisk", "calm", "clear", "cobalt", "copper", "coral", "crisp", "deft", "dusty",
            "eager", "early", "fair", "fleet", "fond", "fresh", "gentle", "golden", "grand", "happy", "hazel", "ivory",
            "jolly", "keen", "kind", "light", "lively", "lucid", "lunar", "merry", "mild", "misty", "noble", "olive",
            "pearl", "plucky", "polar", "proud", "quick", "quiet", "rapid", "rosy", "royal", "rustic", "sharp",
            "silent", "silver", "smart", "snowy", "solar", "stout", "sunny", "swift", "tidy", "tiny", "vivid", "warm",
            "wise");

    private static final List<String> SECOND = List.of(
            "badger", "beaver", "bison", "bobcat", "condor", "cougar", "crane", "curlew", "dingo", "dolphin", "eagle",
            "egret", "falcon", "ferret", "finch", "fox", "gannet", "gecko", "gibbon", "hare", "heron", "ibex", "ibis",
            "jackal", "jay", "kestrel", "kite", "lark", "lemur", "lynx", "magpie", "marmot", "marten", "mole", "moose",
            "newt", "ocelot", "oriole", "osprey", "otter", "owl", "panda", "pelican", "pika", "plover", "puffin",
            "quail", "rabbit", "raven", "robin", "salmon", "seal", "shrew", "sparrow", "stork", "tapir", "tern", "toad",
            "vole", "walrus", "weasel", "wombat", "wren", "zebra");

    private VmName() {}

    public static boolean isValid(String name) {
        return GRAMMAR.matcher(name).matches();
    }

    /** Returns the name, or fails with what is wrong with it. */
    public static String check(String name) {
        if (!isValid(name)) {
            throw BangerException.invalid(
                    "\"" + printable(name) + "\" cannot be a name: use 1 to 63 lower-case letters, "
                            + "digits and hyphens, with a letter or digit first and last");
        }
        return name;
    }

    /** Two words; not checked for being free. */
    public static String generate(RandomGenerator random) {
        return FIRST.get(random.nextInt(FIRST.size())) + "-" + SECOND.get(random.nextInt(SECOND.size()));
    }

    private static String printable(String name) {
        StringBuilder out = new StringBuilder();
        name.codePoints().limit(80).forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return out.toString();
    }
}
