package dev.millrace.trainer.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Token ids in rows of equal length, row by row in one array. The array is used, not copied.
public final class TokenGrid {
    private final int[] ids;
    private final int rows;
    private final int columns;

    public TokenGrid(int[] ids, int rows, int columns) {
        if (rows <= 0 || columns <= 0 || ids.length != (long) rows * columns) {
            throw new IllegalArgumentException(
                    ids.length + " ids are not " + rows + " rows of " + columns + " (each must be positive)");
        }
        this.ids = ids;
        this.rows = rows;
        this.columns = columns;
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
    /// @return int32 `[rows, columns]` on the host, belonging to `scope`
    NDArray tensor(NDManager scope) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(ids.length, Integer.BYTES))
                .order(ByteOrder.nativeOrder());
        bytes.asIntBuffer().put(ids);
        NDManager host = scope.getDevice().equals(Device.cpu()) ? scope : scope.newSubManager(Device.cpu());
        return host.create(bytes, new Shape(rows, columns), DataType.INT32);
    }
}
