package dev.banger.host.debian;

import dev.banger.operation.Progress;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells progress from what mmdebstrap, apt and dpkg print. Used by one thread at a time. */
final class MmdebstrapProgress implements Consumer<String> {
    private static final Pattern NEW_PACKAGES = Pattern.compile("[0-9]+ upgraded, ([0-9]+) newly installed.*");
    private static final Pattern INFO = Pattern.compile("I: (.*)");
    private static final Pattern WARNING = Pattern.compile("W: (.*)");

    /** dpkg says three things of each package: apt got it, it is unpacked, it is set up. */
    private static final Pattern STEP = Pattern.compile("(Get:[0-9]+|Unpacking|Setting up) .*");

    private final Progress progress;
    private long total;
    private long done;

    MmdebstrapProgress(Progress progress) {
        this.progress = progress;
    }

    @Override
    public void accept(String line) {
        Matcher packages = NEW_PACKAGES.matcher(line);
        Matcher info = INFO.matcher(line);
        if (packages.matches()) {
            total = 3 * Long.parseLong(packages.group(1));
            done = 0;
        } else if (info.matches()) {
            stage(info.group(1));
        } else if (total > 0 && STEP.matcher(line).matches()) {
            progress.update(Math.min(++done, total), total);
        } else if (WARNING.matcher(line).matches() && !expected(line)) {
            progress.warn(line.substring(3));
        }
    }

    private void stage(String info) {
        if (info.startsWith("running apt-get update")) {
            progress.stage("reading Debian's package lists");
        } else if (info.startsWith("downloading packages")) {
            progress.stage("installing Debian's base system");
        } else if (info.startsWith("installing remaining packages")) {
            total = 0;
            progress.stage("installing packages");
        }
    }

    /** The staging directory is the user's alone, so apt's download user cannot be used; the keys are checked all the same. */
    private static boolean expected(String line) {
        return line.contains("performed unsandboxed");
    }
}
