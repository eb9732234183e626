package dev.millrace.producer.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.producer.source.FileAccess;
import dev.millrace.producer.source.FileTree;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Orders and cancellations of one ingestion, by one process and another.
class IngestionOrdersTest extends IngestionTrial {
    @Test
    void whatANewerOrderRunsIsLeftToItAndNotDisturbed() throws Exception {
        // Given
        Path file = lines("a.jsonl", 5);
        Ingestion older = ingestion();
        Ingestion newer = ingestion();
        memory.onSend(3, newer::order);

        // When
        assertThatThrownBy(() -> older.run(FileTree.expand(file, FileAccess.ANY)))
                .isInstanceOf(IngestionFailedException.class)
                .hasMessageContaining("another process");

        // Then
        assertThat(memory.visible()).isEmpty();
        IngestionLog log = memory.opener().open();
        assertThatThrownBy(() -> older.run(FileTree.expand(file, FileAccess.ANY)))
                .isInstanceOf(IngestionFailedException.class);
        older.fail("a file cannot be read");
        log.commit(newer.state().running(Totals.NONE), List.of());
        assertThat(newer.run(FileTree.expand(file, FileAccess.ANY)).totals().delivered())
                .isEqualTo(5);
        assertThat(memory.visible()).containsExactly("0", "1", "2", "3", "4");
    }

    @Test
    void whoWasFencedOffByOneThatDidNotOrderItGoesOn() throws Exception {
        Path file = lines("a.jsonl", 5);
        memory.onSend(3, () -> memory.opener().open().close());

        Totals totals = ingest(file);

        assertThat(memory.visible()).containsExactly("0", "1", "2", "3", "4");
        assertThat(totals.delivered()).isEqualTo(5);
        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.DONE);
    }

    @Test
    void whatIsCancelledWhileItWaitsIsNotRunAndANewOrderIs() throws Exception {
        // Given
        Path file = lines("a.jsonl", 5);
        Ingestion waiting = ingestion();
        waiting.order();
        cancel();

        // When
        Ingestion.End end = waiting.run(FileTree.expand(file, FileAccess.ANY));

        // Then
        assertThat(end).isEqualTo(new Ingestion.End(Totals.NONE, true));
        assertThat(memory.visible()).isEmpty();
        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.CANCELLED);
        ingest(file);
        assertThat(memory.visible()).hasSize(5);
    }

    @Test
    void whatIsCancelledWhileItRunsEndsAndANewOrderGoesOn() throws Exception {
        // Given
        Path file = lines("a.jsonl", 10);
        memory.onSend(7, this::cancel);

        // When
        Ingestion.End end = ingestion(memory, Duration.ZERO).run(FileTree.expand(file, FileAccess.ANY));

        // Then
        assertThat(end.stopped()).isTrue();
        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.CANCELLED);
        assertThat(memory.visible()).containsExactly("0", "1", "2", "3", "4", "5");
        assertThat(ingest(file).delivered()).isEqualTo(4);
        assertThat(memory.visible()).hasSize(10).doesNotHaveDuplicates();
    }

    @Test
    void whatFailsAfterItWasCancelledStaysCancelledAndWhatIsDoneStaysDone() throws Exception {
        Ingestion cancelled = ingestion();
        cancelled.order();
        cancel();

        cancelled.fail("a file cannot be read");

        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.CANCELLED);
        ingest(lines("a.jsonl", 1));
        cancel();
        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.DONE);
    }

    @Test
    void anOrphanIsTakenOverOnceAndNotWhereAnythingWasWrittenSince() throws Exception {
        Ingestion gone = ingestion();
        gone.order();
        IngestionState orphan = gone.state();

        assertThat(ingestion().orderInPlaceOf(orphan)).isTrue();
        assertThat(ingestion().orderInPlaceOf(orphan)).isFalse();
        cancel();

        assertThat(ingestion().orderInPlaceOf(orphan)).isFalse();
        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.CANCELLED);
    }

    @Test
    void whatEndsOneProcessAfterAnotherIsGivenUpUnlessItGetsFurther() throws Exception {
        // Given
        Path file = lines("a.jsonl", 20);
        // The third gets further before it ends; three more end where it did.
        for (int send : new int[] {1, 2, 9, 10, 11, 12}) {
            memory.onSend(send, () -> {
                throw new MemoryLog.Crash();
            });
        }
        Ingestion first = ingestion(memory, Duration.ZERO);
        first.order();
        assertThatThrownBy(() -> first.run(FileTree.expand(file, FileAccess.ANY)))
                .isInstanceOf(MemoryLog.Crash.class);
        for (int takenOver = 0; takenOver < 5; takenOver++) {
            Ingestion next = ingestion(memory, Duration.ZERO);
            assertThat(next.orderInPlaceOf(memory.state())).isTrue();
            assertThatThrownBy(() -> next.run(FileTree.expand(file, FileAccess.ANY)))
                    .isInstanceOf(MemoryLog.Crash.class);
        }
        assertThat(memory.visible()).hasSize(6);

        // When
        Ingestion last = ingestion(memory, Duration.ZERO);
        assertThat(last.orderInPlaceOf(memory.state())).isTrue();

        // Then
        assertThatThrownBy(() -> last.run(FileTree.expand(file, FileAccess.ANY)))
                .isInstanceOf(IngestionFailedException.class)
                .hasMessageContaining("3 processes in turn ended");
        assertThat(ingest(file).delivered()).isEqualTo(14);
        assertThat(memory.visible()).hasSize(20).doesNotHaveDuplicates();
    }

    private void cancel() {
        var _ = memory.opener().end(_ -> true, IngestionState.Phase.CANCELLED, "");
    }
}
