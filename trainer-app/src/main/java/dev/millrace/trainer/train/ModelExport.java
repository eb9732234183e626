package dev.millrace.trainer.train;

import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import dev.millrace.trainer.weights.FloatFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.stream.Stream;

/// The model that a run has made, as a Hugging Face model directory without anything that training needs.
///
/// @param root holds one directory for each state of a model that was exported
record ModelExport(Path root, FloatFormat format, DocumentTokenizer tokenizer) {
    /// Writes the model. The directory appears whole or not at all; one that is there already is that of the same
    /// step, and stays.
    ///
    /// @return the directory
    Path write(Learner learner) throws IOException {
        String name = String.format(Locale.ROOT, "step-%012d", learner.steps());
        Path finished = root.resolve(name);
        if (Files.exists(finished)) {
            return finished;
        }
        Path unfinished = Files.createDirectories(root.resolve(".writing-" + name));
        try (Stream<Path> leftOver = Files.list(unfinished)) {
            for (Path file : leftOver.toList()) {
                Files.delete(file);
            }
        }
        learner.export(unfinished, format);
        tokenizer.write(unfinished);
        return Files.move(unfinished, finished, StandardCopyOption.ATOMIC_MOVE);
    }
}
