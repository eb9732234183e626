package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/// The tensors that a model is made of, by their hub names.
record Parameters(Map<String, NDArray> tensors, Adapters adapters) {
    NDArray tensor(String name) {
        return require(tensors, name);
    }

    /// A matrix that may have an adapter.
    Projection projection(String name) {
        return adapters.projection(name, tensor(name));
    }

    static NDArray require(Map<String, NDArray> parameters, String name) {
        NDArray parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("The model needs parameter " + name + ", which was not given");
        }
        return parameter;
    }
}
