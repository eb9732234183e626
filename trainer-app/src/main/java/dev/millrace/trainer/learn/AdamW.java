package dev.millrace.trainer.learn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.model.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;

/// AdamW (Loshchilov and Hutter, 2019, algorithm 2) by libtorch's fused kernel, in place: `p -= lr wd p; m = b1 m +
/// (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr m' / (sqrt(v') + eps)`, where `m'` and `v'` are corrected for their
/// start at zero. Only parameters of two or more dimensions decay.
///
/// Shares the tensors of the parameters with the model, owns the moments. One thread.
final class AdamW {
    static final String SCRIPT = """
            def adamw(self: __torch__.Kernels, parameters: List[Tensor], first: List[Tensor], second: List[Tensor], \
            numbers: Tensor) -> Tensor:
              gradients = annotate(List[Tensor], [])
              steps = annotate(List[Tensor], [])
              none = annotate(List[Tensor], [])
              device = ops.prim.device(parameters[0])
              step = torch.to(torch.select(numbers, 0, 0), device, 6)
              scale = torch.to(torch.select(numbers, 0, 3), device, 6)
              for i in range(torch.len(parameters)):
                _0 = torch.append(gradients, ops.prim.grad(parameters[i]))
                _1 = torch.append(steps, step)
              torch._fused_adamw_(parameters, gradients, first, second, none, steps, \
            lr=float(torch.select(numbers, 0, 1)), beta1=self.beta1, beta2=self.beta2, \
            weight_decay=float(torch.select(numbers, 0, 2)), eps=self.epsilon, amsgrad=False, maximize=False, \
            grad_scale=scale, found_inf=None)
              return step
            """;

    private final Kernels kernels;
    private final double weightDecay;
    private final Group decaying;
    private final Group plain;
    private final SequencedMap<String, NDArray> firstMoments;
    private final SequencedMap<String, NDArray> secondMoments;
    private long steps;

    private record Group(List<NDArray> parameters, List<NDArray> first, List<NDArray> second) {
        private static Group of(LearnerState state, boolean decaying) {
            Group group = new Group(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
            state.parameters().forEach((name, parameter) -> {
                if (state.firstMoments().containsKey(name)
                        && decaying == parameter.getShape().dimension() >= 2) {
                    group.parameters.add(parameter);
                    group.first.add(Objects.requireNonNull(state.firstMoments().get(name)));
                    group.second.add(
                            Objects.requireNonNull(state.secondMoments().get(name)));
                }
            });
            return group;
        }
    }

    AdamW(Kernels kernels, double weightDecay, LearnerState state) {
        this.kernels = kernels;
        this.weightDecay = weightDecay;
        firstMoments = state.firstMoments();
        secondMoments = state.secondMoments();
        steps = state.steps();
        decaying = Group.of(state, true);
        plain = Group.of(state, false);
    }

    long steps() {
        return steps;
    }

    SequencedMap<String, NDArray> firstMoments() {
        return firstMoments;
    }

    SequencedMap<String, NDArray> secondMoments() {
        return secondMoments;
    }

    /// Updates every parameter by its gradient.
    ///
    /// @param clip what gradients are multiplied with first
    void update(NDManager scope, double learningRate, double clip) {
        steps++;
        update(scope, decaying, learningRate, weightDecay, clip);
        update(scope, plain, learningRate, 0, clip);
    }

    private void update(NDManager scope, Group group, double learningRate, double decay, double clip) {
        // Adapters are matrices, all of them.
        if (group.parameters().isEmpty()) {
            return;
        }
        // On the host, where reading them waits for no device. Gradients are divided by the last, in the same pass.
        NDArray numbers = scope.newSubManager(Device.cpu()).create(new double[] {steps, learningRate, decay, 1 / clip});
        kernels.plain("adamw", scope, List.of(group.parameters(), group.first(), group.second()), numbers);
    }
}
