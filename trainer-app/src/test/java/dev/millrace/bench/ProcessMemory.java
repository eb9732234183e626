package dev.millrace.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What this process has of the machine's memory, as Linux tells it, and who keeps it.
final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path LIBRARIES = Path.of("/proc/self/maps");

    private ProcessMemory() {}

    /// The most that it ever had, in bytes.
    static long peakBytes() throws IOException {
        return bytes("VmHWM:");
    }

    /// What it has now, in bytes.
    static long residentBytes() throws IOException {
        return bytes("VmRSS:");
    }

    /// `tcmalloc` where it was preloaded and found, or else `glibc`, `glibc keeping` where it was told to give nothing
    /// back.
    static String allocator() throws IOException {
        if (Files.readString(LIBRARIES).contains("libtcmalloc")) {
            return "tcmalloc";
        }
        return System.getenv().containsKey("MALLOC_MMAP_MAX_") ? "glibc keeping" : "glibc";
    }

    private static long bytes(String key) throws IOException {
        String line = Files.readAllLines(STATUS).stream()
                .filter(text -> text.startsWith(key))
                .findFirst()
                .orElseThrow(() -> new IOException(STATUS + " has no " + key + " this needs Linux"));
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
    }
}
