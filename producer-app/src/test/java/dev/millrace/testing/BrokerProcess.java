package dev.millrace.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// [KafkaMain] as a process of its own, on a free port; killed when it is closed.
public final class BrokerProcess implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final Process process;
    private final int port;

    private BrokerProcess(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /// Starts it, and waits until its topics are there.
    ///
    /// @param directory for its data and its log
    public static BrokerProcess start(Path directory) throws IOException, InterruptedException {
        int port = EmbeddedKafka.freePort();
        Path log = directory.resolve("broker.log");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-classpath",
                        System.getProperty("java.class.path"),
                        KafkaMain.class.getName(),
                        Integer.toString(port),
                        directory.toString()))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        BrokerProcess broker = new BrokerProcess(process, port);
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!Files.readString(log).contains("kafka ready")) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                broker.close();
                throw new IOException("the broker did not start, see " + log);
            }
            Thread.sleep(50);
        }
        return broker;
    }

    public String bootstrapServers() {
        return "localhost:" + port;
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().orTimeout(30, TimeUnit.SECONDS).join();
    }
}
