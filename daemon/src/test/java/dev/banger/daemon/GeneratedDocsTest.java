package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BundleReport;
import dev.banger.api.CachedLayer;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ConfigReport;
import dev.banger.api.DaemonInfo;
import dev.banger.api.DoctorReport;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExportInfo;
import dev.banger.api.ImageDiff;
import dev.banger.api.ImageInfo;
import dev.banger.api.ImageProgram;
import dev.banger.api.KernelInfo;
import dev.banger.api.KernelVersion;
import dev.banger.api.NetworkInfo;
import dev.banger.api.NetworkUsage;
import dev.banger.api.OperationInfo;
import dev.banger.api.PinnedAddress;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishedPort;
import dev.banger.api.SnapshotInfo;
import dev.banger.api.StageTiming;
import dev.banger.api.TemplateInfo;
import dev.banger.api.UnpublishInfo;
import dev.banger.api.VmInfo;
import dev.banger.api.VmStats;
import dev.banger.config.Key;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The generated pages in docs/ say what the code says; -Dbanger.docs=write writes them anew. */
class GeneratedDocsTest {
    private static final Path DOCS = Path.of("../docs");
    private static final Path API = Path.of("../api/src/main/java/dev/banger/api");

    private static void check(String page, String text) throws IOException {
        if ("write".equals(System.getProperty("banger.docs"))) {
            Files.writeString(DOCS.resolve(page), text);
        }
        assertThat(Files.readString(DOCS.resolve(page)))
                .as("docs/" + page + "; write it anew with -Dbanger.docs=write")
                .isEqualTo(text);
    }

    @Test
    void openApiIsWhatTheDaemonServes() throws Exception {
        Jsonb json = Jsonb.builder().build();
        String document = OpenApi.document(ApiRoutes.of(new UnusedApi().api(), json));

        check("openapi.json", document + "\n");
        Map<?, ?> parsed = (Map<?, ?>) json.type(Object.class).fromJson(document);
        Map<?, ?> paths = (Map<?, ?>) Objects.requireNonNull(parsed.get("paths"));
        for (Route route : ApiRoutes.of(new UnusedApi().api(), json)) {
            assertThat(paths.containsKey(route.path())).as(route.path()).isTrue();
        }
    }

    @Test
    void errorsAreThoseOfTheApi() throws Exception {
        String source = Files.readString(API.resolve("ErrorCode.java"));
        StringBuilder page = new StringBuilder("""
                # Errors

                Generated from `ErrorCode`. The REST API answers with `{"code", "message", "detail"}`; the command line prints the message and
                ends with the exit status.

                | code | meaning | HTTP | exit |
                | --- | --- | --- | --- |
                """);
        for (ErrorCode code : ErrorCode.values()) {
            Matcher meaning = Pattern.compile("/\\*\\* ([^*]*) \\*/\\s*" + code.name() + "\\(")
                    .matcher(source);
            assertThat(meaning.find()).as("the Javadoc of " + code).isTrue();
            page.append("| ")
                    .append(code)
                    .append(" | ")
                    .append(meaning.group(1))
                    .append(" | ")
                    .append(code.httpStatus())
                    .append(" | ")
                    .append(code.exitCode())
                    .append(" |\n");
        }
        check("errors.md", page.toString());
    }

    @Test
    void jsonFieldsAreThoseOfTheRecords() throws Exception {
        Map<String, Class<?>> outputs = new LinkedHashMap<>();
        outputs.put(
                "`vm ls` (a list), `vm show`, `vm create`, `vm snapshot restore`, `vm fork` (a list)", VmInfo.class);
        outputs.put("a published port", PublishedPort.class);
        outputs.put("a pinned address", PinnedAddress.class);
        outputs.put("traffic", NetworkUsage.class);
        outputs.put("a stage", StageTiming.class);
        outputs.put("`vm stats` (a list)", VmStats.class);
        outputs.put("`vm snapshot ls` (a list), `vm snapshot create`", SnapshotInfo.class);
        outputs.put(
                "`image ls` (a list), `image show`, `image build`, `image pull`, `image register`, `image customize`",
                ImageInfo.class);
        outputs.put("what an image is made for", ImageProgram.class);
        outputs.put("`image cache ls` (a list)", CachedLayer.class);
        outputs.put("`image ls --available` (a list)", CatalogEntry.class);
        outputs.put("`image export`, `kernel export`", ExportInfo.class);
        outputs.put("`image publish`, `kernel publish`", PublishInfo.class);
        outputs.put("`image unpublish`, `kernel unpublish`", UnpublishInfo.class);
        outputs.put("`image diff`", ImageDiff.class);
        outputs.put("a changed package", ImageDiff.PackageChange.class);
        outputs.put("a changed file", ImageDiff.FileChange.class);
        outputs.put(
                "`kernel ls` (a list), `kernel show`, `kernel pull`, `kernel build`, `kernel import`",
                KernelInfo.class);
        outputs.put("`kernel ls --available` (a list)", KernelVersion.class);
        outputs.put("`template ls` (a list), `template show`, `image warm`", TemplateInfo.class);
        outputs.put("`network ls` (a list), `network show`, `network create`", NetworkInfo.class);
        outputs.put("`daemon status`", DaemonInfo.class);
        outputs.put("`config show`", ConfigReport.class);
        outputs.put("a value", ConfigReport.Value.class);
        outputs.put("`bundle show`", BundleReport.class);
        outputs.put("a part", BundleReport.Part.class);
        outputs.put("`doctor`, `verify`", DoctorReport.class);
        outputs.put("a check", DoctorReport.Check.class);
        outputs.put("an operation (REST)", OperationInfo.class);
        StringBuilder page = new StringBuilder("""
                # JSON

                Generated from the API's records. The names are stable: fields are added, not renamed or removed. Times are ISO 8601 in UTC,
                sizes bytes unless the name says otherwise. `daemon status --json` without a daemon prints `{"running": false, "socket": ...}`
                and ends with 3.
                """);
        for (Map.Entry<String, Class<?>> output : outputs.entrySet()) {
            Class<?> type = output.getValue();
            page.append("\n## ")
                    .append(output.getKey())
                    .append("\n\n| field | type | meaning |\n| --- | --- | --- |\n");
            String source = Files.readString(
                    API.resolve((type.isMemberClass() ? type.getDeclaringClass() : type).getSimpleName() + ".java"));
            for (RecordComponent component : type.getRecordComponents()) {
                boolean nullable = component.getAnnotatedType().isAnnotationPresent(Nullable.class);
                page.append("| ")
                        .append(component.getName())
                        .append(" | ")
                        .append(typeName(component))
                        .append(nullable ? ", or null" : "")
                        .append(" | ")
                        .append(meaning(source, component.getName()))
                        .append(" |\n");
            }
        }
        check("json.md", page.toString());
    }

    private static String typeName(RecordComponent component) {
        Class<?> type = component.getType();
        if (type.isEnum()) {
            return String.join(
                    ", ",
                    Stream.of(type.getEnumConstants())
                            .map(value -> "`" + value + "`")
                            .toList());
        }
        if (type == List.class) {
            return "list";
        }
        if (type.isRecord()) {
            return "fields, below";
        }
        return type == String.class
                ? "text"
                : type == boolean.class ? "true or false" : type == Instant.class ? "time" : "number";
    }

    private static String meaning(String source, String name) {
        Matcher matcher = Pattern.compile("@param " + name + "\\s((?:(?! @param|\\*/).)*)", Pattern.DOTALL)
                .matcher(source);
        return matcher.find()
                ? matcher.group(1)
                        .replaceAll("\\{@code ([^}]*)}", "`$1`")
                        .replaceAll("\\{@link ([^}]*)}", "`$1`")
                        .replaceAll("\\s*\\*\\s*", " ")
                        .strip()
                : "";
    }

    @Test
    void configurationKeysAreThoseOfTheTable() throws Exception {
        StringBuilder keys = new StringBuilder();
        String table = "";
        for (Key key : Key.values()) {
            if (!key.table().equals(table)) {
                table = key.table();
                keys.append("\n### [")
                        .append(table)
                        .append(
                                "]\n\n| key | variable | value | default | meaning |\n| --- | --- | --- | --- | --- |\n");
            }
            keys.append("| `")
                    .append(key.id())
                    .append("` | `")
                    .append(key.variable())
                    .append("` | ")
                    .append(key.is())
                    .append(" | ")
                    .append(key.otherwise())
                    .append(" | ")
                    .append(key.meaning())
                    .append(" |\n");
        }
        String begin = "<!-- generated from dev.banger.config.Key -->\n";
        String end = "\n<!-- end -->\n";
        String page = Files.readString(DOCS.resolve("configuration.md"));
        check(
                "configuration.md",
                page.substring(0, page.indexOf(begin) + begin.length()) + keys + page.substring(page.indexOf(end)));
    }

    @Test
    void everyRelativeLinkLeadsSomewhere() throws Exception {
        Pattern link = Pattern.compile("\\]\\(([^)#:]+)[)#]");
        try (Stream<Path> docs = Files.list(DOCS)) {
            List<Path> pages = Stream.concat(
                            docs.filter(page -> page.toString().endsWith(".md")),
                            Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
                                    .map(Path.of("..")::resolve))
                    .toList();
            for (Path page : pages) {
                Matcher matcher = link.matcher(Files.readString(page));
                while (matcher.find()) {
                    assertThat(page.resolveSibling(matcher.group(1)))
                            .as("a link in " + page)
                            .exists();
                }
            }
        }
    }
}
