package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/// Looks up the tensors of a model by their hub names.
final class Parameters {
    private Parameters() {}

    static NDArray require(Map<String, NDArray> parameters, String name) {
        NDArray parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("The model needs parameter " + name + ", which was not given");
        }
        return parameter;
    }
}
