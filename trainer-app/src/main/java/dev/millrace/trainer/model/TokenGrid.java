package dev.millrace.trainer.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Token ids in rows of equal length, row by row in one array. The array is used, not copied.
///
/// A row is one text, or several that are to be kept apart, see [#apart].
public final class TokenGrid {
    private final int[] ids;
    private final int @Nullable [] places;
    private final int rows;
    private final int columns;
    private final @Nullable Staged staged;

    /// What is on the device already.
    private record Staged(NDArray ids_BT, Optional<NDArray> places_BT) {}

    public TokenGrid(int[] ids, int rows, int columns) {
        this(ids, rows, columns, null, null);
    }

    private TokenGrid(int[] ids, int rows, int columns, int @Nullable [] places, @Nullable Staged staged) {
        if (rows <= 0 || columns <= 0 || ids.length != (long) rows * columns) {
            throw new IllegalArgumentException(
                    ids.length + " ids are not " + rows + " rows of " + columns + " (each must be positive)");
        }
        this.ids = ids;
        this.rows = rows;
        this.columns = columns;
        this.places = places;
        this.staged = staged;
    }

    /// The same tokens, of which the tensors are made ahead.
    ///
    /// @param scope where they are made, on the host
    /// @param copy brings one to the device
    TokenGrid staged(NDManager scope, UnaryOperator<NDArray> copy) {
        Staged ahead = new Staged(copy.apply(tensor(scope)), places(scope).map(copy));
        return new TokenGrid(ids, rows, columns, places, ahead);
    }

    /// The same tokens as inputs of which each sees only those before it in its own document.
    ///
    /// @param of each token its place in its document, counted from 0 where its row begins
    /// @throws IllegalArgumentException where a place is neither 0 nor one more than that to its left
    public TokenGrid apart(int[] of) {
        if (of.length != ids.length) {
            throw new IllegalArgumentException(of.length + " places for " + ids.length + " tokens: they must be alike");
        }
        for (int i = 0; i < of.length; i++) {
            if (of[i] != 0 && (i % columns == 0 || of[i] != of[i - 1] + 1)) {
                throw new IllegalArgumentException("Place " + of[i] + " in row " + i / columns + ", column "
                        + i % columns + " follows none before it");
            }
        }
        return new TokenGrid(ids, rows, columns, of, null);
    }

    /// These targets, but none where an input is the first of a document: who predicts two tokens on would predict it
    /// from another document.
    TokenGrid within(TokenGrid inputs) {
        int[] starts = inputs.places;
        if (starts == null) {
            return this;
        }
        int[] kept = ids.clone();
        for (int i = 0; i < kept.length; i++) {
            if (starts[i] == 0) {
                kept[i] = DeepSeekModel.IGNORED_TARGET;
            }
        }
        return new TokenGrid(kept, rows, columns);
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /// Targets that are trained on.
    public long trainedTargets() {
        long trained = 0;
        for (int id : ids) {
            trained += id == DeepSeekModel.IGNORED_TARGET ? 0 : 1;
        }
        return trained;
    }

    /// libtorch answers an id beyond the vocabulary with an error far from its cause, or on a GPU with a dead
    /// context.
    void requireWithin(int vocabulary, boolean ignoredAllowed) {
        for (int i = 0; i < ids.length; i++) {
            int id = ids[i];
            if ((id < 0 || id >= vocabulary) && !(ignoredAllowed && id == DeepSeekModel.IGNORED_TARGET)) {
                throw new IllegalArgumentException("Token id " + id + " in row " + i / columns + ", column "
                        + i % columns + " is outside the vocabulary of " + vocabulary);
            }
        }
    }

    /// The ids for libtorch.
    ///
    /// @return int32 `[rows, columns]`, on the host and belonging to `scope`, or where they have been staged
    NDArray tensor(NDManager scope) {
        return staged == null ? tensor(scope, ids) : staged.ids_BT();
    }

    /// The places for libtorch, where documents are to be kept apart.
    ///
    /// @return as [#tensor]
    Optional<NDArray> places(NDManager scope) {
        return staged == null ? Optional.ofNullable(places).map(each -> tensor(scope, each)) : staged.places_BT();
    }

    private NDArray tensor(NDManager scope, int[] values) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(values.length, Integer.BYTES))
                .order(ByteOrder.nativeOrder());
        bytes.asIntBuffer().put(values);
        NDManager host = scope.getDevice().equals(Device.cpu()) ? scope : scope.newSubManager(Device.cpu());
        return host.create(bytes, new Shape(rows, columns), DataType.INT32);
    }
}
