package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;

/**
 * What a project file gives a VM beyond its make. Scripts run in the guest, as root.
 *
 * @param file the project file, for people
 * @param environment of the scripts and of every command that is run in the VM
 * @param setup scripts that run once, after the first start
 * @param start scripts that run after each start
 */
@Json
public record VmProject(String file, Map<String, String> environment, List<Script> setup, List<Script> start) {
    public VmProject {
        // A JSON body may leave them out.
        file = file == null ? "the request" : file;
        environment = environment == null ? Map.of() : Map.copyOf(environment);
        setup = setup == null ? List.of() : List.copyOf(setup);
        start = start == null ? List.of() : List.copyOf(start);
    }

    /**
     * A script.
     *
     * @param name what messages call it
     * @param run what {@code sh -e} runs
     */
    @Json
    public record Script(String name, String run) {
        public Script {
            if (!isName(name)) {
                throw BangerException.invalid(
                        "a script's name is 1 to 63 letters, digits, dots, hyphens and underscores");
            }
            if (run.isBlank() || run.indexOf('\0') >= 0) {
                throw BangerException.invalid("the script " + name + " has nothing in it that could be run");
            }
        }

        /** Names are told in messages. */
        public static boolean isName(String name) {
            return name.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}");
        }
    }

    /** The same once its setup has been done. */
    public VmProject withoutSetup() {
        return new VmProject(file, environment, List.of(), start);
    }
}
