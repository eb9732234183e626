package dev.millrace.trainer.batch;

import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Micro-batches of a step: few while gradients are steep, more later (DeepSeek-V3, arXiv 2412.19437, section 4.2,
/// goes from 3,072 to 15,360 sequences). A pure function of the step's number, so that a run that goes on, and steps
/// that are made again, need no state of it.
///
/// @param first of the steps before the first of `later`
/// @param later from which step on, steps being counted from 1, there are how many
public record BatchRamp(int first, NavigableMap<Long, Integer> later) {
    private static final String PROPERTY = "millrace.batch.ramp";
    private static final Pattern FORM = Pattern.compile("(\\d{1,18}):(\\d{1,5})");
    private static final int MOST = 1 << 16;

    public BatchRamp {
        later = new TreeMap<>(later);
        requireCount("millrace.batch.accumulation", first);
        later.forEach((step, count) -> {
            if (step < 1) {
                throw new IllegalArgumentException(PROPERTY + " names step " + step + ", the first step is 1");
            }
            requireCount(PROPERTY, count);
        });
    }

    private static void requireCount(String property, int count) {
        if (count < 1 || count > MOST) {
            throw new IllegalArgumentException(
                    property + " wants " + count + " micro-batches in a step, there are 1 to " + MOST);
        }
    }

    /// As many in each step.
    public static BatchRamp constant(int microBatches) {
        return new BatchRamp(microBatches, new TreeMap<>());
    }

    /// Reads `step:micro-batches`, ascending.
    ///
    /// @param accumulation of the steps before
    /// @throws IllegalArgumentException naming the setting
    public static BatchRamp parse(int accumulation, List<String> ramp) {
        NavigableMap<Long, Integer> later = new TreeMap<>();
        for (String text : ramp) {
            Matcher parts = FORM.matcher(text.strip());
            if (!parts.matches()) {
                throw new IllegalArgumentException(PROPERTY + " = " + text
                        + " is no stage: step:micro-batches is, such as 1000:2, and several with commas between");
            }
            long step = Long.parseLong(parts.group(1));
            if (!later.isEmpty() && step <= later.lastKey()) {
                throw new IllegalArgumentException(
                        PROPERTY + " names step " + step + " after step " + later.lastKey() + ": stages must ascend");
            }
            later.put(step, Integer.parseInt(parts.group(2)));
        }
        return new BatchRamp(accumulation, later);
    }

    /// Micro-batches of a step.
    ///
    /// @param step counted from 1
    public int at(long step) {
        Map.Entry<Long, Integer> stage = later.floorEntry(step);
        return stage == null ? first : stage.getValue();
    }
}
