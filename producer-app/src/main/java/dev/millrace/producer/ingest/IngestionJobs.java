package dev.millrace.producer.ingest;

import dev.millrace.producer.publish.BrokerCheck;
import dev.millrace.producer.publish.Transactions;
import dev.millrace.producer.source.Roots;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
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
import java.util.stream.Stream;
import org.apache.kafka.common.KafkaException;
import org.jboss.logging.Logger;

/// Ingestions that a server runs: some at a time, others wait, and what a server that is gone left unfinished is
/// taken over. Thread-safe.
///
/// The state topic decides, not what is known here: an order is written there before it is acknowledged, and so is a
/// cancellation, wherever the ingestion runs or waits. Who runs it is not agreed upon but fenced: the
/// `transactional.id` belongs to whoever took it last, and what another had not committed is rolled back. Whether that
/// one then goes on says the number of its order.
@Singleton
public final class IngestionJobs {
    private static final Logger LOG = Logger.getLogger(IngestionJobs.class);
    private static final Duration SCAN = Duration.ofSeconds(5);
    private static final int TURNS = 64;

    private final IngestConfig config;
    private final Ingestions ingestions;
    private final IngestionBoard board;
    private final BrokerCheck broker;
    private final Roots roots;
    private final Map<String, Job> here = new ConcurrentHashMap<>();
    /// Orders and cancellations of one ingestion come one after another.
    private final List<Object> turns = Stream.generate(Object::new).limit(TURNS).toList();
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
        this.roots = new Roots(config.roots().orElse(List.of()));
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

    /// What became of a cancellation.
    public sealed interface Cancellation {
        /// It is written down; or it had ended before, and how it did stays.
        record Written(IngestionState state) implements Cancellation {}

        /// There is no such ingestion.
        record Unknown() implements Cancellation {}

        /// The cluster does not answer: it goes on.
        record Unavailable(String reason) implements Cancellation {}
    }

    /// An ingestion that runs or waits here.
    private final class Job implements Runnable {
        private final IngestionSource source;
        private final Ingestion ingestion;

        private Job(IngestionSource source, Ingestion ingestion) {
            this.source = source;
            this.ingestion = ingestion;
        }

        private boolean isClosedBy(IngestionState state) {
            return state.closes(ingestion.state().order());
        }

        @Override
        public void run() {
            try {
                // It has waited, and what lay there when it was ordered may be a link by now.
                Optional<String> wrong = roots.refusal(source.root());
                if (wrong.isPresent()) {
                    throw new IOException(wrong.get());
                }
                var _ = ingestion.run(source.files(roots));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (IOException | RuntimeException e) {
                fail(e, String.valueOf(e.getMessage()));
            } catch (Error e) {
                // Where it can still be said: else the next server goes the same way.
                fail(e, e.toString());
                throw e;
            } finally {
                leave();
            }
        }

        private void fail(Throwable error, String why) {
            LOG.errorf("the ingestion of %s broke off: %s", source.root(), why);
            if (error instanceof IngestionFailedException failed && failed.elsewhere()) {
                return;
            }
            try {
                ingestion.fail(why);
            } catch (KafkaException | IllegalStateException e) {
                // It stays "running" on the topic, and is taken over when the cluster is back.
                LOG.errorf("and that could not be written to the state topic: %s", e.getMessage());
            }
        }

        /// Ends it where it still waits. One that runs was fenced off, and ends with its next transaction.
        private void drop() {
            if (runners.remove(this)) {
                leave();
            }
        }

        private void leave() {
            here.remove(source.id(), this);
            places.release();
        }
    }

    /// Follows the ingestions of the cluster and takes over what others left: to be called where a server runs.
    public void start() {
        if (roots.isEmpty()) {
            return;
        }
        var _ = follower.submit(board::follow);
        var _ = follower.scheduleWithFixedDelay(this::scan, SCAN.toMillis(), SCAN.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// Orders the ingestion of a path. One that runs already, here or elsewhere, goes on; one that ended is begun
    /// again, and finds what is new.
    public Order order(Path path) {
        Optional<String> wrong = roots.refusal(path);
        if (wrong.isPresent()) {
            return new Order.Refused(wrong.get());
        }
        if (broker.within(Duration.ZERO) instanceof BrokerCheck.Availability.Unavailable no) {
            return new Order.Unavailable(no.reason());
        }
        IngestionSource source = IngestionSource.of(path);
        synchronized (turn(source.id())) {
            try {
                Optional<IngestionState> running = running(source.id());
                return running.isPresent()
                        ? new Order.Taken(source.id(), running.get())
                        : begin(source, Optional.empty());
            } catch (KafkaException | IllegalStateException e) {
                return new Order.Unavailable(String.valueOf(e.getMessage()));
            }
        }
    }

    /// How it stands where somebody runs it. What is known here may be behind: it only says whether it is worth a look.
    private Optional<IngestionState> running(String id) {
        Job job = here.get(id);
        if (job == null && board.state(id).filter(this::isAlive).isEmpty()) {
            return Optional.empty();
        }
        return ingestions
                .opener(id)
                .look()
                .filter(state -> state.phase() == IngestionState.Phase.RUNNING
                        && ((job != null && !job.isClosedBy(state)) || isAlive(state)));
    }

    /// @param orphan in place of which it is begun, where nobody runs that
    private Order begin(IngestionSource source, Optional<IngestionState> orphan) {
        // Before it is written down: what is there is run by somebody.
        if (!places.tryAcquire()) {
            return new Order.Full("millrace.ingest.waiting = " + config.waiting() + " ingestions wait already");
        }
        Job job = new Job(source, ingestions.create(source, true, ingestions.lines(LOG::info)));
        boolean taken = false;
        try {
            if (orphan.isPresent()) {
                if (!job.ingestion.orderInPlaceOf(orphan.get())) {
                    return new Order.Taken(source.id(), orphan.get());
                }
            } else {
                job.ingestion.order();
            }
            Job closed = here.put(source.id(), job);
            if (closed != null) {
                closed.drop();
            }
            runners.execute(job);
            taken = true;
            return new Order.Taken(source.id(), job.ingestion.state());
        } catch (RejectedExecutionException e) {
            // Written down already: it is taken over by another.
            return new Order.Unavailable("this producer ends");
        } finally {
            if (!taken) {
                job.leave();
            }
        }
    }

    /// Ends an ingestion for good, wherever it runs or waits. What was committed stays.
    public Cancellation cancel(String id) {
        if (!IngestionSource.isId(id)) {
            return new Cancellation.Unknown();
        }
        if (broker.within(Duration.ZERO) instanceof BrokerCheck.Availability.Unavailable no) {
            return new Cancellation.Unavailable(no.reason());
        }
        synchronized (turn(id)) {
            try {
                Optional<IngestionState> state =
                        ingestions.opener(id).end(_ -> true, IngestionState.Phase.CANCELLED, "");
                state.ifPresent(this::dropClosed);
                return state.isPresent() ? new Cancellation.Written(state.get()) : new Cancellation.Unknown();
            } catch (KafkaException | IllegalStateException e) {
                return new Cancellation.Unavailable(String.valueOf(e.getMessage()));
            }
        }
    }

    private Object turn(String id) {
        return turns.get(Math.floorMod(id.hashCode(), TURNS));
    }

    /// How an ingestion stands, wherever it runs.
    public Optional<IngestionState> state(String id) {
        Optional<IngestionState> known = board.state(id);
        Job job = here.get(id);
        return job == null || known.filter(job::isClosedBy).isPresent() ? known : Optional.of(job.ingestion.state());
    }

    /// How all ingestions of the cluster stand.
    public Map<String, IngestionState> all() {
        Map<String, IngestionState> all = board.all();
        here.keySet().forEach(id -> state(id).ifPresent(state -> all.put(id, state)));
        return all;
    }

    /// Whether a server runs it, as far as can be told: one that was killed a moment ago still seems to.
    private boolean isAlive(IngestionState state) {
        return state.served()
                && state.phase() == IngestionState.Phase.RUNNING
                && state.at().isAfter(Instant.now().minus(config.takeoverAfter()));
    }

    private void scan() {
        try {
            Map<String, IngestionState> all = board.all();
            all.values().forEach(this::dropClosed);
            all.forEach(this::takeOver);
        } catch (RuntimeException e) {
            // The next look may fare better; without this there would be none.
            LOG.errorf(e, "cannot look for ingestions to take over");
        }
    }

    /// What was cancelled or taken over elsewhere does not wait here any longer.
    private void dropClosed(IngestionState state) {
        Job job = here.get(IngestionSource.of(state.path()).id());
        if (job != null && job.isClosedBy(state)) {
            job.drop();
        }
    }

    private void takeOver(String id, IngestionState state) {
        boolean orphan = state.served() && state.phase() == IngestionState.Phase.RUNNING && !isAlive(state);
        if (!orphan || here.containsKey(id) || roots.refusal(state.path()).isPresent()) {
            return;
        }
        synchronized (turn(id)) {
            LOG.infof("takes over the ingestion of %s, silent since %s", state.path(), state.at());
            Order order = begin(IngestionSource.of(state.path()), Optional.of(state));
            if (!(order instanceof Order.Taken)) {
                LOG.warnf("the ingestion of %s could not be taken over: %s", state.path(), order);
            }
        }
    }

    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        board.close();
        follower.shutdown();
        // What waits, others take over.
        here.values().forEach(Job::drop);
        here.values().forEach(job -> job.ingestion.stop());
        runners.shutdown();
        if (!runners.awaitTermination(config.stopTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
            LOG.warnf(
                    "an ingestion did not end within millrace.ingest.stop-timeout = %s: what it had not committed is"
                            + " rolled back",
                    config.stopTimeout());
        }
    }
}
