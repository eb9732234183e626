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
    private final Vertx vertx = Vertx.vertx();
    private final Context context = vertx.getOrCreateContext();
    private final AtomicLong free = new AtomicLong();
    private final List<String> served = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get();
    }

    @Test
    void whoWantsMoreWaitsBehindThoseWhoWantTheirFirst() {
        Turns turns = new Turns(free::get, Duration.ofMinutes(1));
        wants(turns, "huge", true);
        wants(turns, "slow", true);
        wants(turns, "small", false);

        // Each turn fills the room, and then the broker makes room for one more.
        for (int turn = 1; turn <= 7; turn++) {
            int seen = turn;
            free.set(Turns.TURN_BYTES);
            await().until(() -> served.size() == seen);
        }

        assertThat(served).containsExactly("huge", "slow", "small", "huge", "slow", "huge", "slow");
    }

    @Test
    void whoeverWaitsTooLongIsToldSo() {
        Turns turns = new Turns(free::get, Duration.ofMillis(50));

        turns.take(context, () -> served.add("free"), () -> served.add("refused"));

        await().until(() -> served.size() == 1);
        assertThat(served).containsExactly("refused");
    }

    private void wants(Turns turns, String name, boolean more) {
        turns.take(
                context,
                () -> {
                    free.set(0);
                    served.add(name);
                    if (more) {
                        wants(turns, name, true);
                    }
                },
                () -> served.add("refused"));
    }
}
