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
import org.eclipse.microprofile.config.Config;
import org.junit.jupiter.api.Test;

class BrokerCheckTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Config CONFIG = new SmallRyeConfigBuilder()
            .withDefaultValue("mp.messaging.outgoing." + DocumentPublisher.CHANNEL + ".topic", "documents")
            .build();

    /// A broker that has fallen silent: whoever connects hears nothing.
    @Test
    void whileTheBrokerIsSilentNoTopicWaitsForTheAnswerOfAnother() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            BrokerCheck check =
                    new BrokerCheck(CONFIG, Map.of("bootstrap.servers", "localhost:" + silent.getLocalPort()));
            ConcurrentLinkedQueue<BrokerCheck.Availability> answers = new ConcurrentLinkedQueue<>();
            List<Thread> asking = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                String topic = "topic-" + i;
                asking.add(Thread.ofPlatform().start(() -> answers.add(check.within(topic, Duration.ZERO))));
            }

            await().atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> asking.stream().allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING));

            for (Thread thread : asking) {
                thread.join(LIMIT);
            }
            assertThat(answers)
                    .hasSize(8)
                    .allSatisfy(answer -> assertThat(answer).isInstanceOf(BrokerCheck.Availability.Unavailable.class));
            check.close();
        }
    }

    @Test
    void whoAsksWhileAnAnswerIsOnItsWayGetsThatOne() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            BrokerCheck check =
                    new BrokerCheck(CONFIG, Map.of("bootstrap.servers", "localhost:" + silent.getLocalPort()));
            ConcurrentLinkedQueue<BrokerCheck.Availability> answers = new ConcurrentLinkedQueue<>();
            List<Thread> asking = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                asking.add(Thread.ofPlatform().start(() -> answers.add(check.within("one", LIMIT))));
            }
            for (Thread thread : asking) {
                thread.join(LIMIT);
            }

            BrokerCheck.Availability first = answers.element();
            assertThat(answers)
                    .hasSize(8)
                    .allSatisfy(answer -> assertThat(answer).isSameAs(first));
            check.close();
        }
    }
}
