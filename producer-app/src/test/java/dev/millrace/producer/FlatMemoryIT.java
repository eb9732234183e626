package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// [FlatMemory], in short: each stream is larger than the heap.
class FlatMemoryIT {
    private static final long MEBIBYTES = 256;
    /// The heap of 192 MiB, and what a JVM needs beside it.
    private static final long MOST_RESIDENT = 640L << 20;

    @TempDir
    Path directory;

    @Test
    void whatIsLargerThanTheHeapGoesThroughAsARequestAsAFileAndAsAMedium() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory.resolve("kafka"))) {
            kafka.createTopic(KafkaMain.DOCUMENTS, 4);
            KafkaMain.createIngestions(kafka);
            FlatMemory flat = new FlatMemory(Path.of("."), directory, MEBIBYTES);

            FlatMemory.Outcome request = flat.request(kafka.bootstrapServers());
            FlatMemory.Outcome file = flat.file(kafka.bootstrapServers());
            FlatMemory.Outcome medium = flat.medium(kafka.bootstrapServers());

            assertThat(request.delivered()).isEqualTo(flat.documents());
            assertThat(file.delivered()).isEqualTo(flat.documents());
            assertThat(medium.delivered()).isEqualTo(1);
            assertThat(medium.peakMemory()).isLessThan(MOST_RESIDENT);
            assertThat(request.peakMemory()).isLessThan(MOST_RESIDENT);
            assertThat(file.peakMemory()).isLessThan(MOST_RESIDENT);
        }
    }
}
