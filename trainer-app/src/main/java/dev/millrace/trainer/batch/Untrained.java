package dev.millrace.trainer.batch;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/// A stretch of a partition that was read, and of which nothing is trained.
///
/// @param epoch the pass in which it was read
/// @param first offset
/// @param last offset, included
/// @param why one reason, or, where too many stretches of a step would lie side by side, each that occurs in it
public record Untrained(int partition, int epoch, long first, long last, SortedSet<Why> why) {
    public Untrained {
        why = Collections.unmodifiableSortedSet(new TreeSet<>(why));
    }

    /// What keeps an offset from being trained.
    public enum Why {
        /// No record lies there that readers may see: a transaction ended there or was given up, or the log was
        /// compacted.
        @JsonProperty("absent")
        ABSENT("no record lies there"),
        /// The run passes over the log several times, and each time ends before it.
        @JsonProperty("outside")
        OUTSIDE("it lies behind what the run passes over"),
        @JsonProperty("bad")
        BAD("it is no document, and its dead letter says why"),
        @JsonProperty("duplicate")
        DUPLICATE("a document of the same id came before it"),
        @JsonProperty("medium")
        MEDIUM("it is of a medium that the model cannot use"),
        @JsonProperty("empty")
        EMPTY("the tokenizer makes no token of it"),
        @JsonProperty("taken-out")
        TAKEN_OUT("millrace.intake.skip takes it out");

        private final String words;

        Why(String words) {
            this.words = words;
        }

        /// The reason, for a person.
        public String words() {
            return words;
        }
    }

    /// Whether the offset lies in it.
    public boolean holds(int partition, long offset) {
        return partition == this.partition && first <= offset && offset <= last;
    }
}
