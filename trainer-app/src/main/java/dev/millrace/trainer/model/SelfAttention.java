package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;

/// Self-attention that can go on from positions which it has seen before: [Attention] and [LatentAttention].
interface SelfAttention extends BlockPart {

    /// Room for what is kept of each position: rows of it are filled by [#extend].
    ///
    /// @param positions that it is for
    /// @return tensors in the type of the products, belonging to `owner`
    List<NDArray> room(Kernels kernels, NDManager owner, int positions);

    /// Transforms the residual stream of the next positions, which see the ones before and themselves. Without
    /// gradients.
    ///
    /// @param pass with the mask of these positions, see [DocumentMask#onwards]
    /// @param x_1TM the residual stream, left as it is
    /// @param seen what [#room] made; takes up these positions
    /// @return the new residual stream, belonging to `pass.scope()`
    NDArray extend(Pass pass, NDArray x_1TM, List<NDArray> seen);
}
