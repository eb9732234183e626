package dev.millrace.trainer.model;

import ai.djl.Device;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// The functions that a model of some shape is made of, compiled into one library: those of its parts, and a few that
/// belong to none.
final class ModelFunctions {
    private static final String SCRIPT = """
            def embed(self: __torch__.Kernels, ids_BT: Tensor, table_VxM: Tensor) -> Tensor:
              return torch.embedding(table_VxM, torch.to(ids_BT, ops.prim.device(table_VxM), 4))
            def add(self: __torch__.Kernels, a: Tensor, b: Tensor) -> Tensor:
              return torch.add(a, b)
            def stage(self: __torch__.Kernels, ids_BT: Tensor, table_VxM: Tensor) -> Tensor:
              return torch.to(ids_BT, ops.prim.device(table_VxM), 3, True)
            def stage_pinned(self: __torch__.Kernels, ids_BT: Tensor, table_VxM: Tensor) -> Tensor:
              return (self).stage(torch.pin_memory(ids_BT), table_VxM)
            """;

    private ModelFunctions() {}

    static Kernels compile(
            ModelConfig config, Adapters adapters, Precision precision, double balanceWeight, Device device) {
        List<String> scripts = scripts(config, precision, device);
        return Kernels.compile(constants(config, adapters, precision, balanceWeight), scripts, device);
    }

    /// The library of a GPU as a file, which any PyTorch of the same or a later version loads.
    static byte[] archive(ModelConfig config, Precision precision) {
        return ScriptArchive.write(
                constants(config, Adapters.NONE, precision, 0), scripts(config, precision, Device.gpu()));
    }

    private static SequencedMap<String, Number> constants(
            ModelConfig config, Adapters adapters, Precision precision, double balanceWeight) {
        SequencedMap<String, Number> constants = new LinkedHashMap<>();
        constants.put("eps", config.rmsNormEps());
        constants.put("compute_type", precision.scalarType());
        constants.put("ignored", (long) DeepSeekModel.IGNORED_TARGET);
        constants.put("adapter_scale", adapters.scale());
        switch (config.attention()) {
            case AttentionShape.Grouped shape -> Attention.constants(shape, constants);
            case AttentionShape.Latent shape -> LatentAttention.constants(shape, config, constants);
        }
        config.experts().ifPresent(shape -> Router.constants(shape, balanceWeight, constants));
        return constants;
    }

    private static List<String> scripts(ModelConfig config, Precision precision, Device device) {
        List<String> scripts = new ArrayList<>(List.of(
                Products.script(precision, device),
                ScaledDotProduct.script(device),
                RmsNorm.SCRIPT,
                RotaryEmbedding.SCRIPT,
                DocumentMask.SCRIPT,
                FeedForward.SCRIPT,
                LanguageHead.SCRIPT,
                SCRIPT,
                Gradients.SCRIPT,
                Projection.SCRIPT,
                Adapters.SCRIPT,
                NextTokenPrediction.SCRIPT));
        scripts.add(
                switch (config.attention()) {
                    case AttentionShape.Grouped _ -> Attention.SCRIPT;
                    case AttentionShape.Latent _ -> LatentAttention.SCRIPT;
                });
        scripts.add(AttentionCache.ROOM_SCRIPT);
        scripts.add(
                switch (config.attention()) {
                    case AttentionShape.Grouped _ -> AttentionCache.SCRIPT;
                    case AttentionShape.Latent _ -> LatentCache.SCRIPT;
                });
        if (config.experts().isPresent()) {
            scripts.addAll(List.of(Router.SCRIPT, MixtureOfExperts.SCRIPT, RouterBias.SCRIPT));
        }
        return scripts;
    }
}
