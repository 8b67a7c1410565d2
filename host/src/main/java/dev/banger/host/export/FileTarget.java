package dev.banger.host.export;

import dev.banger.host.linux.PublishedFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/** One file. */
record FileTarget(Path file, boolean replace) implements ExportTarget {
    @Override
    public ExportWriter.Written write(Writing writing) {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !(replace && Files.isRegularFile(file))) {
            throw ExportTarget.taken(file);
        }
        AtomicReference<ExportWriter.Written> written = new AtomicReference<>();
        PublishedFile.publish(file, unfinished -> {
            try (TarSink sink = new TarSink(unfinished)) {
                ExportWriter.Written done = writing.to(sink);
                sink.finish(done.json());
                written.set(done);
            }
        });
        return Objects.requireNonNull(written.get());
    }
}
