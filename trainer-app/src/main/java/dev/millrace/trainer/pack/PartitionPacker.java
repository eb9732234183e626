package dev.millrace.trainer.pack;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;

/// Cuts the tokens of one partition, in offset order, into windows: concatenate-and-chunk, as DeepSeek packs
/// (DeepSeek-V3 report, 4.1: no cross-sample attention mask).
///
/// The windows are a pure function of the documents and the window length, and so is [#position]: a packer that
/// starts at the position of another, and is fed the same records from that record on, cuts the same windows. What
/// waits for its window here is therefore never stored.
///
/// Not thread-safe: the preparing thread owns it.
public final class PartitionPacker {
    private final int partition;
    private final int length;
    private Position position;

    /// Tokens that wait, in `buffer[head, tail)`.
    private int[] buffer;

    private int head;
    private int tail;
    /// The records that the waiting tokens belong to, oldest first.
    private final Deque<Run> runs = new ArrayDeque<>();

    /// @param first index in the record's tokens of the first one that waits
    /// @param count how many of its tokens wait
    private record Run(int epoch, long offset, int first, int count) {}

    /// @param length targets in a window
    /// @param start where the first window begins
    public PartitionPacker(int partition, int length, Position start) {
        if (length < 1) {
            throw new IllegalArgumentException("a window has at least one target, not " + length);
        }
        this.partition = partition;
        this.length = length;
        this.position = start;
        this.buffer = new int[4 * (length + 1)];
    }

    /// Takes the tokens of the next record. Of the record at which this packer started, what lies before its
    /// position is left out.
    ///
    /// @throws IllegalArgumentException if the record does not come after the last one, or is shorter than the
    ///     position says: then the log or the tokenizer is not the one that the position was made with
    public void append(int epoch, long offset, int[] tokens) {
        int first = 0;
        Run last = runs.peekLast();
        if (last != null) {
            requireAfter(last, epoch, offset);
        } else if (position.epoch() == epoch && position.offset() == offset) {
            first = position.token();
            if (first > tokens.length) {
                throw new IllegalArgumentException("partition " + partition + " stands at " + position
                        + ", but that record has only " + tokens.length
                        + " tokens: the log or the tokenizer has changed since");
            }
        } else if (new Position(epoch, offset, 0).compareTo(position) < 0) {
            throw new IllegalArgumentException(
                    "partition " + partition + " stands at " + position + ", past offset " + offset);
        }
        int count = tokens.length - first;
        if (count == 0) {
            return;
        }
        if (runs.isEmpty()) {
            position = new Position(epoch, offset, first);
        }
        reserve(count);
        System.arraycopy(tokens, first, buffer, tail, count);
        tail += count;
        runs.addLast(new Run(epoch, offset, first, count));
    }

    /// Whether a whole window waits.
    public boolean hasWindow() {
        return tail - head > length;
    }

    /// Cuts the next window.
    ///
    /// @throws IllegalStateException if there is none: ask [#hasWindow] first
    public Window next() {
        if (!hasWindow()) {
            throw new IllegalStateException("partition " + partition + " holds " + (tail - head) + " tokens of the "
                    + (length + 1) + " of a window");
        }
        return cut(length + 1, length);
    }

    /// Cuts what is left at the end of a run into a last, padded window; none where no target is left.
    public Optional<Window> flush() {
        int left = tail - head;
        if (left > length) {
            throw new IllegalStateException("partition " + partition + " still holds a whole window");
        }
        return left < 2 ? Optional.empty() : Optional.of(cut(left, left));
    }

    /// Where the next window begins.
    public Position position() {
        return position;
    }

    /// Tokens that wait for their window.
    public int waiting() {
        return tail - head;
    }

    private Window cut(int size, int consumed) {
        Position start = position;
        int[] tokens = Arrays.copyOfRange(buffer, head, head + size);
        int[] starts = starts(size);
        consume(consumed);
        return new Window(partition, start, position, length, tokens, starts);
    }

    /// Where in the next so many tokens a record begins.
    private int[] starts(int size) {
        int[] starts = new int[Math.min(size, runs.size())];
        int count = 0;
        int at = 0;
        for (Run run : runs) {
            if (at >= size) {
                break;
            }
            if (run.first() == 0) {
                starts[count++] = at;
            }
            at += run.count();
        }
        return Arrays.copyOf(starts, count);
    }

    private void consume(int count) {
        head += count;
        int left = count;
        while (left > 0) {
            Run run = runs.removeFirst();
            if (run.count() > left) {
                runs.addFirst(new Run(run.epoch(), run.offset(), run.first() + left, run.count() - left));
                left = 0;
            } else {
                left -= run.count();
                position = new Position(run.epoch(), run.offset() + 1, 0);
            }
        }
        Run next = runs.peekFirst();
        if (next != null) {
            position = new Position(next.epoch(), next.offset(), next.first());
        }
    }

    private void reserve(int count) {
        if (tail + count <= buffer.length) {
            return;
        }
        int waiting = tail - head;
        int[] target = waiting + count > buffer.length
                ? new int[Math.max(2 * buffer.length, Math.addExact(waiting, count))]
                : buffer;
        System.arraycopy(buffer, head, target, 0, waiting);
        buffer = target;
        head = 0;
        tail = waiting;
    }

    private void requireAfter(Run last, int epoch, long offset) {
        if (epoch < last.epoch() || (epoch == last.epoch() && offset <= last.offset())) {
            throw new IllegalArgumentException("partition " + partition + ": offset " + offset + " of epoch " + epoch
                    + " comes after offset " + last.offset() + " of epoch " + last.epoch());
        }
    }
}
