package dev.millrace.testing;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A packaged app as a process of its own, the way an operator starts it: on a free HTTP port, its log in a file.
/// Every failure carries the end of that log. [#close()] kills what is still running.
public final class AppProcess implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(50);
    private static final int TAIL_LINES = 60;

    private final Process process;
    private final int port;
    private final Path log;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

    private AppProcess(Process process, int port, Path log) {
        this.process = process;
        this.port = port;
        this.log = log;
    }

    /// Starts `<module>/target/quarkus-app/quarkus-run.jar` with this JVM's own `java`; standard output and errors
    /// go to `log`, which is replaced.
    public static AppProcess start(
            Path module, Map<String, String> properties, Map<String, String> environment, Path log) throws IOException {
        return start(module, properties, environment, List.of(), log);
    }

    /// As above, with arguments on the command line.
    public static AppProcess start(
            Path module,
            Map<String, String> properties,
            Map<String, String> environment,
            List<String> arguments,
            Path log)
            throws IOException {
        return start(List.of(), module, properties, environment, arguments, log);
    }

    /// As the first, where no file may grow larger than so many KiB: a disk that is full.
    public static AppProcess startWithSmallFiles(int kibibytes, Path module, Map<String, String> properties, Path log)
            throws IOException {
        List<String> limit = List.of("bash", "-c", "ulimit -f $0 && exec \"$@\"", Integer.toString(kibibytes));
        return start(limit, module, properties, Map.of(), List.of(), log);
    }

    private static AppProcess start(
            List<String> before,
            Path module,
            Map<String, String> properties,
            Map<String, String> environment,
            List<String> arguments,
            Path log)
            throws IOException {
        Path jar = module.resolve("target/quarkus-app/quarkus-run.jar").toAbsolutePath();
        if (!Files.isRegularFile(jar)) {
            throw new IllegalStateException("No packaged app at " + jar + ": run ./mvnw package first");
        }
        int port = freePort();
        List<String> command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Dquarkus.http.port=" + port);
        // As the log is read here, whatever this machine's locale is.
        command.add("-Dstdout.encoding=UTF-8");
        command.add("-Dstderr.encoding=UTF-8");
        properties.forEach((key, value) -> command.add("-D" + key + "=" + value));
        command.add("-jar");
        command.add(jar.toString());
        command.addAll(arguments);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        return new AppProcess(builder.start(), port, log);
    }

    /// Waits until a GET of `path` answers 200.
    public void awaitOk(String path, Duration limit) throws IOException, InterruptedException {
        awaitStatus(path, 200, limit);
    }

    /// Waits until a GET of `path` answers `status`; fails at once where the process has ended.
    public void awaitStatus(String path, int status, Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        String last = "no answer";
        while (System.nanoTime() < deadline) {
            if (!process.isAlive()) {
                throw failure(
                        "ended with exit code " + process.exitValue() + " before " + path + " answered " + status);
            }
            try {
                HttpResponse<String> answer = get(path);
                if (answer.statusCode() == status) {
                    return;
                }
                last = answer.statusCode() + " " + answer.body();
            } catch (IOException notYet) {
                last = notYet.toString();
            }
            Thread.sleep(POLL);
        }
        throw failure(path + " did not answer " + status + " within " + limit + "; last: " + last);
    }

    public HttpResponse<String> get(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .timeout(Duration.ofSeconds(10))
                .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
    }

    /// The value of a metric.
    ///
    /// @param series its name, with its labels where it has some, as `/q/metrics` writes them
    /// @throws AssertionError where there is none
    public double metric(String series) throws IOException, InterruptedException {
        return get("/q/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no metric " + series));
    }

    /// Waits for the process to end by itself and returns its exit code.
    public int awaitExit(Duration limit) throws IOException, InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw failure("still runs after " + limit);
        }
        return process.exitValue();
    }

    /// Asks the process to end (SIGTERM) and returns its exit code.
    public int terminate(Duration limit) throws IOException, InterruptedException {
        process.destroy();
        return awaitExit(limit);
    }

    /// Ends the process without a word (SIGKILL), as a lost node does.
    public void kill() throws IOException, InterruptedException {
        process.destroyForcibly();
        awaitExit(Duration.ofSeconds(30));
    }

    /// Holds the process still (SIGSTOP), as a machine that swaps does.
    public void pause() throws IOException, InterruptedException {
        signal("STOP");
    }

    /// Lets a held process go on (SIGCONT).
    public void goOn() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start();
        if (kill.waitFor() != 0) {
            throw failure("took no SIG" + name);
        }
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /// Processor time that it has used; zero once it has ended.
    public Duration cpu() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /// The most memory that it has had at once, in bytes, where the system tells (Linux); 0 otherwise.
    public long peakMemory() throws IOException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        try {
            return Files.readAllLines(status).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (NoSuchFileException e) {
            return 0;
        } catch (IOException e) {
            // Between the opening of that file and its reading the process may end: then there is no such process.
            if (process.isAlive() && !"No such process".equals(e.getMessage())) {
                throw e;
            }
            return 0;
        }
    }

    public int port() {
        return port;
    }

    public String log() throws IOException {
        // Not strict: a killed process may leave half a character behind.
        return new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().orTimeout(30, TimeUnit.SECONDS).join();
        http.close();
    }

    private AssertionError failure(String what) throws IOException {
        List<String> lines = log().lines().toList();
        List<String> tail = lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
        return new AssertionError("The app " + what + "\nThe end of " + log + ":\n" + String.join("\n", tail));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
