package dev.millrace.trainer.model;

/// How many parameters a model has.
///
/// @param total all that training changes, the module that predicts one token further included
/// @param active those that one token meets on its way to a prediction: of the routed experts the ones that it is
///     given to, and not that module
public record ParameterCount(long total, long active) {

    public static ParameterCount of(ModelConfig config) {
        String module = DecoderBlock.prefix(config.layers());
        long total = 0;
        long shared = 0;
        long routed = 0;
        for (ParameterSpec spec : DeepSeekModel.parameters(config)) {
            long size = spec.shape().size();
            total += size;
            if (spec.name().contains(".mlp.experts.") && !spec.name().startsWith(module)) {
                routed += size;
            } else if (!spec.name().startsWith(module)) {
                shared += size;
            }
        }
        long ofExperts = routed;
        long met = config.experts()
                .map(experts -> ofExperts / experts.routed() * experts.perToken())
                .orElse(0L);
        return new ParameterCount(total, shared + met);
    }
}
