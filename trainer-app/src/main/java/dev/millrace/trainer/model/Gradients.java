package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.util.List;

/// The gradients of what is learned, float32, where libtorch keeps them: `NDArray.getGradient`.
///
/// The first one of a step is what the way back has made, as it is, and later ones are added to it. Autograd would add
/// the first to zeros: with experts, of whose weights a token meets a tenth, that and clearing cost as much as the
/// optimizer. Between steps a gradient has no elements and takes no memory.
///
/// Owned by the thread that trains the model.
public final class Gradients {
    static final String SCRIPT = """
            def give_gradients(self: __torch__.Kernels, parameters: List[Tensor]) -> Tensor:
              for i in range(torch.len(parameters)):
                torch.backward([torch.sum(parameters[i])], None, None, False)
                _0 = (self).forget(parameters[i])
              return parameters[0]
            def forget(self: __torch__.Kernels, parameter: Tensor) -> Tensor:
              sum = ops.prim.grad(parameter)
              torch.set_data(sum, torch.new_empty(sum, [0]))
              return parameter
            def forget_gradients(self: __torch__.Kernels, parameters: List[Tensor]) -> Tensor:
              for i in range(torch.len(parameters)):
                _0 = (self).forget(parameters[i])
              return parameters[0]
            def pull_back(self: __torch__.Kernels, parameters: List[Tensor], results: List[Tensor], \
            gradients: List[Tensor]) -> Tensor:
              found = (self).pull(parameters, results, gradients)
              return (self).add_found(parameters, found)
            def pull_through(self: __torch__.Kernels, parameters: List[Tensor], results: List[Tensor], \
            gradients: List[Tensor], x: Tensor) -> Tensor:
              found = (self).pull(torch.add(parameters, [x]), results, gradients)
              _0 = (self).add_found(parameters, found)
              return unchecked_cast(Tensor, found[-1])
            def pull(self: __torch__.Kernels, inputs: List[Tensor], results: List[Tensor], \
            gradients: List[Tensor]) -> List[Optional[Tensor]]:
              depending = annotate(List[Tensor], [])
              given = annotate(List[Optional[Tensor]], [])
              for i in range(torch.len(results)):
                if ops.prim.requires_grad(results[i]):
                  _0 = torch.append(depending, results[i])
                  _1 = torch.append(given, gradients[i])
                else:
                  pass
              return torch.grad(depending, inputs, given, None, False, True)
            def add_found(self: __torch__.Kernels, parameters: List[Tensor], \
            found: List[Optional[Tensor]]) -> Tensor:
              for i in range(torch.len(parameters)):
                gradient = found[i]
                if torch.__isnot__(gradient, None):
                  _0 = (self).add_gradient(ops.prim.grad(parameters[i]), unchecked_cast(Tensor, gradient))
                else:
                  pass
              return parameters[0]
            def add_gradient(self: __torch__.Kernels, sum: Tensor, more: Tensor) -> Tensor:
              if torch.eq(torch.numel(sum), 0):
                torch.set_data(sum, torch.contiguous(more))
              else:
                _0 = torch.add_(sum, more)
              return sum
            def complete_gradients(self: __torch__.Kernels, parameters: List[Tensor]) -> Tensor:
              for i in range(torch.len(parameters)):
                sum = ops.prim.grad(parameters[i])
                if torch.eq(torch.numel(sum), 0):
                  torch.set_data(sum, torch.zeros_like(torch.detach(parameters[i])))
                else:
                  pass
              return parameters[0]
            def add_gradients(self: __torch__.Kernels, own: List[Tensor], others: List[Tensor]) -> Tensor:
              for i in range(torch.len(own)):
                mine = ops.prim.grad(own[i])
                more = ops.prim.grad(others[i])
                if torch.gt(torch.numel(more), 0):
                  _0 = (self).add_gradient(mine, torch.to(more, ops.prim.device(mine), 6))
                else:
                  pass
              return own[0]
            """;

    private final Kernels kernels;
    private final NDManager owner;
    private final List<NDArray> parameters;

    /// @param owner of scopes for a moment
    /// @param parameters which are asked for gradients from now on
    Gradients(Kernels kernels, NDManager owner, List<NDArray> parameters) {
        this.kernels = kernels;
        this.owner = owner;
        this.parameters = List.copyOf(parameters);
        parameters.forEach(parameter -> parameter.setRequiresGradient(true));
        JniUtils.setGradMode(true);
        change("give_gradients", List.of(this.parameters));
    }

    /// Adds what results give, each multiplied with the gradient beside it. Results may be constants.
    void pullBack(List<NDArray> results, List<NDArray> gradients) {
        change("pull_back", List.of(parameters, results, gradients));
    }

    /// As [#pullBack], and on to an input.
    ///
    /// @param x a leaf that wants a gradient, and that results depend on
    /// @return its gradient, belonging to `scope`
    NDArray pullThrough(NDManager scope, List<NDArray> results, List<NDArray> gradients, NDArray x) {
        return kernels.all("pull_through", scope, true, List.of(parameters, results, gradients), x)
                .singletonOrThrow();
    }

    /// Gives zeros to what no result depended on, an expert that no token has chosen: it decays like the others.
    void complete() {
        change("complete_gradients", List.of(parameters));
    }

    /// Adds those of a replica, which are to be forgotten next: where there are none yet, its memory is taken over.
    public void add(Gradients replica) {
        change("add_gradients", List.of(parameters, replica.parameters));
    }

    /// Ends a step.
    public void forget() {
        change("forget_gradients", List.of(parameters));
    }

    private void change(String method, List<List<NDArray>> lists) {
        try (NDManager scope = owner.newSubManager()) {
            // Not plain: what is made in libtorch's inference mode stays out of autograd for good.
            kernels.differentiable(method, scope, lists);
        }
    }
}
