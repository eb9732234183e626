package dev.millrace.trainer;

import dev.millrace.testing.AppProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/// The packaged trainer as a process, with a model so small that a step takes milliseconds.
final class SmallTrainer {
    private final Path directory;
    private final String bootstrapServers;

    /// @param directory holds the model, and a checkpoint directory and a log for each name
    SmallTrainer(Path directory, String bootstrapServers) {
        this.directory = directory;
        this.bootstrapServers = bootstrapServers;
    }

    /// Starts it with its checkpoints in the directory `name`, in a group of that name.
    ///
    /// @param more settings beside the usual ones, or in their place
    AppProcess start(String name, Map<String, String> more) throws IOException {
        return start(name, name + ".log", more);
    }

    /// As above, with a log of its own: for another one of the same name.
    AppProcess start(String name, String log, Map<String, String> more) throws IOException {
        return AppProcess.start(Path.of("."), properties(name, more), Map.of(), directory.resolve(log));
    }

    /// As the first, where no file may grow larger than so many KiB.
    AppProcess startWithSmallFiles(int kibibytes, String name, Map<String, String> more) throws IOException {
        return AppProcess.startWithSmallFiles(
                kibibytes, Path.of("."), properties(name, more), directory.resolve(name + ".log"));
    }

    private Map<String, String> properties(String name, Map<String, String> more) throws IOException {
        Path model = directory.resolve("config.json");
        Files.writeString(
                model,
                Files.readString(Path.of("src/main/resources/quickstart/config.json"))
                        .replace("\"hidden_size\": 128", "\"hidden_size\": 32")
                        .replace("\"intermediate_size\": 344", "\"intermediate_size\": 64"));
        Map<String, String> properties = new HashMap<>();
        properties.put("kafka.bootstrap.servers", bootstrapServers);
        properties.put("mp.messaging.incoming.documents.group.id", "group-" + name);
        // A killed member's seat is free when its session ends.
        properties.put("mp.messaging.incoming.documents.session.timeout.ms", "6000");
        properties.put("millrace.train.model", model.toString());
        properties.put("millrace.tokenizer.directory", "src/main/resources/quickstart/tokenizer");
        properties.put("millrace.checkpoint.directory", directory.resolve(name).toString());
        properties.put("millrace.batch.sequence-length", "32");
        properties.put("millrace.batch.micro-batch", "4");
        properties.put("millrace.engine.threads", "1");
        properties.putAll(more);
        return properties;
    }
}
