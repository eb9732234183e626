package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.weights.SafetensorsFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/// What lies between the layers, held against the reference: the residual stream, what each part adds to it, and
/// which experts each token is given to with which weights.
final class ReferenceStates {
    private final DeepSeekModel model;
    private final SafetensorsFile reference;
    private double largest;

    private ReferenceStates(DeepSeekModel model, SafetensorsFile reference) {
        this.model = model;
        this.reference = reference;
    }

    /// @return the largest difference of a state or of an expert's weight; choices must be equal
    static double difference(DeepSeekModel model, SafetensorsFile reference, TokenGrid inputs) throws IOException {
        ReferenceStates states = new ReferenceStates(model, reference);
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            states.compare(model.pass(scope, inputs, false), inputs);
        }
        return states.largest;
    }

    private void compare(BlockPart.Pass pass, TokenGrid inputs) throws IOException {
        NDArray x_BTM = model.embed(pass, inputs);
        hold(x_BTM, "hidden.embed");
        List<DecoderBlock> layers = model.layers();
        for (int layer = 0; layer < layers.size(); layer++) {
            DecoderBlock block = layers.get(layer);
            NDArray attended_BTM = block.attention().forward(pass, x_BTM);
            hold(attended_BTM.sub(x_BTM), "attn_out.layer" + layer);
            if (block.feedForward() instanceof MixtureOfExperts mixture) {
                holdChoices(pass, mixture, attended_BTM, "router.layer" + layer);
            }
            x_BTM = block.feedForward().forward(pass, attended_BTM);
            hold(x_BTM.sub(attended_BTM), "mlp_out.layer" + layer);
            hold(x_BTM, "hidden.layer" + layer);
        }
    }

    private void holdChoices(BlockPart.Pass pass, MixtureOfExperts mixture, NDArray x_BTM, String name)
            throws IOException {
        NDArray n_NM = pass.run("rms_norm", x_BTM, mixture.gain_M()).flatten(0, 1);
        NDList routed = mixture.router().route(pass, n_NM);
        hold(routed.get(3), name + ".logits");
        int perToken = Math.toIntExact(routed.get(1).getShape().get(1));
        long[] chosen = routed.get(1).toLongArray();
        float[] weights = routed.get(0).toFloatArray();
        int[] wanted = reference.ints(name + ".topk_indices_sorted");
        float[] wantedWeights = reference.floats(name + ".topk_weights_sorted_by_index");
        assertThat(chosen).as(name).hasSameSizeAs(wanted);
        for (int first = 0; first < chosen.length; first += perToken) {
            int token = first;
            Integer[] order = new Integer[perToken];
            Arrays.setAll(order, i -> token + i);
            Arrays.sort(order, (a, b) -> Long.compare(chosen[a], chosen[b]));
            for (int i = 0; i < perToken; i++) {
                assertThat(chosen[order[i]])
                        .as(name + ": choice " + i + " of token " + first / perToken)
                        .isEqualTo(wanted[first + i]);
                note(weights[order[i]], wantedWeights[first + i]);
            }
        }
    }

    private void hold(NDArray state, String name) throws IOException {
        float[] actual = state.toFloatArray();
        float[] wanted = reference.floats(name);
        assertThat(actual).as(name).hasSameSizeAs(wanted);
        for (int i = 0; i < actual.length; i++) {
            note(actual[i], wanted[i]);
        }
    }

    private void note(double actual, double wanted) {
        largest = Math.max(largest, Math.abs(actual - wanted));
    }
}
