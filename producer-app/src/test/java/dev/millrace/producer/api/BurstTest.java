package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BurstTest {
    @Test
    void reportsAreTakenInTheOrderOfTheDocumentsAndTheLastOneWakesOnce() {
        AtomicInteger woken = new AtomicInteger();
        Burst burst = new Burst(3, woken::incrementAndGet);

        burst.report(2, report(2));
        burst.seal();
        burst.report(0, report(0));
        assertThat(burst.isComplete()).isFalse();
        burst.report(1, report(1));

        assertThat(woken).hasValue(1);
        assertThat(take(burst)).containsExactly("0", "1", "2");
    }

    @Test
    void whatIsCompleteWhenItIsSealedWakesNobody() {
        AtomicInteger woken = new AtomicInteger();
        Burst burst = new Burst(1, woken::incrementAndGet);

        burst.report(0, report(0));
        assertThat(burst.isComplete()).isFalse();
        burst.seal();

        assertThat(burst.isComplete()).isTrue();
        assertThat(woken).hasValue(0);
    }

    @Test
    void whoeverIsLastTheBurstIsSeenToBeComplete() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (int round = 0; round < 2_000; round++) {
                AtomicInteger woken = new AtomicInteger();
                Burst burst = new Burst(2, woken::incrementAndGet);
                var first = threads.submit(() -> burst.report(0, report(0)));
                var second = threads.submit(() -> burst.report(1, report(1)));
                burst.seal();
                boolean seen = burst.isComplete();
                first.get();
                second.get();

                assertThat(seen || woken.get() == 1).isTrue();
                assertThat(take(burst)).containsExactly("0", "1");
            }
        }
    }

    private static Report report(long index) {
        return Report.Unsent.rejected(index, Long.toString(index));
    }

    private static List<String> take(Burst burst) {
        List<String> reasons = new ArrayList<>();
        while (burst.hasNext()) {
            reasons.add(((Report.Unsent) burst.next()).reason());
        }
        return reasons;
    }
}
