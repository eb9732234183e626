package dev.millrace.producer.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.producer.document.Document;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.publish.Delivery;
import dev.millrace.producer.source.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IngestionTest {
    @TempDir
    Path directory;

    private final List<String> sent = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private String refused = "";

    @Test
    void aFileIsReadOnceHoweverOftenItIsIngested() throws Exception {
        Path file = write("a.jsonl", "{\"text\":\"1\",\"id\":1}\r\n\n{broken\n{\"text\":\"2\",\"id\":2}");

        Totals first = ingest(file);
        Totals second = ingest(file);

        assertThat(sent).containsExactly("1", "2");
        assertThat(first.line(Duration.ofSeconds(1))).startsWith("3 documents: 2 delivered, 1 rejected");
        assertThat(second.documents.sum()).isZero();
    }

    @Test
    void whatIsAppendedToAFileIsReadByTheNextRun() throws Exception {
        Path file = write("a.jsonl", "{\"text\":\"1\",\"id\":1}\n");
        ingest(file);
        Files.writeString(file, Files.readString(file) + "{\"text\":\"2\",\"id\":2}\n");

        ingest(file);

        assertThat(sent).containsExactly("1", "2");
    }

    @Test
    void aFailedDocumentAndWhatFollowsAreSentAgainByTheNextRun() throws Exception {
        Path file =
                write("a.jsonl", "{\"text\":\"1\",\"id\":1}\n{\"text\":\"2\",\"id\":2}\n{\"text\":\"3\",\"id\":3}\n");
        refused = "2";
        assertThat(ingest(file).complete()).isFalse();
        refused = "";

        Totals again = ingest(file);

        assertThat(sent).containsExactly("1", "2", "3", "2", "3");
        assertThat(again.complete()).isTrue();
    }

    @Test
    void aDirectoryIsReadByPathAndATextFileIsOneDocument() throws Exception {
        write("b/text.txt", "two\nlines\n");
        write("a/lines.jsonl", "{\"text\":\"1\",\"id\":\"first\"}\n");
        write("c/picture.png", "no document");

        Totals totals = ingest(directory.resolve("files"));

        assertThat(totals.delivered.sum()).isEqualTo(2);
        assertThat(sent.getFirst()).isEqualTo("first");
        assertThat(sent.getLast()).hasSize(64);
    }

    private Path write(String name, String content) throws IOException {
        Path file = directory.resolve("files").resolve(name);
        Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
        return Files.writeString(file, content);
    }

    private Totals ingest(Path path) throws IOException, InterruptedException {
        return new Ingestion(
                        new DocumentReader(1 << 20, 512, 32),
                        this::publish,
                        new CursorStore(directory.resolve("state")),
                        new Ingestion.Settings(4, Duration.ZERO, Duration.ofHours(1)),
                        told::add)
                .run(FileTree.expand(List.of(path)));
    }

    private CompletableFuture<Delivery> publish(Document document) {
        sent.add(document.key());
        return CompletableFuture.completedFuture(
                document.key().equals(refused)
                        ? new Delivery.Failed("refused", false)
                        : new Delivery.Delivered("documents", 0, sent.size(), 0));
    }
}
