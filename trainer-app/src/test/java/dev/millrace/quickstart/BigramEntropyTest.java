package dev.millrace.quickstart;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class BigramEntropyTest {
    @Test
    void isTheEntropyOfAByteGivenTheOneBefore() {
        // Given after 'a': 'a' once, 'b' once; after 'b': 'a' twice
        BigramEntropy entropy = new BigramEntropy();
        entropy.add("baab".getBytes(US_ASCII));
        // When one more text begins, no pair joins it to the one before
        entropy.add("ba".getBytes(US_ASCII));
        // Then half of the four pairs cost ln 2, the others nothing
        assertThat(entropy.nats()).isCloseTo(Math.log(2) / 2, within(1e-12));
    }

    @Test
    void hasNoValueWithoutPairs() {
        assertThatThrownBy(() -> new BigramEntropy().nats()).hasMessageContaining("corpus is empty");
    }
}
