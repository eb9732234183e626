package dev.millrace.trainer.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.stream.Stream;

/// The few file operations that a durable unit is made of.
final class Durable {
    private Durable() {}

    /// Writes a file, and forces it to the disk.
    ///
    /// @throws IOException naming the file
    static void write(Path file, byte[] content) throws IOException {
        try {
            Files.write(file, content);
        } catch (IOException e) {
            throw notWritten(file, e);
        }
        forceFile(file);
    }

    /// Forces a file's content to the disk.
    ///
    /// @throws IOException naming the file
    static void forceFile(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        } catch (IOException e) {
            throw notWritten(file, e);
        }
    }

    private static IOException notWritten(Path file, IOException cause) {
        return new IOException(file + " cannot be written: " + cause.getMessage(), cause);
    }

    /// Forces a directory's entries to the disk: without it a rename may be lost with the power.
    static void forceDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    static CheckpointManifest.FileDigest digest(Path file) throws IOException {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 20];
            long size = 0;
            try (InputStream in = new DigestInputStream(Files.newInputStream(file), sha256)) {
                int read = in.read(buffer);
                while (read >= 0) {
                    size += read;
                    read = in.read(buffer);
                }
            }
            return new CheckpointManifest.FileDigest(size, HexFormat.of().formatHex(sha256.digest()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    static void deleteTree(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
