package dev.millrace.trainer.weights;

/// How weights are written.
public enum FloatFormat {
    /// As they are.
    FP32(ElementType.F32, "float32"),
    /// Rounded to the nearest, of two to the even one.
    BF16(ElementType.BF16, "bfloat16");

    private final ElementType type;
    private final String torchName;

    FloatFormat(ElementType type, String torchName) {
        this.type = type;
        this.torchName = torchName;
    }

    ElementType type() {
        return type;
    }

    /// What `torch_dtype` of a `config.json` calls it.
    public String torchName() {
        return torchName;
    }
}
