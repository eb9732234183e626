package dev.millrace.proof;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The checkpoint directory of one run, seen from outside while the trainer writes to it.
record CheckpointFiles(Path root) {
    private static final String FINISHED = "step-";
    private static final String UNFINISHED = ".writing-step-";

    /// The files of a checkpoint that has no name yet.
    record Unfinished(long step, int files, long bytes) {}

    /// Steps of the finished checkpoints, ascending.
    List<Long> steps() throws IOException {
        List<Long> steps = new ArrayList<>();
        for (Path directory : entries(FINISHED)) {
            steps.add(Long.parseLong(directory.getFileName().toString().substring(FINISHED.length())));
        }
        return steps;
    }

    long newestStep() throws IOException {
        List<Long> steps = steps();
        return steps.isEmpty() ? 0 : steps.getLast();
    }

    Path newest() throws IOException {
        return directory(newestStep());
    }

    Path directory(long step) {
        return root.resolve(FINISHED + "%012d".formatted(step));
    }

    /// The checkpoint under way; old ones that retention is removing under the same prefix are none.
    Optional<Unfinished> unfinished() throws IOException {
        long newest = newestStep();
        for (Path directory : entries(UNFINISHED)) {
            // Behind the step stands the number of the owner.
            String name = directory.getFileName().toString();
            long step = Long.parseLong(name.substring(UNFINISHED.length(), name.lastIndexOf('.')));
            if (step > newest) {
                return size(step, directory);
            }
        }
        return Optional.empty();
    }

    private static Optional<Unfinished> size(long step, Path directory) throws IOException {
        int files = 0;
        long bytes = 0;
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                bytes += Files.size(entry);
                files++;
            }
        } catch (NoSuchFileException e) {
            // It got its name in between.
            return Optional.empty();
        }
        return Optional.of(new Unfinished(step, files, bytes));
    }

    /// Bytes of a finished checkpoint.
    long bytes(long step) throws IOException {
        long bytes = 0;
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory(step))) {
            for (Path entry : entries) {
                bytes += Files.size(entry);
            }
        }
        return bytes;
    }

    private List<Path> entries(String prefix) throws IOException {
        List<Path> found = new ArrayList<>();
        if (!Files.isDirectory(root)) {
            return found;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root, prefix + "*")) {
            entries.forEach(found::add);
        }
        found.sort(null);
        return found;
    }
}
