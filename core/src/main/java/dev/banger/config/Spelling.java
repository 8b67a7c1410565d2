package dev.banger.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** What a word was probably meant to be. */
final class Spelling {
    private Spelling() {}

    /** The candidate that takes the fewest changes, unless these are so many that it is another word. */
    static Optional<String> nearest(String word, Collection<String> candidates) {
        String plain = plain(word);
        return candidates.stream()
                .filter(each -> distance(plain, plain(each)) <= Math.max(1, Math.min(plain.length(), each.length()) / 3)
                        || plain.length() > 3 && plain.startsWith(plain(each) + "_"))
                .min(Comparator.comparingInt(each -> distance(plain, plain(each))));
    }

    private static String plain(String word) {
        return word.toLowerCase(Locale.ROOT).replace('-', '_');
    }

    /** Levenshtein's, with two rows. */
    private static int distance(String from, String to) {
        int[] above = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] row = new int[to.length() + 1];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = above[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[to.length()];
    }
}
