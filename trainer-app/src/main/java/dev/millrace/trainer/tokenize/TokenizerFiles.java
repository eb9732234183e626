package dev.millrace.trainer.tokenize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// The files of a tokenizer, as they were when they were read: what a directory holds later may be another one's.
final class TokenizerFiles {
    static final String TOKENIZER_FILE = "tokenizer.json";
    static final String CONFIG_FILE = "tokenizer_config.json";

    private final byte[] tokenizer;
    private final byte @Nullable [] config;

    private TokenizerFiles(byte[] tokenizer, byte @Nullable [] config) {
        this.tokenizer = tokenizer;
        this.config = config;
    }

    static TokenizerFiles read(Path directory) throws IOException {
        Path config = directory.resolve(CONFIG_FILE);
        return new TokenizerFiles(
                content(directory.resolve(TOKENIZER_FILE)), Files.exists(config) ? content(config) : null);
    }

    private static byte[] content(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new IOException(
                    file + " is missing: millrace.tokenizer.directory must hold a Hugging Face tokenizer", e);
        }
    }

    byte[] tokenizer() {
        return tokenizer;
    }

    byte @Nullable [] config() {
        return config;
    }

    /// Writes them into another directory.
    ///
    /// @throws IOException naming the file
    void write(Path directory) throws IOException {
        write(directory.resolve(TOKENIZER_FILE), tokenizer);
        if (config != null) {
            write(directory.resolve(CONFIG_FILE), config);
        }
    }

    private static void write(Path file, byte[] content) throws IOException {
        try {
            Files.write(file, content);
        } catch (IOException e) {
            throw new IOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    /// SHA-256 over both.
    String fingerprint() {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(tokenizer);
            if (config != null) {
                sha256.update(config);
            }
            return HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
