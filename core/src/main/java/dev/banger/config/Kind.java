package dev.banger.config;

import dev.banger.api.BangerException;
import dev.banger.api.DataSize;
import dev.banger.api.TimeSpan;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the value of a {@link Key} can be. Its text is the same in a file and in an environment variable. */
sealed interface Kind {
    /** After "KEY is": {@code a number from 0 to 99}. */
    String is();

    boolean accepts(String text);

    /** Whether a file may have it as a number. */
    boolean isNumber();

    record Whole(long least, long most, String is) implements Kind {
        static Whole of(long least, long most) {
            return new Whole(least, most, "a number from " + least + " to " + most);
        }

        @Override
        public boolean accepts(String text) {
            if (!text.matches("[0-9]{1,9}")) {
                return false;
            }
            long number = Long.parseLong(text);
            return number >= least && number <= most;
        }

        @Override
        public boolean isNumber() {
            return true;
        }
    }

    record Choice(List<String> words) implements Kind {
        static Choice of(String... words) {
            return new Choice(List.of(words));
        }

        @Override
        public String is() {
            return String.join(", ", words.subList(0, words.size() - 1)) + " or " + words.getLast();
        }

        @Override
        public boolean accepts(String text) {
            return words.contains(text);
        }

        @Override
        public boolean isNumber() {
            return false;
        }
    }

    record Amount() implements Kind {
        @Override
        public String is() {
            return "a size such as 512M or 2G (a number alone is MiB)";
        }

        @Override
        public boolean accepts(String text) {
            try {
                return DataSize.parse(text) > 0;
            } catch (BangerException e) {
                return false;
            }
        }

        @Override
        public boolean isNumber() {
            return true;
        }
    }

    record Duration() implements Kind {
        @Override
        public String is() {
            return "a duration such as 30s, 10m or 2h";
        }

        @Override
        public boolean accepts(String text) {
            try {
                return TimeSpan.parse(text) >= 0;
            } catch (BangerException e) {
                return false;
            }
        }

        @Override
        public boolean isNumber() {
            return true;
        }
    }

    record HostPath() implements Kind {
        @Override
        public String is() {
            return "a path from the root on";
        }

        @Override
        public boolean accepts(String text) {
            return text.startsWith("/") && text.indexOf('\0') < 0;
        }

        @Override
        public boolean isNumber() {
            return false;
        }
    }

    /** Several of one kind; a file may have them as a list. */
    record Words(Pattern each, String is) implements Kind {
        static Words of(String each, String is) {
            return new Words(Pattern.compile(each), is);
        }

        static List<String> split(String text) {
            return Stream.of(text.split("\\s+")).filter(word -> !word.isEmpty()).toList();
        }

        @Override
        public boolean accepts(String text) {
            return split(text).stream().allMatch(word -> each.matcher(word).matches());
        }

        @Override
        public boolean isNumber() {
            return false;
        }
    }

    record Text(Pattern pattern, String is) implements Kind {
        static Text of(String pattern, String is) {
            return new Text(Pattern.compile(pattern), is);
        }

        @Override
        public boolean accepts(String text) {
            return pattern.matcher(text).matches();
        }

        @Override
        public boolean isNumber() {
            return false;
        }
    }
}
