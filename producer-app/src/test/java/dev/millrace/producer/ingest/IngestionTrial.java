package dev.millrace.producer.ingest;

import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.Fault;
import dev.millrace.producer.source.FileAccess;
import dev.millrace.producer.source.FileTree;
import dev.millrace.producer.source.Reading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

/// Ingestions of files in a directory of the test's own, onto a log in memory.
abstract class IngestionTrial {
    @TempDir
    Path directory;

    final MemoryLog memory = new MemoryLog();
    final List<String> told = new ArrayList<>();
    final Map<Fault, Long> rejected = new EnumMap<>(Fault.class);

    Path lines(String name, int count) throws IOException {
        return write(name, text(0, count));
    }

    static String text(int first, int count) {
        StringBuilder text = new StringBuilder();
        for (int i = first; i < first + count; i++) {
            text.append("{\"text\":\"text\",\"id\":").append(i).append("}\n");
        }
        return text.toString();
    }

    Path write(String name, String content) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        return Files.writeString(file, content);
    }

    Totals ingest(Path path) throws IOException, InterruptedException {
        return ingestion().run(FileTree.expand(path, FileAccess.ANY)).totals();
    }

    Ingestion ingestion() {
        return ingestion(memory, Duration.ofHours(1));
    }

    Ingestion ingestion(MemoryLog log, Duration commitInterval) {
        return new Ingestion(
                directory,
                false,
                new Reading(new DocumentReader(1 << 20, 512, 32), "text", Optional.empty(), Optional.empty()),
                log.opener(),
                new Ingestion.Settings(commitInterval, Duration.ofMinutes(1), Duration.ZERO),
                (fault, documents) -> rejected.merge(fault, documents, Long::sum),
                new CourseLines(Duration.ofHours(1), told::add));
    }
}
