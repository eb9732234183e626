package dev.millrace.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CorpusTest {
    @Test
    void isTheSameInWhateverOrderTheFilesAreFound() {
        // Given
        List<Corpus.Text> shuffled = new ArrayList<>(texts(100));
        Collections.shuffle(shuffled, new Random(7));
        // When
        Corpus corpus = Corpus.select(shuffled, 800);
        // Then
        assertThat(corpus).isEqualTo(Corpus.select(texts(100), 800));
        assertThat(corpus.heldOut()).extracting(Corpus.Text::path).containsExactly("f019", "f039", "f059", "f079");
        assertThat(corpus.fed()).hasSize(76).doesNotContainAnyElementsOf(corpus.heldOut());
    }

    @Test
    void isRefusedWithNothingHeldOut() {
        assertThatThrownBy(() -> Corpus.select(texts(5), 800)).hasMessageContaining("0 held out");
    }

    private static List<Corpus.Text> texts(int count) {
        List<Corpus.Text> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(new Corpus.Text("f%03d".formatted(i), "content %02d".formatted(i % 100)));
        }
        return texts;
    }
}
