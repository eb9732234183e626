package dev.millrace.quickstart;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// A Java process of the quickstart, or of the benchmark. Its output goes to a file; it does not outlive this one.
public final class ChildProcess implements AutoCloseable {
    private static final int TAIL = 40;

    private final String name;
    private final Path log;
    private final Process process;
    private final Thread killer;
    private final Thread reader;
    private volatile boolean closing;
    private final CountDownLatch ready = new CountDownLatch(1);

    private ChildProcess(String name, Path log, Process process, String readySign, Consumer<String> lines) {
        this.name = name;
        this.log = log;
        this.process = process;
        this.killer = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(killer);
        this.reader = Thread.ofPlatform().daemon().name(name + "-log").start(() -> copy(readySign, lines));
    }

    /// @param arguments of `java`
    /// @param readySign part of the line that says that it is ready
    /// @param lines sees every line
    public static ChildProcess start(
            String name,
            Path directory,
            List<String> arguments,
            Map<String, String> environment,
            String readySign,
            Consumer<String> lines)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder();
        builder.command()
                .add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        builder.command().add("--enable-native-access=ALL-UNNAMED");
        builder.command().addAll(arguments);
        builder.environment().putAll(environment);
        Path log = directory.resolve(name + ".log");
        return new ChildProcess(name, log, builder.redirectErrorStream(true).start(), readySign, lines);
    }

    private void copy(String readySign, Consumer<String> lines) {
        try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8);
                BufferedWriter out = Files.newBufferedWriter(log)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.write(line);
                out.newLine();
                out.flush();
                lines.accept(line);
                if (line.contains(readySign)) {
                    ready.countDown();
                }
            }
        } catch (IOException e) {
            if (closing) {
                // Ending a process closes the stream of its output.
                return;
            }
            System.err.println("the output of " + name + " could not be kept in " + log + ": " + e);
        }
    }

    void awaitReady(Duration limit) throws InterruptedException, IOException {
        long end = System.nanoTime() + limit.toNanos();
        while (!ready.await(100, TimeUnit.MILLISECONDS)) {
            if (!process.isAlive()) {
                throw failed("ended with " + process.exitValue() + " before it was ready");
            }
            if (System.nanoTime() > end) {
                throw failed("was not ready after " + limit.toSeconds() + " s");
            }
        }
    }

    /// Waits until it ends by itself, with 0.
    public void awaitSuccess(Duration limit) throws InterruptedException, IOException {
        if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
            throw failed("had not ended after " + limit.toSeconds() + " s");
        }
        reader.join();
        if (process.exitValue() != 0) {
            throw failed("ended with " + process.exitValue());
        }
    }

    private IOException failed(String what) throws IOException, InterruptedException {
        process.destroyForcibly();
        reader.join();
        List<String> lines = Files.readAllLines(log);
        return new IOException(name + " " + what + "; the end of " + log + ":\n"
                + String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL), lines.size())));
    }

    @Override
    public void close() {
        closing = true;
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            reader.join();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().removeShutdownHook(killer);
    }
}
