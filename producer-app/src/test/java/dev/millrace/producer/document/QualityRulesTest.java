package dev.millrace.producer.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.producer.document.QualityConfig.Damage;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QualityRulesTest {
    private static final OptionalInt ANY = OptionalInt.empty();
    private static final OptionalDouble ALL = OptionalDouble.empty();

    @Test
    void nothingIsRefusedUnlessItIsAskedFor() {
        assertThat(QualityRules.NONE.judge("!!!\u0007\uFFFD")).isEmpty();
        assertThat(QualityRules.NONE.flag("!!!\u0007\uFFFD")).isEmpty();
    }

    @Test
    void lengthIsCountedInCharactersAndNotInTheirParts() {
        QualityRules rules = new QualityRules(OptionalInt.of(2), OptionalInt.of(3), ALL, ALL, ALL, Damage.ACCEPT);

        assertThat(rules.judge("😀")).hasValueSatisfying(finding -> {
            assertThat(finding.fault()).isEqualTo(Fault.LENGTH);
            assertThat(finding.reason()).isEqualTo("has 1 characters, fewer than millrace.quality.min-length = 2");
        });
        assertThat(rules.judge("😀😀😀")).isEmpty();
        assertThat(rules.judge("😀😀😀😀")).isPresent();
    }

    @Test
    void symbolsAreWhatIsNeitherLetterNorDigitInAnyScript() {
        assertThat(TextShape.symbols("ab 12")).isZero();
        assertThat(TextShape.symbols("naïve नमस्ते 数据 данные")).isZero();
        assertThat(TextShape.symbols("a## #")).isEqualTo(0.75);
        assertThat(TextShape.symbols("   ")).isZero();
    }

    @Test
    void aLineThatStoodBeforeIsRepeated() {
        assertThat(TextShape.repeatedLines("menu\nhome\nmenu\n\n\n  menu\n")).isEqualTo(0.5);
        assertThat(TextShape.repeatedLines("a\nb\nc")).isZero();
    }

    @Test
    void aPhraseThatComesAgainAndAgainIsRepeatedInScriptsWithoutSpacesToo() {
        assertThat(TextShape.mostFrequentPhrase("buy it now ".repeat(10))).isEqualTo(1);
        assertThat(TextShape.mostFrequentPhrase("买它吧".repeat(10))).isEqualTo(1);
        assertThat(TextShape.mostFrequentPhrase("the cat sat on the mat and the cat sat down"))
                .isCloseTo(6.0 / 11, within(1e-9));
        assertThat(TextShape.mostFrequentPhrase("every word is another one here"))
                .isZero();
        assertThat(TextShape.mostFrequentPhrase("a a")).isZero();
    }

    @Test
    void aShareAboveItsLimitIsRefusedWithTheSettingsName() {
        QualityRules rules = new QualityRules(
                ANY, ANY, OptionalDouble.of(0.3), OptionalDouble.of(0.3), OptionalDouble.of(0.3), Damage.ACCEPT);

        assertThat(rules.judge("#### ok"))
                .hasValue(new QualityRules.Finding(
                        Fault.SYMBOLS, "is 0.667 symbols, more than millrace.quality.max-symbols = 0.3"));
        assertThat(rules.judge("one line\none line\none line"))
                .hasValueSatisfying(finding -> assertThat(finding.reason()).contains("max-repeated-lines"));
        assertThat(rules.judge("again and again and again and again and"))
                .hasValueSatisfying(finding -> assertThat(finding.reason()).contains("max-repeated-phrase"));
        assertThat(rules.judge("The quick brown fox jumps over the lazy dog.")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Grüße aus Köln", "Привет, мир", "“It’s a naïve café,” he said — déjà vu"})
    void whatWasReadInTheWrongCodeIsFoundAndTheTextItselfIsNot(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);

        assertThat(EncodingDamage.find(text)).isEmpty();
        assertThat(EncodingDamage.find(new String(bytes, StandardCharsets.ISO_8859_1)))
                .hasValue(EncodingDamage.MOJIBAKE);
        // Where Windows-1252 has no character, Java puts U+FFFD.
        assertThat(EncodingDamage.find(new String(bytes, Charset.forName("windows-1252"))))
                .isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"é…", "CORAÇÃO", "là\u00A0» et «\u00A0à", "5 µm ± 2 °C", "数据 😀", "a\tb\r\nc\fd"})
    void whatOnlyLooksLikeItIsLeftAlone(String text) {
        assertThat(EncodingDamage.find(text)).isEmpty();
    }

    @Test
    void lostAndControlCharactersAreFound() {
        assertThat(EncodingDamage.find("lo\uFFFDt")).hasValue(EncodingDamage.REPLACEMENT_CHARACTERS);
        assertThat(EncodingDamage.find("be\u0007ll")).hasValue(EncodingDamage.CONTROL_CHARACTERS);
        assertThat(EncodingDamage.find("no\uFFFEne")).hasValue(EncodingDamage.CONTROL_CHARACTERS);
    }

    @Test
    void damageIsRefusedOrFlaggedAsItIsAskedFor() {
        QualityRules refusing = new QualityRules(ANY, ANY, ALL, ALL, ALL, Damage.REFUSE);
        QualityRules flagging = new QualityRules(ANY, ANY, ALL, ALL, ALL, Damage.FLAG);

        assertThat(refusing.judge("lo\uFFFDt"))
                .hasValue(new QualityRules.Finding(Fault.DAMAGED, "has signs of a wrong decoding: U+FFFD"));
        assertThat(flagging.judge("lo\uFFFDt")).isEmpty();
        assertThat(flagging.flag("lo\uFFFDt")).hasValue(EncodingDamage.REPLACEMENT_CHARACTERS);
    }

    @Test
    void settingsThatMakeNoSenseAreNamed() {
        assertThatThrownBy(() -> new QualityRules(ANY, ANY, OptionalDouble.of(1.5), ALL, ALL, Damage.ACCEPT))
                .hasMessageContaining("millrace.quality.max-symbols = 1.5");
        assertThatThrownBy(() -> new QualityRules(OptionalInt.of(5), OptionalInt.of(4), ALL, ALL, ALL, Damage.ACCEPT))
                .hasMessageContaining("millrace.quality.min-length = 5", "millrace.quality.max-length = 4");
    }
}
