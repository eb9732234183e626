package dev.millrace.producer.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.smallrye.config.SmallRyeConfigBuilder;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.eclipse.microprofile.config.Config;
import org.junit.jupiter.api.Test;

class BrokerCheckTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int ASKING = 8;
    private static final Config CONFIG = new SmallRyeConfigBuilder()
            .withDefaultValue("mp.messaging.outgoing." + DocumentPublisher.CHANNEL + ".topic", "documents")
            .build();

    @Test
    void whileTheBrokerIsSilentNoTopicWaitsForTheAnswerOfAnother() throws Exception {
        List<BrokerCheck.Availability> answers = answersOfSilence(
                (check, number) -> check.within("topic-" + number, Duration.ZERO),
                asking -> await().atMost(LIMIT)
                        .pollInterval(Duration.ofMillis(10))
                        .until(() ->
                                asking.stream().allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING)));

        assertThat(answers)
                .hasSize(ASKING)
                .allSatisfy(answer -> assertThat(answer).isInstanceOf(BrokerCheck.Availability.Unavailable.class));
    }

    @Test
    void whoAsksWhileAnAnswerIsOnItsWayGetsThatOne() throws Exception {
        List<BrokerCheck.Availability> answers = answersOfSilence((check, _) -> check.within("one", LIMIT), _ -> {});

        assertThat(answers)
                .hasSize(ASKING)
                .allSatisfy(answer -> assertThat(answer).isSameAs(answers.getFirst()));
    }

    /// Asks a broker that has fallen silent, on so many threads at once: whoever connects hears nothing.
    ///
    /// @param meanwhile what is to be seen of the threads
    private static List<BrokerCheck.Availability> answersOfSilence(
            BiFunction<BrokerCheck, Integer, BrokerCheck.Availability> question, Consumer<List<Thread>> meanwhile)
            throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            BrokerCheck check =
                    new BrokerCheck(CONFIG, Map.of("bootstrap.servers", "localhost:" + silent.getLocalPort()));
            ConcurrentLinkedQueue<BrokerCheck.Availability> answers = new ConcurrentLinkedQueue<>();
            List<Thread> asking = new ArrayList<>();
            for (int i = 0; i < ASKING; i++) {
                int number = i;
                asking.add(Thread.ofPlatform().start(() -> answers.add(question.apply(check, number))));
            }
            meanwhile.accept(asking);
            for (Thread thread : asking) {
                thread.join(LIMIT);
            }
            check.close();
            return List.copyOf(answers);
        }
    }
}
