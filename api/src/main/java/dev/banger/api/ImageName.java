package dev.banger.api;

import java.util.regex.Pattern;

/** The grammar of image and kernel names: they become directory names. */
public final class ImageName {
    private static final Pattern GRAMMAR = Pattern.compile("[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?");

    private ImageName() {}

    /** Whether that can be a name. */
    public static boolean isOne(String name) {
        return GRAMMAR.matcher(name).matches() && !name.contains("..");
    }

    /** @throws BangerException INVALID_ARGUMENT for what cannot be a name; else the name is given back */
    public static String check(String name) {
        if (!isOne(name)) {
            throw BangerException.invalid(
                    "that cannot be the name of an image or kernel: use 1 to 63 lower-case letters, "
                            + "digits, dots, hyphens and underscores, with a letter or digit first and last");
        }
        return name;
    }
}
