package dev.millrace.trainer.batch;

import dev.millrace.trainer.pack.Position;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Records that a run leaves out from some place on. Part of the composition of the step that it came with, so that
/// the steps before it can be made again as they were.
///
/// @param from where its partition had been read to by then: what lies before was used, and stays so
public record Skip(Range range, Position from) {

    /// Records of one partition, by offset, both ends included.
    public record Range(int partition, long first, long last) {
        private static final Pattern FORM = Pattern.compile("(\\d{1,9}):(\\d{1,18})-(\\d{1,18})");

        /// Reads `partition:first-last`.
        ///
        /// @throws IllegalArgumentException naming the setting
        public static Range parse(String text) {
            Matcher parts = FORM.matcher(text.strip());
            if (!parts.matches()) {
                throw new IllegalArgumentException(
                        "millrace.intake.skip = " + text
                                + " is no range: partition:first-last is, such as 0:1000-1999, and several with commas between");
            }
            Range range = new Range(
                    Integer.parseInt(parts.group(1)), Long.parseLong(parts.group(2)), Long.parseLong(parts.group(3)));
            if (range.last < range.first) {
                throw new IllegalArgumentException("millrace.intake.skip = " + text + " ends before it begins");
            }
            return range;
        }
    }

    /// Whether a record is left out when it is read at this place.
    public boolean holds(int partition, Position at) {
        return partition == range.partition()
                && at.offset() >= range.first()
                && at.offset() <= range.last()
                && at.compareTo(from) >= 0;
    }
}
