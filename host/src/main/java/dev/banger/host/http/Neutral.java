package dev.banger.host.http;

/** Text of strangers for people: without what a terminal would act upon, and not too much of it. */
public final class Neutral {
    private static final int LONGEST = 200;

    private Neutral() {}

    public static String text(String text) {
        String neutral = text.replaceAll("[\\p{Cntrl}\\p{Cf}]", "?");
        return neutral.length() > LONGEST ? neutral.substring(0, LONGEST) + "..." : neutral;
    }
}
