package dev.millrace.trainer.model;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Which matrices of a model get low-rank adapters, and of what size, see [Adapters].
///
/// @param rank of an adapter: PEFT's `r`
/// @param alpha PEFT's `lora_alpha`: what an adapter adds is multiplied with `alpha / rank`
/// @param targetModules PEFT's `target_modules`: the last part of a module's name, `q_proj` say
public record AdapterShape(int rank, double alpha, Set<String> targetModules) {
    /// The linear modules of DeepSeek's layers. Neither embedding and head, whose adapters PEFT lays out in another
    /// way, nor the router, which is no linear module there.
    private static final Set<String> MODULES = Set.of(
            "q_proj",
            "k_proj",
            "v_proj",
            "o_proj",
            "q_a_proj",
            "q_b_proj",
            "kv_a_proj_with_mqa",
            "kv_b_proj",
            "gate_proj",
            "up_proj",
            "down_proj");

    private static final Set<String> FEED_FORWARD = Set.of("gate_proj", "up_proj", "down_proj");

    private static final String WEIGHT = ".weight";

    public AdapterShape {
        Positive.require("rank", rank);
        Positive.require("alpha", alpha);
        targetModules = Set.copyOf(targetModules);
        Set<String> unknown = new TreeSet<>(targetModules);
        unknown.removeAll(MODULES);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "target modules " + unknown + " are unknown, there are " + new TreeSet<>(MODULES));
        }
    }

    double scale() {
        return alpha / rank;
    }

    /// A matrix with its adapter, each by its name.
    ///
    /// @param matrix as the hub names it
    /// @param down `A`, `[rank, inputs]`, as PEFT names it
    /// @param up `B`, `[outputs, rank]`
    record Site(String matrix, ParameterSpec down, ParameterSpec up) {}

    /// The matrices that have an adapter. Those of the module that predicts a token further have none: Hugging
    /// Face's models, which PEFT loads adapters into, lack it. In a model with experts the other feed-forwards have
    /// none, see [#excludedModules].
    ///
    /// @throws IllegalArgumentException where there is no such matrix in the model
    List<Site> sites(ModelConfig config) {
        String beyond = DecoderBlock.prefix(config.layers());
        List<Site> sites = new ArrayList<>();
        for (ParameterSpec spec : DeepSeekModel.parameters(config)) {
            if (!spec.name().endsWith(WEIGHT) || spec.name().startsWith(beyond)) {
                continue;
            }
            String module = spec.name().substring(0, spec.name().length() - WEIGHT.length());
            if (has(module, config)) {
                sites.add(site(spec, "base_model.model." + module));
            }
        }
        if (sites.isEmpty()) {
            throw new IllegalArgumentException("target modules " + new TreeSet<>(targetModules) + " are none of a "
                    + config.modelType() + " model");
        }
        return sites;
    }

    private boolean has(String module, ModelConfig config) {
        String name = module.substring(module.lastIndexOf('.') + 1);
        boolean besideExperts =
                config.experts().isPresent() && FEED_FORWARD.contains(name) && !module.contains(".mlp.experts.");
        return targetModules.contains(name) && !besideExperts;
    }

    /// PEFT's `exclude_modules`: the shared experts, and layers without experts, of a model whose experts have
    /// adapters. From Transformers 5 on the experts of a layer are one tensor, and PEFT takes the modules' names
    /// for that alone: of other feed-forwards it would leave out what was learned, without a word.
    public Optional<String> excludedModules(ModelConfig config) {
        return config.experts().isPresent() && targetModules.stream().anyMatch(FEED_FORWARD::contains)
                ? Optional.of(".*\\.mlp\\.(shared_experts\\.)?(gate|up|down)_proj")
                : Optional.empty();
    }

    /// Holds it against what PEFT can load.
    ///
    /// @throws IllegalArgumentException where experts have one of two adapters that go into one tensor there
    public void requireLoadable(ModelConfig config) {
        if (config.experts().isPresent() && targetModules.contains("gate_proj") != targetModules.contains("up_proj")) {
            throw new IllegalArgumentException("target modules " + new TreeSet<>(targetModules)
                    + ": of experts, gate_proj and up_proj have adapters both or neither, for PEFT has the two in one");
        }
    }

    private Site site(ParameterSpec spec, String module) {
        long outputs = spec.shape().get(0);
        long inputs = spec.shape().get(1);
        return new Site(
                spec.name(),
                new ParameterSpec(module + ".lora_A.weight", new Shape(rank, inputs), ParameterSpec.Role.ADAPTER_DOWN),
                new ParameterSpec(module + ".lora_B.weight", new Shape(outputs, rank), ParameterSpec.Role.ADAPTER_UP));
    }

    /// The tensors of the adapters, under PEFT's names.
    public List<ParameterSpec> parameters(ModelConfig config) {
        List<ParameterSpec> specs = new ArrayList<>();
        sites(config).forEach(site -> specs.addAll(List.of(site.down(), site.up())));
        return specs;
    }
}
