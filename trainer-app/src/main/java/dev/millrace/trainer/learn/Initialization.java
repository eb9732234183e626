package dev.millrace.trainer.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.millrace.trainer.model.ParameterSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.SplittableRandom;

/// The first weights: gains are one, biases of routers zero, matrices normally distributed with mean 0, adapters such
/// that they add nothing.
///
/// A pure function of (seed, parameter name, standard deviation): neither the order of parameters nor the device,
/// thread count or Java version shows in it.
record Initialization(long seed, double std) {
    private static final int CHUNK_ELEMENTS = 1 << 20;

    NDArray create(ParameterSpec spec, NDManager owner) {
        return switch (spec.role()) {
            case GAIN -> owner.ones(spec.shape(), DataType.FLOAT32);
            case MATRIX -> filled(spec, owner, this::fillNormal);
            // PEFT's choice, that of a linear module: Kaiming's with a = sqrt(5).
            case ADAPTER_DOWN -> {
                double bound = 1 / Math.sqrt((double) spec.shape().get(1));
                yield filled(spec, owner, (target, random) -> fillUniform(target, random, bound));
            }
            case ROUTER_BIAS, ADAPTER_UP -> owner.zeros(spec.shape(), DataType.FLOAT32);
        };
    }

    private interface Filling {
        void fill(FloatBuffer target, SplittableRandom random);
    }

    private NDArray filled(ParameterSpec spec, NDManager owner, Filling filling) {
        SplittableRandom random = new SplittableRandom(streamSeed(spec.name()));
        NDArray parameter = owner.create(spec.shape(), DataType.FLOAT32);
        long elements = spec.shape().size();
        int chunk = Math.toIntExact(Math.min(elements, CHUNK_ELEMENTS));
        ByteBuffer bytes = ByteBuffer.allocateDirect(chunk * Float.BYTES).order(ByteOrder.nativeOrder());
        try (NDManager scope = owner.newSubManager()) {
            NDArray flat = parameter.reshape(elements);
            flat.attach(scope);
            for (long first = 0; first < elements; first += chunk) {
                int count = Math.toIntExact(Math.min(chunk, elements - first));
                filling.fill(bytes.clear().limit(count * Float.BYTES).asFloatBuffer(), random);
                try (NDArray piece = scope.create(bytes, new Shape(count), DataType.FLOAT32)) {
                    flat.set(new NDIndex(first + ":" + (first + count)), piece);
                }
            }
        }
        return parameter;
    }

    /// Box-Muller with strict arithmetic: the JDK's own Gaussians may change from release to release.
    private void fillNormal(FloatBuffer target, SplittableRandom random) {
        while (target.hasRemaining()) {
            double radius = std * StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
            double angle = 2 * Math.PI * random.nextDouble();
            target.put((float) (radius * StrictMath.cos(angle)));
            if (target.hasRemaining()) {
                target.put((float) (radius * StrictMath.sin(angle)));
            }
        }
    }

    private static void fillUniform(FloatBuffer target, SplittableRandom random, double bound) {
        while (target.hasRemaining()) {
            target.put((float) (bound * (2 * random.nextDouble() - 1)));
        }
    }

    /// FNV-1a over the name, started from the seed.
    private long streamSeed(String name) {
        long hash = 0xcbf29ce484222325L ^ seed * 0x9e3779b97f4a7c15L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
        }
        return hash;
    }
}
