package dev.millrace.proof;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.testing.KafkaMain;
import dev.millrace.trainer.ledger.LedgerEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;

/// What a run has told the rest of the world: its steps, on the ledger's topic, and the offsets of its group.
///
/// @param name of the run, as it has drawn it
/// @param steps the entries of the topic that are of this run, in the topic's order
/// @param offsets by partition
record PublishedRun(String name, List<JsonNode> steps, SortedMap<Integer, OffsetAndMetadata> offsets) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static PublishedRun read(String bootstrapServers, String name, String topic, String group)
            throws IOException, InterruptedException, ExecutionException {
        List<JsonNode> steps = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> entry :
                CommittedRecords.read(bootstrapServers, KafkaMain.LEDGER, 0).records()) {
            if (new String(entry.key(), StandardCharsets.UTF_8).startsWith(name + "/")) {
                steps.add(JSON.readTree(entry.value()));
            }
        }
        SortedMap<Integer, OffsetAndMetadata> offsets = new TreeMap<>();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.listConsumerGroupOffsets(group, new ListConsumerGroupOffsetsOptions().requireStable(true))
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .forEach((partition, offset) -> {
                        if (partition.topic().equals(topic)) {
                            offsets.put(partition.partition(), offset);
                        }
                    });
        }
        return new PublishedRun(name, steps, offsets);
    }

    /// What differs from what the run itself holds at its end.
    ///
    /// @param ledger its file's entries
    /// @param manifest of its last checkpoint
    List<String> problems(List<LedgerEntry> ledger, JsonNode manifest) throws IOException {
        List<String> problems = new ArrayList<>();
        List<JsonNode> expected = new ArrayList<>();
        for (LedgerEntry entry : ledger) {
            expected.add(timeless(JSON.readTree(entry.json())));
        }
        List<JsonNode> actual = steps.stream().map(PublishedRun::timeless).toList();
        if (!actual.equals(expected)) {
            problems.add("run " + name + " has published the steps " + numbers(actual) + " and its ledger has "
                    + numbers(expected) + "; they must be the same, each once and in order, and say the same");
        }
        SortedMap<Integer, Long> committed = new TreeMap<>();
        offsets.forEach((partition, offset) -> committed.put(partition, offset.offset()));
        SortedMap<Integer, Long> positions = new TreeMap<>();
        manifest.at("/cursor/partitions")
                .forEach(each -> positions.put(
                        each.path("partition").asInt(),
                        each.at("/position/offset").asLong()));
        if (!committed.equals(positions)) {
            problems.add("the group of run " + name + " has committed " + committed
                    + ", and its last checkpoint stands at " + positions);
        }
        long step = manifest.path("step").asLong();
        offsets.forEach((partition, offset) -> {
            // One step more has the letters behind the last step of a run.
            if (!offset.metadata().equals(name + "@" + step)
                    && !offset.metadata().equals(name + "@" + (step + 1))) {
                problems.add("the offset of partition " + partition + " says " + offset.metadata() + ", not " + name
                        + "@" + step);
            }
        });
        return problems;
    }

    /// A step that was done again ended at another time, and came out the same.
    private static JsonNode timeless(JsonNode entry) {
        ObjectNode copy = entry.deepCopy();
        if (copy.path("result") instanceof ObjectNode result) {
            result.remove("time");
        }
        return copy;
    }

    private static String numbers(List<JsonNode> entries) {
        List<Long> numbers =
                entries.stream().map(each -> each.path("step").asLong()).toList();
        boolean inOrder = true;
        for (int i = 0; i < numbers.size(); i++) {
            inOrder &= numbers.get(i) == i + 1;
        }
        return inOrder ? "1 to " + numbers.size() : numbers.toString();
    }
}
