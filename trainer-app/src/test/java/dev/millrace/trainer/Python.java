package dev.millrace.trainer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The Python that some tests hold our work against, where it is there: `-Dmillrace.python=…`, else `python3`.
public final class Python {
    private static final String COMMAND = System.getProperty("millrace.python", "python3");

    private Python() {}

    /// What a script that has ended leaves.
    ///
    /// @param said on both of its outputs
    public record Ended(int exit, String said) {}

    /// Whether it has these packages.
    public static boolean has(String packages) throws InterruptedException {
        try {
            return ended(List.of(COMMAND, "-c", "import " + packages)).exit() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /// Why a test is skipped.
    public static String missing(String packages) {
        return COMMAND + " has no " + packages + " (-Dmillrace.python names another)";
    }

    public static Ended run(Path script, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(COMMAND, script.toString()));
        command.addAll(List.of(arguments));
        return ended(command);
    }

    private static Ended ended(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), said);
    }
}
