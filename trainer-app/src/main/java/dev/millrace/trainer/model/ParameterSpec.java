package dev.millrace.trainer.model;

import ai.djl.ndarray.types.Shape;

/// One tensor of a model that training changes: its name on the Hugging Face hub, its shape and what it is.
public record ParameterSpec(String name, Shape shape, Role role) {
    /// Decides the first value of a parameter.
    public enum Role {
        /// The gain of a norm: starts at one.
        GAIN,
        /// A matrix: starts normally distributed around zero.
        MATRIX,
        /// The bias of a router: starts at zero, moved by load, see [RouterBias]; has no gradient.
        ROUTER_BIAS,
        /// The first matrix of an adapter, `[rank, inputs]`: starts uniformly distributed, see [Adapters].
        ADAPTER_DOWN,
        /// The second, `[outputs, rank]`: starts at zero, so that the adapter adds nothing.
        ADAPTER_UP
    }

    public ParameterSpec {
        if (name.isBlank()) {
            throw new IllegalArgumentException("A parameter needs a name");
        }
        if (shape.size() <= 0) {
            throw new IllegalArgumentException("Parameter " + name + " has shape " + shape + ": no elements");
        }
    }

    static ParameterSpec matrix(String name, long rows, long columns) {
        return new ParameterSpec(name, new Shape(rows, columns), Role.MATRIX);
    }

    static ParameterSpec routerBias(String name, long size) {
        return new ParameterSpec(name, new Shape(size), Role.ROUTER_BIAS);
    }

    /// Whether it has a gradient and moments.
    public boolean learned() {
        return role != Role.ROUTER_BIAS;
    }

    static ParameterSpec gain(String name, long size) {
        return new ParameterSpec(name, new Shape(size), Role.GAIN);
    }
}
