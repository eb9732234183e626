package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;

/// One row of tokens that grows: what attention needs of those before is kept, so that a token costs one position,
/// not all of them.
///
/// A layer keeps `2 * num_key_value_heads * head_dim` numbers for a position, of latent attention `kv_lora_rank +
/// qk_rope_head_dim`. They were computed with the weights of their time: when those change, begin anew.
///
/// Belongs to the model and its thread.
public final class KeyValueCache implements AutoCloseable {
    private final DeepSeekModel model;
    private final NDManager owner;
    private final List<List<NDArray>> layers;
    private final int capacity;
    private int length;

    KeyValueCache(DeepSeekModel model, NDManager owner, int capacity) {
        if (capacity < 1 || capacity > model.config().maxPositions()) {
            owner.close();
            throw new IllegalArgumentException("A row of " + capacity + " tokens cannot be: it may have 1 to "
                    + model.config().maxPositions() + " (max_position_embeddings)");
        }
        this.model = model;
        this.owner = owner;
        this.capacity = capacity;
        this.layers = model.layers().stream()
                .map(layer -> layer.attention().room(model.kernels(), owner, capacity))
                .toList();
    }

    /// Adds tokens to the row.
    ///
    /// @return scores of every token for the place after the last one
    public float[] append(int[] tokens) {
        if (tokens.length > capacity - length) {
            throw new IllegalArgumentException(
                    tokens.length + " tokens do not fit behind " + length + " in a row of at most " + capacity);
        }
        int end = length + tokens.length;
        try (NDManager scope = owner.newSubManager()) {
            BlockPart.Pass pass = model.onwards(scope, length, end);
            NDArray x_1NM = model.embed(pass, new TokenGrid(tokens, 1, tokens.length));
            for (int layer = 0; layer < layers.size(); layer++) {
                x_1NM = model.layers().get(layer).extend(pass, x_1NM, layers.get(layer));
            }
            length = end;
            return model.head().logits(pass, x_1NM.get(":, -1:")).toFloatArray();
        }
    }

    /// Tokens in the row.
    public int length() {
        return length;
    }

    /// Tokens that it can have.
    public int capacity() {
        return capacity;
    }

    /// Begins a new row.
    public void clear() {
        length = 0;
    }

    @Override
    public void close() {
        owner.close();
    }
}
