package dev.millrace.quickstart;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the trainer's progress lines, and shows some of them.
final class Losses {
    private static final Pattern PROGRESS = Pattern.compile("step ([\\d,]+).*?  loss ([\\d.]+).*");
    private static final int SHOWN = 20;

    private volatile double first = Double.NaN;

    void see(String line) {
        Matcher matcher = PROGRESS.matcher(line);
        if (!matcher.find()) {
            return;
        }
        long step = Long.parseLong(matcher.group(1).replace(",", ""));
        if (Double.isNaN(first)) {
            first = Double.parseDouble(matcher.group(2));
        }
        if (step == 1 || step % SHOWN == 0) {
            System.out.println(matcher.group());
        }
    }

    /// In nats per token; NaN where no step was seen.
    double first() {
        return first;
    }
}
