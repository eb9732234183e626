package dev.millrace.trainer.evaluate;

import dev.millrace.trainer.generate.HeldOutLoss;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.TokenGrid;
import dev.millrace.trainer.pack.PartitionPacker;
import dev.millrace.trainer.pack.Position;
import dev.millrace.trainer.pack.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Held-out documents, packed into windows as the training packs them. What it measures is a pure function of them and
/// of the weights.
///
/// Immutable once it is built; the training thread measures.
public final class HeldOutSet {
    private final Shape shape;
    private final List<Window> windows;
    private final int documents;
    private final long bytes;

    private HeldOutSet(Builder builder, List<Window> windows) {
        this.shape = builder.shape;
        this.windows = List.copyOf(windows);
        this.documents = builder.documents;
        this.bytes = builder.bytes;
    }

    /// How the model sees them.
    ///
    /// @param windowLength targets in a window
    /// @param microBatch windows through the model at once: bounds the memory
    /// @param documentMask whether the documents of a window are kept apart
    public record Shape(int windowLength, int microBatch, boolean documentMask) {}

    /// Takes documents while there is room. One thread.
    public static final class Builder {
        private final Shape shape;
        private final int maxTokens;
        private final PartitionPacker packer;
        private int documents;
        private long tokens;
        private long bytes;

        /// @param maxTokens of all documents
        public Builder(Shape shape, int maxTokens) {
            this.shape = shape;
            this.maxTokens = maxTokens;
            this.packer = new PartitionPacker(0, shape.windowLength(), Position.startingAt(0));
        }

        /// Adds a document, whole, if there is room for it.
        ///
        /// @param ids its tokens
        /// @param size its text's bytes in UTF-8
        /// @return whether there was room
        public boolean add(int[] ids, long size) {
            if (tokens + ids.length > maxTokens) {
                return false;
            }
            packer.append(0, documents, ids);
            documents++;
            tokens += ids.length;
            bytes += size;
            return true;
        }

        /// @return none where the documents have not two tokens together
        public Optional<HeldOutSet> build() {
            List<Window> windows = new ArrayList<>();
            while (packer.hasWindow()) {
                windows.add(packer.next());
            }
            packer.flush().ifPresent(windows::add);
            return windows.isEmpty() ? Optional.empty() : Optional.of(new HeldOutSet(this, windows));
        }
    }

    /// Measures without gradients, on the model's thread; weights and router loads stay as they are.
    ///
    /// @param goOn asked before each run through the model
    /// @return none where it was not to go on
    public Optional<Evaluation> measure(DeepSeekModel model, BooleanSupplier goOn) {
        HeldOutLoss loss = HeldOutLoss.NONE;
        for (int from = 0; from < windows.size(); from += shape.microBatch()) {
            if (!goOn.getAsBoolean()) {
                return Optional.empty();
            }
            loss = loss.plus(measure(
                    model, windows.subList(from, Math.min(from + shape.microBatch(), windows.size()))));
        }
        return Optional.of(Evaluation.of(loss, bytes));
    }

    private HeldOutLoss measure(DeepSeekModel model, List<Window> rows) {
        int columns = shape.windowLength();
        int[] inputs = new int[rows.size() * columns];
        int[] targets = new int[inputs.length];
        int[] places = new int[inputs.length];
        for (int row = 0; row < rows.size(); row++) {
            rows.get(row).copyInputs(inputs, row * columns);
            rows.get(row).copyTargets(targets, row * columns);
            rows.get(row).copyPlaces(places, row * columns);
        }
        TokenGrid grid = new TokenGrid(inputs, rows.size(), columns);
        return HeldOutLoss.measure(
                model, shape.documentMask() ? grid.apart(places) : grid, new TokenGrid(targets, rows.size(), columns));
    }

    @Override
    public String toString() {
        return documents + " held-out documents of " + bytes + " bytes in " + windows.size() + " windows";
    }
}
