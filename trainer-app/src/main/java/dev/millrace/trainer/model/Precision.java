package dev.millrace.trainer.model;

/// The type that matrix products are computed in.
public enum Precision {
    FP32(6),
    BF16(15);

    private final long scalarType;

    Precision(long scalarType) {
        this.scalarType = scalarType;
    }

    /// libtorch's number for it, as TorchScript has it.
    public long scalarType() {
        return scalarType;
    }
}
