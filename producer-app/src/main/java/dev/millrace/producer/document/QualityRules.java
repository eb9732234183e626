package dev.millrace.producer.document;

import dev.millrace.producer.document.QualityConfig.Damage;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Holds texts against rules, as [QualityConfig] has them.
public record QualityRules(
        OptionalInt minLength,
        OptionalInt maxLength,
        OptionalDouble maxSymbols,
        OptionalDouble maxRepeatedLines,
        OptionalDouble maxRepeatedPhrase,
        Damage damage) {
    /// Refuse nothing.
    public static final QualityRules NONE = new QualityRules(
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            Damage.ACCEPT);

    private static final String PREFIX = "millrace.quality.";

    /// @param fault of which kind
    /// @param reason for people; never the content
    record Finding(Fault fault, String reason) {}

    /// @throws IllegalArgumentException naming the setting that makes no sense
    public QualityRules {
        checkShare(maxSymbols, "max-symbols");
        checkShare(maxRepeatedLines, "max-repeated-lines");
        checkShare(maxRepeatedPhrase, "max-repeated-phrase");
        if (minLength.orElse(0) > maxLength.orElse(Integer.MAX_VALUE)) {
            throw new IllegalArgumentException(PREFIX + "min-length = " + minLength.getAsInt() + " is more than "
                    + PREFIX + "max-length = " + maxLength.getAsInt());
        }
    }

    /// @throws IllegalArgumentException naming the setting that makes no sense
    public static QualityRules of(QualityConfig config) {
        return new QualityRules(
                config.minLength(),
                config.maxLength(),
                config.maxSymbols(),
                config.maxRepeatedLines(),
                config.maxRepeatedPhrase(),
                config.encoding());
    }

    private static void checkShare(OptionalDouble value, String name) {
        if (value.isPresent() && !(value.getAsDouble() >= 0 && value.getAsDouble() <= 1)) {
            throw new IllegalArgumentException(
                    PREFIX + name + " = " + value.getAsDouble() + " is no share, which lies between 0 and 1");
        }
    }

    /// The document of a text: taken, flagged or refused.
    ///
    /// @param refused what a finding comes to, with its place
    Admission admit(Document document, String text, Function<Finding, Admission.Rejected> refused) {
        Optional<Finding> poor = judge(text);
        return poor.isPresent()
                ? refused.apply(poor.get())
                : new Admission.Accepted(flag(text).map(document::flagged).orElse(document));
    }

    /// What a text is refused for, the cheapest rule first.
    Optional<Finding> judge(String text) {
        Finding finding = length(text);
        if (finding == null && maxSymbols.isPresent()) {
            finding = above(Fault.SYMBOLS, TextShape.symbols(text), maxSymbols, "max-symbols", "symbols");
        }
        if (finding == null && maxRepeatedLines.isPresent()) {
            finding = above(
                    Fault.REPETITION,
                    TextShape.repeatedLines(text),
                    maxRepeatedLines,
                    "max-repeated-lines",
                    "repeated lines");
        }
        if (finding == null && maxRepeatedPhrase.isPresent()) {
            finding = above(
                    Fault.REPETITION,
                    TextShape.mostFrequentPhrase(text),
                    maxRepeatedPhrase,
                    "max-repeated-phrase",
                    "one phrase");
        }
        if (finding == null && damage == Damage.REFUSE) {
            finding = EncodingDamage.find(text)
                    .map(sign -> new Finding(Fault.DAMAGED, "has signs of a wrong decoding: " + sign.text()))
                    .orElse(null);
        }
        return Optional.ofNullable(finding);
    }

    /// What a text that is taken is flagged for.
    Optional<EncodingDamage> flag(String text) {
        return damage == Damage.FLAG ? EncodingDamage.find(text) : Optional.empty();
    }

    private @Nullable Finding length(String text) {
        if (minLength.isEmpty() && maxLength.isEmpty()) {
            return null;
        }
        int length = text.codePointCount(0, text.length());
        if (length < minLength.orElse(0)) {
            return new Finding(
                    Fault.LENGTH,
                    "has " + length + " characters, fewer than " + PREFIX + "min-length = " + minLength.getAsInt());
        }
        return length <= maxLength.orElse(Integer.MAX_VALUE)
                ? null
                : new Finding(
                        Fault.LENGTH,
                        "has " + length + " characters, more than " + PREFIX + "max-length = " + maxLength.getAsInt());
    }

    private static @Nullable Finding above(Fault fault, double share, OptionalDouble limit, String name, String what) {
        return share <= limit.getAsDouble()
                ? null
                : new Finding(
                        fault,
                        String.format(
                                Locale.ROOT,
                                "is %.3f %s, more than %s%s = %s",
                                share,
                                what,
                                PREFIX,
                                name,
                                limit.getAsDouble()));
    }
}
