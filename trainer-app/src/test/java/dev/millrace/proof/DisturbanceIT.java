package dev.millrace.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.ledger.LedgerReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Whatever else disturbs a run: it ends with the bits of an undisturbed one.
@ExtendWith(ProvingGround.Provider.class)
class DisturbanceIT {
    private static final int STRIDE = ProvingGround.STRIDE;
    private static final long SEED = 20261125;

    private final ProvingGround ground;

    DisturbanceIT(ProvingGround ground) {
        this.ground = ground;
    }

    @Test
    void damagedCheckpointsAreRefusedByNameAndTheOneBeforeThemIsUsed() throws Exception {
        // Given
        ProofRun run = ground.run("damaged", Map.of());
        int checkpoints = Math.toIntExact(ground.steps() / STRIDE) - 1;
        try (AppProcess trainer = run.start()) {
            new KillWatch(trainer, run.checkpoints(), 0, STRIDE, 0).await(new KillMoment.CheckpointStands(checkpoints));
            trainer.kill();
        }
        List<Long> newestFirst = run.checkpoints().steps().reversed();
        List<Path> damaged = damageEachFileInOneOf(run, newestFirst);
        Path sound = run.checkpoints().directory(newestFirst.get(damaged.size()));

        // When
        String said = run.finish();

        // Then
        for (Path file : damaged) {
            assertThat(said.lines().filter(line -> line.contains("is refused") && line.contains(file.toString())))
                    .as("refusals of %s", file)
                    .hasSize(1);
        }
        assertThat(said).contains("restored from " + sound);
        assertThat(ground.compare(run).problems()).isEmpty();
    }

    /// Of each newer checkpoint another file: half of it, or all of it with one bit flipped.
    private static List<Path> damageEachFileInOneOf(ProofRun run, List<Long> newestFirst) throws IOException {
        List<String> names;
        try (Stream<Path> files = Files.list(run.checkpoints().newest())) {
            names = files.map(file -> file.getFileName().toString()).sorted().toList();
        }
        assertThat(newestFirst).hasSizeGreaterThan(2 * names.size());
        Random random = new Random(SEED);
        List<Path> damaged = new ArrayList<>();
        for (String name : names) {
            Path truncated =
                    run.checkpoints().directory(newestFirst.get(damaged.size())).resolve(name);
            byte[] content = Files.readAllBytes(truncated);
            // An outbox may be empty: then there is more of it than there was.
            Files.write(truncated, content.length == 0 ? new byte[1] : Arrays.copyOf(content, content.length / 2));
            damaged.add(truncated);

            Path flipped =
                    run.checkpoints().directory(newestFirst.get(damaged.size())).resolve(name);
            content = Files.readAllBytes(flipped);
            content = content.length == 0 ? new byte[1] : content;
            content[random.nextInt(content.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(flipped, content);
            damaged.add(flipped);
        }
        return damaged;
    }

    @Test
    void aBrokerThatStopsAndComesBackChangesNoBit() throws Exception {
        // Given a trainer that can hold only a little of the log, so that it starves without the broker
        ProofRun run = ground.run(
                "starved",
                Map.of(
                        "millrace.intake.high-watermark", "2048",
                        "millrace.intake.low-watermark", "1024",
                        "mp.messaging.incoming.documents.max.poll.records", "10",
                        "mp.messaging.incoming.documents.max.partition.fetch.bytes", "1024"));
        try (AppProcess trainer = run.start()) {
            new KillWatch(trainer, run.checkpoints(), 0, STRIDE, 0).await(new KillMoment.AfterSteps(2 * STRIDE));

            // When
            ground.kafka().stopNode(1);
            await().atMost(ProofRun.LIMIT).until(() -> standsStill(trainer));
            long starvedAt = ProofRun.lastStep(trainer);
            ground.kafka().startNode(1);
            int exit = trainer.awaitExit(ProofRun.LIMIT);

            // Then
            assertThat(exit).as(trainer.log()).isZero();
            assertThat(starvedAt).isBetween(2L * STRIDE, ground.steps() - 1);
        }
        assertThat(ground.compare(run).problems()).isEmpty();
    }

    @Test
    void aTrainerThatIsHeldStillUntilItsSeatIsGivenAwayChangesNoBit() throws Exception {
        ProofRun run = ground.run(
                "evicted",
                Map.of(
                        "millrace.intake.high-watermark", "2048",
                        "millrace.intake.low-watermark", "1024",
                        "mp.messaging.incoming.documents.max.poll.records", "10",
                        "mp.messaging.incoming.documents.max.partition.fetch.bytes", "1024",
                        "mp.messaging.incoming.documents.session.timeout.ms", "6000"));
        try (AppProcess trainer = run.start();
                Admin admin =
                        Admin.create(Map.of("bootstrap.servers", ground.kafka().bootstrapServers()))) {
            new KillWatch(trainer, run.checkpoints(), 0, STRIDE, 0).await(new KillMoment.AfterSteps(2 * STRIDE));

            // When
            trainer.pause();
            long before = ProofRun.lastStep(trainer);
            await().atMost(ProofRun.LIMIT).until(() -> members(admin, "group-evicted") == 0);
            trainer.goOn();

            // Then
            assertThat(trainer.awaitExit(ProofRun.LIMIT)).as(trainer.log()).isZero();
            assertThat(before).isLessThan(ground.steps());
        }
        assertThat(ground.compare(run).problems()).isEmpty();
    }

    @Test
    void aStepThatIsLongerThanThePollIntervalCostsNoSeatAndChangesNoBit() throws Exception {
        // Given steps of so many micro-batches that the consumer would be put out of the group if it did not poll
        Duration interval = Duration.ofSeconds(1);
        Map<String, String> longSteps = Map.of("millrace.train.epochs", "3", "millrace.batch.accumulation", "400");
        ProofRun calm = ground.run("long-steps", longSteps);
        calm.finish();
        Map<String, String> impatient = new HashMap<>(longSteps);
        impatient.put("millrace.intake.high-watermark", "2048");
        impatient.put("millrace.intake.low-watermark", "1024");
        impatient.put("mp.messaging.incoming.documents.max.poll.records", "10");
        impatient.put("mp.messaging.incoming.documents.max.poll.interval.ms", Long.toString(interval.toMillis()));
        ProofRun run = ground.run("impatient", impatient);

        // When
        String said = run.finish();

        // Then
        assertThat(longestStep(run)).isGreaterThan(interval);
        String whileTraining = said.substring(0, said.indexOf("finished: "));
        assertThat(whileTraining).doesNotContain("poll timeout has expired").doesNotContain("revoked [");
        assertThat(said.lines().filter(line -> line.contains("assigned ["))).hasSize(1);
        assertThat(Comparison.of(ground.log(), calm, run).problems()).isEmpty();
    }

    @Test
    void aRunForEverMakesTheSameStepsHoweverItPollsAndWhenItIsKilled() throws Exception {
        // Given a run that goes on for ever, up to where partitions have come to the end of the log
        Map<String, String> forEver =
                Map.of("millrace.train.epochs", "", "millrace.train.max-steps", Long.toString(ground.steps() - STRIDE));
        ProofRun calm = ground.run("calm", forEver);
        calm.finish();

        // When
        Map<String, String> sipping = new HashMap<>(forEver);
        sipping.put("mp.messaging.incoming.documents.max.poll.records", "3");
        sipping.put("mp.messaging.incoming.documents.max.partition.fetch.bytes", "700");
        sipping.put("millrace.intake.high-watermark", "1024");
        sipping.put("millrace.intake.low-watermark", "512");
        sipping.put("millrace.intake.position-interval", "5ms");
        ProofRun restless = ground.run("restless", sipping);
        try (AppProcess trainer = restless.start()) {
            new KillWatch(trainer, restless.checkpoints(), 0, STRIDE, 0).await(new KillMoment.CheckpointStands(3));
            trainer.kill();
        }
        restless.finish();

        // Then
        assertThat(restless.checkpoints().newestStep()).isEqualTo(ground.steps() - STRIDE);
        assertThat(Comparison.of(ground.log(), calm, restless).problems()).isEmpty();
    }

    /// Between the results of two steps there is the one step, for what it is made of is prepared meanwhile.
    private static Duration longestStep(ProofRun run) throws IOException {
        Duration longest = Duration.ZERO;
        Instant before = Instant.MAX;
        for (LedgerEntry entry : LedgerReader.in(run.checkpoints().root()).between(0, Long.MAX_VALUE)) {
            Instant ended = Objects.requireNonNull(entry.result()).time();
            if (before.isBefore(ended)) {
                Duration took = Duration.between(before, ended);
                longest = took.compareTo(longest) > 0 ? took : longest;
            }
            before = ended;
        }
        return longest;
    }

    private static int members(Admin admin, String group) throws InterruptedException, ExecutionException {
        return Objects.requireNonNull(
                        admin.describeConsumerGroups(List.of(group)).all().get().get(group))
                .members()
                .size();
    }

    /// Whether no step was done within two seconds, in which it does dozens where there is data.
    private static boolean standsStill(AppProcess trainer) throws IOException, InterruptedException {
        long before = ProofRun.lastStep(trainer);
        Thread.sleep(Duration.ofSeconds(2));
        return ProofRun.lastStep(trainer) == before;
    }
}
