package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;

/// Where a position may look: at all before it, or only at those of its own document, of which several stand in a row.
///
/// Kept apart, documents are as good as alone: attention is block-causal, and positions count from the beginning of
/// each. (Rotation depends on the distance only, so that the second changes no more than the rounding.) Costs B*T*T
/// values a run, for all layers together.
///
/// Shapes: B rows, T positions, R half of the channels that turn.
///
/// @param rotation cosine and sine, `[2, T, R]` or, kept apart, `[2, B, 1, T, R]`
/// @param allowed `[B, 1, T, T]`, whether a position may look at another; of one dimension where it is causal alone
record DocumentMask(NDArray rotation, NDArray allowed) {
    static final String SCRIPT = """
            def keep_apart(self: __torch__.Kernels, places_BT: Tensor, table_2TR: Tensor) -> List[Tensor]:
              rows = torch.size(places_BT, 0)
              positions = torch.size(places_BT, 1)
              device_places_BT = torch.to(places_BT, ops.prim.device(table_2TR), 4)
              turned = torch.index_select(table_2TR, 1, torch.flatten(device_places_BT))
              rotation_2B1TR = torch.reshape(turned, [2, rows, 1, positions, -1])
              document_BT = torch.cumsum(torch.eq(device_places_BT, 0), 1)
              same_BTT = torch.eq(torch.unsqueeze(document_BT, 2), torch.unsqueeze(document_BT, 1))
              return [rotation_2B1TR, torch.unsqueeze(torch.tril(same_BTT), 1)]
            def onwards(self: __torch__.Kernels, rotation_2NR: Tensor, table_2SR: Tensor) -> Tensor:
              new = torch.size(rotation_2NR, 1)
              end = torch.size(table_2SR, 1)
              all_NS = torch.ones([new, end], dtype=11, device=ops.prim.device(table_2SR))
              allowed_NS = torch.tril(all_NS, torch.sub(end, new))
              return torch.unsqueeze(torch.unsqueeze(allowed_NS, 0), 0)
            """;

    /// All before it.
    static DocumentMask causal(NDManager scope, NDArray rotation_2TR) {
        return new DocumentMask(rotation_2TR, scope.zeros(new Shape(1)));
    }

    /// Those of its document.
    ///
    /// @param table_2TR rotation of at least as many positions as a document has
    static DocumentMask apart(Kernels kernels, NDManager scope, NDArray places_BT, NDArray table_2TR) {
        // As if a gradient were wanted: autograd refuses what comes from libtorch's inference mode.
        NDList parts = kernels.all("keep_apart", scope, true, new NDList(places_BT, table_2TR));
        return new DocumentMask(parts.get(0), parts.get(1));
    }

    /// All before it, for positions that come after others which have been seen. Here `allowed` is `[1, 1, N, S]`:
    /// N new positions, and S with those before.
    ///
    /// @param table_2SR rotation of all of them
    static DocumentMask onwards(Kernels kernels, NDManager scope, NDArray table_2SR, int seen) {
        NDArray rotation_2NR = table_2SR.get(scope, new NDIndex(":, {}:", seen));
        return new DocumentMask(rotation_2NR, kernels.plain("onwards", scope, rotation_2NR, table_2SR));
    }

    /// The same for the first so many positions.
    DocumentMask first(NDManager scope, int positions) {
        NDArray shorter = rotation.get(scope, new NDIndex("..., :{}, :", positions));
        return new DocumentMask(
                shorter,
                allowed.getShape().dimension() > 1
                        ? allowed.get(scope, new NDIndex("..., :{}, :{}", positions, positions))
                        : allowed);
    }
}
