package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TurnsTest {
    private static final long LARGEST = 4 << 20;

    private final Vertx vertx = Vertx.vertx();
    private final Context context = vertx.getOrCreateContext();
    private final AtomicLong free = new AtomicLong();
    private final List<String> served = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get();
    }

    @Test
    void whoBeginsADocumentAfterTheOtherWaitsBehindThoseWhoCameBefore() {
        Turns turns = turns(Duration.ofMinutes(1));
        documents(turns, "endless", true);
        documents(turns, "slow", true);
        documents(turns, "small", false);

        // Each turn fills the room, and then the broker makes room for one more.
        for (int turn = 1; turn <= 7; turn++) {
            int seen = turn;
            free.set(Turns.TURN_BYTES);
            await().until(() -> served.size() == seen);
        }

        assertThat(served).containsExactly("endless", "slow", "small", "endless", "slow", "endless", "slow");
    }

    @Test
    void aDocumentThatHasBegunComesToItsEndBeforeThoseThatCameAfterIt() {
        free.set(-LARGEST);
        Turns turns = turns(Duration.ofMinutes(1));
        long first = turns.number();
        long second = turns.number();
        read(turns, second, "second", 1);
        read(turns, first, "first", 3);

        for (int turn = 1; turn <= 4; turn++) {
            int seen = turn;
            free.set(Turns.TURN_BYTES);
            await().until(() -> served.size() == seen);
        }

        assertThat(served).containsExactly("first", "first", "first", "second");
    }

    @Test
    void whereDocumentsThatHaveBegunFillTheRoomOneAfterTheOtherComesToItsEnd() {
        free.set(-1);
        Turns turns = turns(Duration.ofMinutes(1));
        long first = turns.number();
        long second = turns.number();
        turns.take(turns.number(), false, context, () -> served.add("has not begun"), () -> {});
        read(turns, first, "first", 3);
        read(turns, second, "second", 2);

        await().until(() -> served.size() == 3);
        assertThat(served).containsExactly("first", "first", "first");
        turns.done(first);
        await().until(() -> served.size() == 5);
        assertThat(served).endsWith("second", "second");
    }

    @Test
    void aFavouredDocumentWhoseClientSendsNoMoreKeepsNoneFromItsEnd() {
        free.set(-1);
        Turns turns = turns(Duration.ofMinutes(1));
        read(turns, turns.number(), "silent after one turn", 1);
        await().until(() -> served.size() == 1);
        read(turns, turns.number(), "next", 2);

        await().until(() -> served.size() == 3);
        assertThat(served).containsExactly("silent after one turn", "next", "next");
    }

    @Test
    void noneIsFavouredWhereTheRoomIsExceededByADocumentAlready() {
        free.set(-LARGEST);
        Turns turns = turns(Duration.ofMillis(50));

        read(turns, turns.number(), "begun", 1);

        await().until(() -> served.size() == 1);
        assertThat(served).containsExactly("refused");
    }

    @Test
    void aDocumentThatWasGivenUpWhileItWaitedKeepsNoFavourFromOthers() {
        free.set(-1);
        Turns turns = turns(Duration.ofMinutes(1));
        long gone = turns.number();
        read(turns, gone, "gone", 1);
        turns.done(gone);
        read(turns, turns.number(), "next", 1);

        await().until(() -> served.size() == 1);
        assertThat(served).containsExactly("next");
    }

    @Test
    void whoeverWaitsTooLongIsToldSo() {
        Turns turns = turns(Duration.ofMillis(50));

        turns.take(turns.number(), false, context, () -> served.add("free"), () -> served.add("refused"));

        await().until(() -> served.size() == 1);
        assertThat(served).containsExactly("refused");
    }

    private Turns turns(Duration patience) {
        return new Turns(free::get, LARGEST, patience);
    }

    /// A stream's short documents, each of one turn, which fills the room.
    private void documents(Turns turns, String name, boolean more) {
        turns.take(
                turns.number(),
                false,
                context,
                () -> {
                    free.set(0);
                    served.add(name);
                    if (more) {
                        documents(turns, name, true);
                    }
                },
                () -> served.add("refused"));
    }

    /// One document of some turns; each takes all the room that there is.
    private void read(Turns turns, long number, String name, int times) {
        turns.take(
                number,
                true,
                context,
                () -> {
                    free.updateAndGet(now -> now > 0 ? -LARGEST : now);
                    served.add(name);
                    if (times > 1) {
                        read(turns, number, name, times - 1);
                    }
                },
                () -> served.add("refused"));
    }
}
