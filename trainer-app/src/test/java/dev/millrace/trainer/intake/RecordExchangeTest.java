package dev.millrace.trainer.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class RecordExchangeTest {
    private final List<String> asked = new ArrayList<>();
    private final PolledOffsets polled = new PolledOffsets();
    private final FlowControl control = new FlowControl() {
        @Override
        public void pause(int partition) {
            asked.add("pause " + partition);
        }

        @Override
        public void resume(int partition) {
            asked.add("resume " + partition);
        }

        @Override
        public void seek(int partition, long offset) {
            asked.add("seek " + partition + " to " + offset);
            polled.sought(partition, offset);
        }
    };
    private final RecordExchange exchange = new RecordExchange(100, 50, control, polled);

    @Test
    void aFullPartitionIsPausedAloneAndResumedAtTheLowWatermark() throws InterruptedException {
        open(0, 1);
        asked.clear();

        exchange.offer(List.of(record(0, 0, 60), record(1, 0, 60), record(0, 1, 60)));
        assertThat(asked).containsExactly("pause 0");
        exchange.take(0);
        assertThat(asked).containsExactly("pause 0");
        exchange.take(0);

        assertThat(asked).containsExactly("pause 0", "resume 0");
    }

    @Test
    void aRecordThatIsFetchedAgainIsTakenInOnce() throws InterruptedException {
        open(0);

        exchange.offer(List.of(record(0, 5, 1), record(0, 7, 1)));
        exchange.offer(List.of(record(0, 5, 1), record(0, 7, 1), record(0, 8, 1)));

        assertThat(offsets(0, 3)).containsExactly(5L, 7L, 8L);
    }

    @Test
    void aPartitionThatTheRunHasNotIsHeldStillAndNamed() {
        exchange.assign(List.of(0, 2), control);
        exchange.open(Map.of(0, RecordExchange.Range.from(0)));
        exchange.assign(List.of(1), control);
        assertThat(exchange.unread()).containsExactly(1, 2);
        assertThat(asked).contains("pause 1", "pause 2").doesNotContain("resume 1", "resume 2");

        exchange.revoke(List.of(2));

        assertThat(exchange.unread()).containsExactly(1);
    }

    @Test
    void anAssignmentSeeksToWhatIsAwaitedNeverToTheGroupsOffset() {
        exchange.open(Map.of(0, RecordExchange.Range.from(40), 1, RecordExchange.Range.from(7)));
        exchange.assign(List.of(0, 1), control);
        assertThat(asked).containsExactly("seek 0 to 40", "resume 0", "seek 1 to 7", "resume 1");
        assertThat(exchange.ready()).isTrue();

        exchange.offer(List.of(record(0, 41, 1)));
        exchange.revoke(List.of(0));
        assertThat(exchange.ready()).isFalse();
        asked.clear();
        exchange.assign(List.of(0), control);

        assertThat(asked).containsExactly("seek 0 to 42", "resume 0");
    }

    @Test
    void partitionsThatComeBeforeTheStateIsRestoredArePausedUntilItIs() {
        exchange.assign(List.of(0), control);
        exchange.offer(List.of(record(0, 0, 1)));
        assertThat(asked).containsExactly("seek 0 to 0", "pause 0");
        assertThat(exchange.ready()).isFalse();
        asked.clear();

        exchange.open(Map.of(0, RecordExchange.Range.from(9)));

        assertThat(asked).containsExactly("seek 0 to 9", "resume 0");
        assertThat(exchange.ready()).isTrue();
    }

    @Test
    void aBoundedPartitionEndsAtItsEndHoweverTheConsumerStands() throws Exception {
        exchange.open(Map.of(0, new RecordExchange.Range(0, 2)));
        exchange.assign(List.of(0), control);
        exchange.observe(0, 2, 0, -1);
        CompletableFuture<Taken> taken = taking(0);
        assertThat(taken).isNotDone();

        exchange.offer(List.of(record(0, 0, 1), record(0, 1, 1), record(0, 2, 1)));

        assertThat(taken.get(10, TimeUnit.SECONDS)).isInstanceOf(Taken.Next.class);
        assertThat(exchange.take(0)).isInstanceOf(Taken.Next.class);
        assertThat(exchange.take(0)).isInstanceOf(Taken.Exhausted.class);
    }

    @Test
    void anEndlessPartitionIsAtItsLogEndUntilMoreComes() throws Exception {
        open(0);
        exchange.offer(List.of(record(0, 0, 1)));
        exchange.observe(0, 1, 0, 0);

        assertThat(exchange.take(0)).isInstanceOf(Taken.Next.class);
        assertThat(exchange.take(0)).isInstanceOf(Taken.AtLogEnd.class);
        exchange.offer(List.of(record(0, 1, 1)));

        exchange.awaitAny(List.of(0));
        assertThat(exchange.take(0)).isInstanceOf(Taken.Next.class);
    }

    @Test
    void aPartitionWhoseRecordsAreStillOnTheirWayIsNotAtItsLogEnd() throws Exception {
        open(0);
        // Polled up to @1, and not offered yet.
        exchange.observe(0, 2, 0, 1);
        CompletableFuture<Taken> taken = taking(0);

        exchange.offer(List.of(record(0, 0, 1), record(0, 1, 1)));

        assertThat(taken.get(10, TimeUnit.SECONDS)).isInstanceOf(Taken.Next.class);
    }

    @Test
    void whatWasOnItsWayWhenAPartitionWasRewoundDoesNotEndItsNextPass() throws Exception {
        exchange.open(Map.of(0, new RecordExchange.Range(0, 2)));
        exchange.assign(List.of(0), control);
        exchange.offer(List.of(record(0, 0, 1), record(0, 1, 1), record(0, 2, 1)));
        assertThat(offsets(0, 2)).containsExactly(0L, 1L);
        assertThat(exchange.take(0)).isInstanceOf(Taken.Exhausted.class);
        assertThat(asked).contains("pause 0");

        // When
        exchange.rewind(0, 0);
        exchange.offer(List.of(record(0, 3, 1), record(0, 4, 1)));
        CompletableFuture<Taken> taken = taking(0);
        polled.returned(0, 0, 2);
        exchange.offer(List.of(record(0, 0, 1), record(0, 1, 1), record(0, 2, 1)));

        // Then
        assertThat(taken.get(10, TimeUnit.SECONDS)).isInstanceOf(Taken.Next.class);
        assertThat(offsets(0, 1)).containsExactly(1L);
        assertThat(exchange.take(0)).isInstanceOf(Taken.Exhausted.class);
    }

    @Test
    void whatWasOnItsWayTwiceWhenAPartitionWasRewoundDoesNotBeginItsNextPass() throws Exception {
        // Given a run that goes on at @1, and has it fetched again, for the partition is taken away and comes back
        exchange.open(Map.of(0, new RecordExchange.Range(1, 2)));
        exchange.assign(List.of(0), control);
        polled.returned(0, 1, 1);
        exchange.revoke(List.of(0));
        exchange.assign(List.of(0), control);
        polled.returned(0, 1, 1);
        exchange.offer(List.of(record(0, 1, 1)));
        assertThat(offsets(0, 1)).containsExactly(1L);

        // When
        exchange.rewind(0, 0);
        exchange.offer(List.of(record(0, 1, 1)));
        polled.returned(0, 0, 1);
        exchange.offer(List.of(record(0, 0, 1), record(0, 1, 1)));

        // Then
        assertThat(offsets(0, 2)).containsExactly(0L, 1L);
        assertThat(exchange.take(0)).isInstanceOf(Taken.Exhausted.class);
    }

    @Test
    void whatWasAskedBeforeAPartitionWasTakenAwayDoesNotHaveTheLastWord() throws InterruptedException {
        // Given a pause that has not taken effect when the partition is taken away
        open(0);
        exchange.offer(List.of(record(0, 0, 60), record(0, 1, 60)));
        exchange.revoke(List.of(0));
        exchange.take(0);
        asked.clear();

        // When it comes back, and wants more
        exchange.assign(List.of(0), new FlowControl() {
            @Override
            public void pause(int partition) {
                asked.add("pause at once");
            }

            @Override
            public void resume(int partition) {
                asked.add("resume at once");
            }

            @Override
            public void seek(int partition, long offset) {}
        });

        assertThat(asked).containsExactly("resume at once", "resume 0");
    }

    @Test
    void aPartitionThatWasTakenAwayIsAwaitedEvenIfItStoodAtItsLogEnd() throws Exception {
        open(0);
        exchange.observe(0, 0, 0, -1);
        assertThat(exchange.take(0)).isInstanceOf(Taken.AtLogEnd.class);

        exchange.revoke(List.of(0));
        CompletableFuture<Taken> taken = taking(0);
        exchange.assign(List.of(0), control);
        exchange.offer(List.of(record(0, 0, 1)));

        assertThat(taken.get(10, TimeUnit.SECONDS)).isInstanceOf(Taken.Next.class);
    }

    @Test
    void aBrokenConsumerReachesWhoeverWaits() {
        open(0);
        CompletableFuture<Taken> taken = taking(0);

        exchange.fail(new IntakeFailedException("fenced"));

        assertThat(exchange.ready()).isFalse();
        assertThat(exchange.failure()).hasValue("fenced");
        assertThatThrownBy(exchange::requireConsumer).hasMessage("fenced");

        assertThatThrownBy(() -> taken.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .rootCause()
                .hasMessageContaining("fenced");
    }

    private void open(int... partitions) {
        Map<Integer, RecordExchange.Range> ranges = new java.util.TreeMap<>();
        List<Integer> numbers = new ArrayList<>();
        for (int partition : partitions) {
            ranges.put(partition, RecordExchange.Range.from(0));
            numbers.add(partition);
        }
        exchange.open(ranges);
        exchange.assign(numbers, control);
    }

    private CompletableFuture<Taken> taking(int partition) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return exchange.take(partition);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private List<Long> offsets(int partition, int count) throws InterruptedException {
        List<Long> offsets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (exchange.take(partition) instanceof Taken.Next next) {
                offsets.add(next.record().offset());
            }
        }
        return offsets;
    }

    private static ConsumerRecord<byte[], byte[]> record(int partition, long offset, int size) {
        return new ConsumerRecord<>(
                "documents",
                partition,
                offset,
                0L,
                org.apache.kafka.common.record.TimestampType.CREATE_TIME,
                0,
                size,
                new byte[0],
                new byte[size],
                new org.apache.kafka.common.header.internals.RecordHeaders(),
                java.util.Optional.empty());
    }
}
