package dev.millrace.trainer.batch;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A setting that has other values from later steps on, as DeepSeek-V3's batch size, bias rate and weight of
/// multi-token prediction (arXiv 2412.19437, section 4.2). A pure function of the step's number, so that a run that
/// goes on, and steps that are made again, need no state of it.
///
/// @param first of the steps before the first of `later`
/// @param later from which step on, steps being counted from 1, what holds
public record Ramp<T>(T first, NavigableMap<Long, T> later) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,18}):(\\S+)");

    public Ramp {
        later = Collections.unmodifiableNavigableMap(new TreeMap<>(later));
        if (!later.isEmpty() && later.firstKey() < 1) {
            throw new IllegalArgumentException("a ramp names step " + later.firstKey() + ", the first step is 1");
        }
    }

    /// The same in each step.
    public static <T> Ramp<T> constant(T value) {
        return new Ramp<>(value, new TreeMap<>());
    }

    /// Reads `step:value`, ascending.
    ///
    /// @param property for complaints
    /// @param first of the steps before
    /// @param value reads one, and throws an [IllegalArgumentException] that says what is allowed
    /// @throws IllegalArgumentException naming the property
    public static <T> Ramp<T> parse(String property, T first, List<String> stages, Function<String, T> value) {
        NavigableMap<Long, T> later = new TreeMap<>();
        for (String text : stages) {
            Matcher parts = FORM.matcher(text.strip());
            if (!parts.matches()) {
                throw new IllegalArgumentException(property + " = " + text
                        + " is no stage: step:value is, such as 1000:2, and several with commas between");
            }
            long step = Long.parseLong(parts.group(1));
            if (step < 1) {
                throw new IllegalArgumentException(property + " names step " + step + ", the first step is 1");
            }
            if (!later.isEmpty() && step <= later.lastKey()) {
                throw new IllegalArgumentException(
                        property + " names step " + step + " after step " + later.lastKey() + ": stages must ascend");
            }
            try {
                later.put(step, value.apply(parts.group(2)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(property + " = " + text + ": " + e.getMessage(), e);
            }
        }
        return new Ramp<>(first, later);
    }

    /// What holds in some step or other.
    public Stream<T> values() {
        return Stream.concat(Stream.of(first), later.values().stream());
    }

    /// What holds in a step.
    ///
    /// @param step counted from 1
    public T at(long step) {
        Map.Entry<Long, T> stage = later.floorEntry(step);
        return stage == null ? first : stage.getValue();
    }
}
