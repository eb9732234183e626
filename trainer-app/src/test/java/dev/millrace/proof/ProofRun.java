package dev.millrace.proof;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One run of the packaged trainer, over one epoch where its settings do not say otherwise, started as often as
/// it takes: its settings, files and group are the same at each start.
final class ProofRun {
    static final Duration LIMIT = Duration.ofMinutes(3);
    private static final String QUICKSTART = "src/main/resources/quickstart";
    private static final String EPOCHS = "millrace.train.epochs";
    private static final Pattern STEP = Pattern.compile("step ([\\d,]+)  loss");

    private final Path module;
    private final Path directory;
    private final String name;
    private final EmbeddedKafka kafka;
    private final int stride;
    private final int keep;
    private final Map<String, String> extra;
    private final CheckpointFiles checkpoints;
    private int starts;
    private long firstLetter;

    /// @param module where the packaged app lies
    /// @param stride steps between two checkpoints
    /// @param keep checkpoints
    /// @param extra settings of this run alone
    ProofRun(
            Path module,
            Path directory,
            String name,
            EmbeddedKafka kafka,
            int stride,
            int keep,
            Map<String, String> extra) {
        this.module = module;
        this.directory = directory;
        this.name = name;
        this.kafka = kafka;
        this.stride = stride;
        this.keep = keep;
        this.extra = Map.copyOf(extra);
        this.checkpoints = new CheckpointFiles(directory.resolve(name));
    }

    CheckpointFiles checkpoints() {
        return checkpoints;
    }

    Path ledger() {
        return checkpoints.root().resolve("ledger.jsonl");
    }

    int starts() {
        return starts;
    }

    /// Passes over the log; none where it goes on for ever.
    OptionalInt epochs() {
        String set = extra.getOrDefault(EPOCHS, "1");
        return set.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(set));
    }

    /// The dead letters that came since it was started first.
    DeadLetterCount letters() {
        return DeadLetterCount.read(kafka.bootstrapServers(), topic(), firstLetter);
    }

    /// What it has made public.
    PublishedRun published() throws IOException, InterruptedException, ExecutionException {
        String drawn = Files.readString(checkpoints.root().resolve("run.id")).strip();
        return PublishedRun.read(kafka.bootstrapServers(), drawn, topic(), group());
    }

    @Override
    public String toString() {
        return name;
    }

    private String topic() {
        return extra.getOrDefault("mp.messaging.incoming.documents.topic", KafkaMain.DOCUMENTS);
    }

    private String group() {
        return "group-" + name;
    }

    /// The step that a process logged last; 0 where it has done none.
    static long lastStep(AppProcess trainer) throws IOException {
        Matcher steps = STEP.matcher(trainer.log());
        long last = 0;
        while (steps.find()) {
            last = Long.parseLong(steps.group(1).replace(",", ""));
        }
        return last;
    }

    /// Lets the run come to its end.
    ///
    /// @return what the process logged
    String finish() throws IOException, InterruptedException {
        try (AppProcess trainer = start()) {
            int exit = trainer.awaitExit(LIMIT);
            if (exit != 0) {
                throw new IllegalStateException(
                        "run " + name + " ended with " + exit + " instead of 0:\n" + trainer.log());
            }
            return trainer.log();
        }
    }

    AppProcess start() throws IOException {
        if (starts == 0) {
            firstLetter = CommittedRecords.end(kafka.bootstrapServers(), KafkaMain.DEAD_LETTERS);
        }
        starts++;
        Path model = directory.resolve("config.json");
        Files.writeString(
                model,
                Files.readString(module.resolve(QUICKSTART).resolve("config.json"))
                        .replace("\"hidden_size\": 128", "\"hidden_size\": 64")
                        .replace("\"intermediate_size\": 344", "\"intermediate_size\": 128"));
        Map<String, String> properties = new HashMap<>();
        properties.put("kafka.bootstrap.servers", kafka.bootstrapServers());
        properties.put("mp.messaging.incoming.documents.group.id", group());
        // A static member that comes back takes its seat at once, even after a kill.
        properties.put("mp.messaging.incoming.documents.group.instance.id", name);
        properties.put("millrace.train.model", model.toString());
        properties.put(EPOCHS, "1");
        properties.put("millrace.train.learning-rate.peak", "1e-3");
        properties.put("millrace.train.log-every", "1");
        properties.put(
                "millrace.tokenizer.directory",
                module.resolve(QUICKSTART).resolve("tokenizer").toString());
        properties.put("millrace.checkpoint.directory", checkpoints.root().toString());
        properties.put("millrace.checkpoint.every-steps", Integer.toString(stride));
        properties.put("millrace.checkpoint.keep", Integer.toString(keep));
        properties.put("millrace.batch.sequence-length", "32");
        properties.put("millrace.batch.micro-batch", "4");
        properties.put("millrace.engine.threads", "1");
        properties.putAll(extra);
        return AppProcess.start(module, properties, Map.of(), directory.resolve("%s-%02d.log".formatted(name, starts)));
    }
}
