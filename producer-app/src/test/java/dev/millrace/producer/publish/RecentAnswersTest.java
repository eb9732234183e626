package dev.millrace.producer.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecentAnswersTest {
    private static final Delivery.Delivered ON_THE_LOG = new Delivery.Delivered("documents", 1, 17, 0);
    private static final Mark TEXT = Mark.of("text");

    private final RecentAnswers answers = new RecentAnswers(3);
    private int sent;

    @Test
    void whoComesWhileTheFirstIsOnItsWayHasItsAnswer() {
        CompletableFuture<Answer> way = new CompletableFuture<>();
        CompletableFuture<Answer> first = first(Mark.of("a"), way);

        CompletableFuture<Answer> second = again(Mark.of("a"));
        way.complete(ON_THE_LOG);

        assertThat(first).isCompletedWithValue(ON_THE_LOG);
        assertThat(second).isCompletedWithValue(ON_THE_LOG);
        assertThat(sent).isEqualTo(1);
    }

    @Test
    void anotherContentIsToldAndNotSent() {
        var _ = first(Mark.of("a"), CompletableFuture.completedFuture(ON_THE_LOG));

        RecentAnswers.Found found = answers.once(Mark.of("a"), Mark.of("other"), () -> {
            throw new AssertionError("was sent");
        });

        assertThat(found).isInstanceOf(RecentAnswers.Found.Other.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsNotCertainlyOnTheLogIsSentAgain(boolean unknown) {
        Answer answer = unknown ? new Delivery.Unknown("silence") : new Delivery.Failed("away", true);
        var _ = first(Mark.of("a"), CompletableFuture.completedFuture(answer));

        var _ = first(Mark.of("a"), CompletableFuture.completedFuture(ON_THE_LOG));

        assertThat(sent).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatCouldNotBeSentIsToldAndForgotten(boolean error) {
        RecentAnswers.Found found = answers.once(Mark.of("a"), TEXT, () -> {
            if (error) {
                throw new StackOverflowError("no producer");
            }
            throw new IllegalStateException("no producer");
        });

        assertThat(found)
                .isInstanceOfSatisfying(
                        RecentAnswers.Found.First.class,
                        it -> assertThatThrownBy(() -> it.answer().join())
                                .isInstanceOf(CompletionException.class)
                                .hasMessageContaining("no producer"));
        assertThat(answers.size()).isZero();
    }

    @Test
    void theOldestMakesRoom() {
        for (String name : new String[] {"a", "b", "c", "d"}) {
            var _ = first(Mark.of(name), CompletableFuture.completedFuture(ON_THE_LOG));
        }

        assertThat(answers.size()).isEqualTo(3);
        var _ = again(Mark.of("b"));
        var _ = first(Mark.of("a"), CompletableFuture.completedFuture(ON_THE_LOG));
    }

    @Test
    void partsDoNotRunIntoEachOther() {
        assertThat(Mark.of("ab", "c")).isNotEqualTo(Mark.of("a", "bc")).isNotEqualTo(Mark.of("abc"));
    }

    private CompletableFuture<Answer> first(Mark name, CompletableFuture<Answer> way) {
        RecentAnswers.Found found = answers.once(name, TEXT, () -> {
            sent++;
            return way;
        });
        assertThat(found).isInstanceOf(RecentAnswers.Found.First.class);
        return ((RecentAnswers.Found.First) found).answer();
    }

    private CompletableFuture<Answer> again(Mark name) {
        RecentAnswers.Found found = answers.once(name, TEXT, () -> {
            throw new AssertionError("was sent again");
        });
        assertThat(found).isInstanceOf(RecentAnswers.Found.Again.class);
        return ((RecentAnswers.Found.Again) found).answer();
    }
}
