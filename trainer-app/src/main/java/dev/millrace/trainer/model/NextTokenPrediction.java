package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;

/// Multi-token prediction, one token further than the model's own (V3, arXiv 2412.19437, eq. 21-25): from the
/// model's last state at a place and the embedding of the next token, one more block predicts the token after that.
///
/// Embedding and head are the model's. On the hub the module is the layer after the last, and the two halves of
/// `eh_proj` take the embedding first; the state is that after the model's final norm.
///
/// Shapes: B rows, T positions of the module (one less than the model's), M `hidden_size`, V `vocab_size`.
record NextTokenPrediction(
        NDArray embeddingGain_M, NDArray stateGain_M, NDArray project_Mx2M, DecoderBlock block, NDArray headGain_M) {
    static final String SCRIPT = """
            def prediction_input(self: __torch__.Kernels, x_BTM: Tensor, final_gain_M: Tensor, table_VxM: Tensor, \
            next_BT: Tensor, embedding_gain_M: Tensor, state_gain_M: Tensor, project_Mx2M: Tensor) -> Tensor:
              state_BTM = torch.narrow((self).rms_norm(x_BTM, final_gain_M), 1, 0, torch.size(next_BT, 1))
              e_BTM = (self).rms_norm((self).embed(next_BT, table_VxM), embedding_gain_M)
              h_BTM = (self).rms_norm(state_BTM, state_gain_M)
              return torch.to((self).product(torch.cat([e_BTM, h_BTM], 2), project_Mx2M), 6)
            def prediction_loss(self: __torch__.Kernels, x_BTM: Tensor, gain_M: Tensor, head_VxM: Tensor, \
            targets_N: Tensor, weight: Tensor) -> Tensor:
              return torch.mul((self).loss(x_BTM, gain_M, head_VxM, targets_N), weight)
            """;

    static NextTokenPrediction of(ModelConfig config, Parameters parameters, NDManager owner) {
        String prefix = DecoderBlock.prefix(config.layers());
        return new NextTokenPrediction(
                parameters.tensor(prefix + "enorm.weight"),
                parameters.tensor(prefix + "hnorm.weight"),
                parameters.tensor(prefix + "eh_proj.weight"),
                DecoderBlock.of(config.layers(), config, parameters, owner),
                parameters.tensor(prefix + "shared_head.norm.weight"));
    }

    static List<ParameterSpec> parameters(ModelConfig config) {
        String prefix = DecoderBlock.prefix(config.layers());
        List<ParameterSpec> specs = new ArrayList<>();
        specs.add(RmsNorm.parameter(prefix + "enorm.weight", config));
        specs.add(RmsNorm.parameter(prefix + "hnorm.weight", config));
        specs.add(ParameterSpec.matrix(prefix + "eh_proj.weight", config.hiddenSize(), 2L * config.hiddenSize()));
        specs.addAll(DecoderBlock.parameters(config.layers(), config));
        specs.add(RmsNorm.parameter(prefix + "shared_head.norm.weight", config));
        return specs;
    }

    /// Names under which published files repeat the model's own embedding and head.
    static boolean repeats(String name, ModelConfig config) {
        String prefix = DecoderBlock.prefix(config.layers());
        return name.equals(prefix + "embed_tokens.weight") || name.equals(prefix + "shared_head.head.weight");
    }

    /// The weighted loss, summed over the targets.
    ///
    /// @param x_BTM the model's last state, before its final norm
    /// @param next_BT the token after each place of the module
    /// @param targets_N the token after that, row by row, or the ignored one
    /// @param weight eq. 25: lambda
    NDArray loss(
            BlockPart.Pass pass,
            NDArray x_BTM,
            LanguageHead head,
            NDArray embedding_VxM,
            NDArray next_BT,
            NDArray targets_N,
            double weight) {
        try (NDArray input_BTM = pass.run(
                        "prediction_input",
                        x_BTM,
                        head.gain_M(),
                        embedding_VxM,
                        next_BT,
                        embeddingGain_M,
                        stateGain_M,
                        project_Mx2M);
                NDArray predicted_BTM = block.forward(pass, input_BTM)) {
            NDArray factor = pass.scope().create((float) weight);
            return pass.run("prediction_loss", predicted_BTM, headGain_M, head.head_VxM(), targets_N, factor);
        }
    }
}
