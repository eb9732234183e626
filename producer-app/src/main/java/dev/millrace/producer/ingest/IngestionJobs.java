package dev.millrace.producer.ingest;

import dev.millrace.producer.publish.BrokerCheck;
import dev.millrace.producer.publish.Transactions;
import dev.millrace.producer.source.FileTree;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaException;
import org.jboss.logging.Logger;

/// Ingestions that a server runs: some at a time, others wait, and what a server that is gone left unfinished is
/// taken over. Thread-safe.
///
/// An order is on the state topic before it is acknowledged. Who runs an ingestion is not agreed upon but fenced:
/// the `transactional.id` belongs to whoever took it last, and what another had not committed is rolled back.
@Singleton
public final class IngestionJobs {
    private static final Logger LOG = Logger.getLogger(IngestionJobs.class);
    private static final Duration SCAN = Duration.ofSeconds(5);
    private static final Duration STOP = Duration.ofSeconds(20);

    private final IngestConfig config;
    private final Ingestions ingestions;
    private final IngestionBoard board;
    private final BrokerCheck broker;
    private final Map<String, Ingestion> here = new ConcurrentHashMap<>();
    private final Semaphore places;
    private final ThreadPoolExecutor runners;
    private final ScheduledExecutorService follower = Executors.newScheduledThreadPool(
            2, Thread.ofPlatform().daemon().name("ingestions-", 0).factory());

    IngestionJobs(
            IngestConfig config,
            Ingestions ingestions,
            Transactions transactions,
            BrokerCheck broker,
            MeterRegistry registry) {
        this.config = config;
        this.broker = broker;
        this.ingestions = ingestions;
        this.board = new IngestionBoard(transactions, config.cursorTopic());
        this.places = new Semaphore(config.concurrent() + config.waiting());
        this.runners = new ThreadPoolExecutor(
                config.concurrent(),
                config.concurrent(),
                0,
                TimeUnit.SECONDS,
                // As long as there are places.
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().name("ingestion-", 0).factory());
        Gauge.builder("millrace.ingestions.running", runners, ThreadPoolExecutor::getActiveCount)
                .description("Ingestions that this server runs")
                .register(registry);
        Gauge.builder(
                        "millrace.ingestions.waiting",
                        runners,
                        pool -> pool.getQueue().size())
                .description("Ingestions that wait for this server to run them")
                .register(registry);
    }

    /// What became of an order.
    public sealed interface Order {
        /// It is written down, and runs as soon as it can.
        record Taken(String id, IngestionState state) implements Order {}

        /// The path may not be ingested, or is not there.
        record Refused(String reason) implements Order {}

        /// Too many wait already.
        record Full(String reason) implements Order {}

        /// The cluster does not answer.
        record Unavailable(String reason) implements Order {}
    }

    /// Follows the ingestions of the cluster and takes over what others left: to be called where a server runs.
    public void start() {
        if (roots().isEmpty()) {
            return;
        }
        var _ = follower.submit(board::follow);
        var _ = follower.scheduleWithFixedDelay(
                this::takeOver, SCAN.toMillis(), SCAN.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// Orders the ingestion of a path. One that runs already, here or elsewhere, goes on; one that ended is begun
    /// again, and finds what is new.
    public Order order(Path path) {
        Optional<String> wrong = refusal(path);
        if (wrong.isPresent()) {
            return new Order.Refused(wrong.get());
        }
        IngestionSource source = IngestionSource.of(path);
        Ingestion running = here.get(source.id());
        if (running != null) {
            return new Order.Taken(source.id(), running.state());
        }
        Optional<IngestionState> elsewhere = board.state(source.id()).filter(this::isAlive);
        if (elsewhere.isPresent()) {
            return new Order.Taken(source.id(), elsewhere.get());
        }
        if (broker.within(SCAN) instanceof BrokerCheck.Availability.Unavailable no) {
            return new Order.Unavailable(no.reason());
        }
        Ingestion ingestion = ingestions.create(source, true, ingestions.lines(LOG::info));
        // Before it is written down: what is there is run by somebody.
        if (!places.tryAcquire()) {
            return new Order.Full("millrace.ingest.waiting = " + config.waiting() + " ingestions wait already");
        }
        if (here.putIfAbsent(source.id(), ingestion) != null) {
            places.release();
            return order(path);
        }
        boolean runs = false;
        try {
            ingestion.announce();
            runners.execute(() -> run(source, ingestion));
            runs = true;
            return new Order.Taken(source.id(), ingestion.state());
        } catch (RejectedExecutionException e) {
            // Written down already: it is taken over by another.
            return new Order.Unavailable("this producer ends");
        } catch (KafkaException | IllegalStateException e) {
            return new Order.Unavailable(String.valueOf(e.getMessage()));
        } finally {
            if (!runs) {
                here.remove(source.id(), ingestion);
                places.release();
            }
        }
    }

    /// Ends an ingestion for good, wherever it runs. What was committed stays.
    ///
    /// @return its state; empty where there is none of this id
    /// @throws KafkaException where it runs elsewhere and the cluster does not answer
    public Optional<IngestionState> cancel(String id) {
        Ingestion running = here.get(id);
        if (running != null) {
            running.cancel();
            return Optional.of(running.state());
        }
        Optional<IngestionState> known = board.state(id);
        if (known.isPresent() && known.get().phase() == IngestionState.Phase.RUNNING) {
            Ingestion elsewhere =
                    ingestions.create(IngestionSource.of(known.get().path()), true, ingestions.lines(LOG::info));
            elsewhere.end(IngestionState.Phase.CANCELLED, "");
            return Optional.of(elsewhere.state());
        }
        return known;
    }

    /// How an ingestion stands, wherever it runs.
    public Optional<IngestionState> state(String id) {
        Ingestion running = here.get(id);
        return running != null ? Optional.of(running.state()) : board.state(id);
    }

    /// How all ingestions of the cluster stand.
    public Map<String, IngestionState> all() {
        Map<String, IngestionState> all = board.all();
        here.forEach((id, ingestion) -> all.put(id, ingestion.state()));
        return all;
    }

    private List<Path> roots() {
        return config.roots().orElse(List.of());
    }

    /// Links are followed first: what counts is where a path really leads.
    private Optional<String> refusal(Path path) {
        if (roots().isEmpty()) {
            return Optional.of("millrace.ingest.roots names no directory: no path can be ordered over HTTP");
        }
        try {
            Path absolute = path.toAbsolutePath().normalize();
            // What looks like a pattern may be the name of a link.
            Path named =
                    Files.exists(absolute, LinkOption.NOFOLLOW_LINKS) ? absolute : FileTree.withoutPattern(absolute);
            Path real = named.toRealPath();
            for (Path root : roots()) {
                if (real.startsWith(root.toRealPath())) {
                    return Optional.empty();
                }
            }
        } catch (IOException e) {
            return Optional.of("there is no such path below millrace.ingest.roots");
        }
        return Optional.of("there is no such path below millrace.ingest.roots");
    }

    private void run(IngestionSource source, Ingestion ingestion) {
        try {
            // It has waited, and what lay there when it was ordered may be a link by now.
            Optional<String> wrong = refusal(source.root());
            if (wrong.isPresent()) {
                throw new IOException(wrong.get());
            }
            var _ = ingestion.run(source.files());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException e) {
            fail(source, ingestion, e);
        } finally {
            here.remove(source.id(), ingestion);
            places.release();
        }
    }

    private static void fail(IngestionSource source, Ingestion ingestion, Exception error) {
        LOG.errorf("the ingestion of %s broke off: %s", source.root(), error.getMessage());
        if (error instanceof IngestionFailedException failed && failed.elsewhere()) {
            return;
        }
        try {
            ingestion.end(IngestionState.Phase.FAILED, String.valueOf(error.getMessage()));
        } catch (KafkaException | IllegalStateException e) {
            // It stays "running" on the topic, and is taken over when the cluster is back.
            LOG.errorf("and that could not be written to the state topic: %s", e.getMessage());
        }
    }

    /// Whether a server runs it, as far as can be told: one that was killed a moment ago still seems to.
    private boolean isAlive(IngestionState state) {
        return state.served()
                && state.phase() == IngestionState.Phase.RUNNING
                && state.at().isAfter(Instant.now().minus(config.takeoverAfter()));
    }

    private void takeOver() {
        try {
            board.all().forEach((id, state) -> {
                boolean orphan = state.served()
                        && state.phase() == IngestionState.Phase.RUNNING
                        && !isAlive(state)
                        && !here.containsKey(id);
                if (orphan && refusal(state.path()).isEmpty()) {
                    LOG.infof("takes over the ingestion of %s, silent since %s", state.path(), state.at());
                    Order order = order(state.path());
                    if (!(order instanceof Order.Taken)) {
                        LOG.warnf("the ingestion of %s could not be taken over: %s", state.path(), order);
                    }
                }
            });
        } catch (RuntimeException e) {
            // The next look may fare better; without this there would be none.
            LOG.errorf(e, "cannot look for ingestions to take over");
        }
    }

    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        board.close();
        follower.shutdownNow();
        here.values().forEach(Ingestion::stop);
        runners.shutdown();
        if (!runners.awaitTermination(STOP.toSeconds(), TimeUnit.SECONDS)) {
            LOG.warn("an ingestion did not end in time: what it had not committed is rolled back");
        }
    }
}
