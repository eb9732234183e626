package dev.millrace.trainer.learn;

import java.io.IOException;
import java.nio.file.Path;

/// What the files of a learner can be written from.
@FunctionalInterface
public interface Saveable {
    /// @param directory where none of the files is yet
    /// @throws IOException naming the file that could not be written
    void save(Path directory) throws IOException;
}
