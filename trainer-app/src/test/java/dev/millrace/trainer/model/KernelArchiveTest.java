package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.trainer.Python;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The library of functions is standard TorchScript: PyTorch runs it without Java, where there is a [Python] that has
/// it, in bfloat16 as in float32. With `-Dmillrace.kernels=DIRECTORY` the archives of real models are left there, to be
/// judged on a GPU by `judge_kernels.py`.
class KernelArchiveTest {
    /// A layer of each kind: grouped queries; latent attention, without and with low-rank queries, and experts.
    private static final List<String> SMALL = List.of("""
            {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "intermediate_size": 176, "vocab_size": 512}""", """
            {"model_type": "deepseek_v2", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
             "kv_lora_rank": 32, "qk_nope_head_dim": 16, "qk_rope_head_dim": 16, "v_head_dim": 24,
             "n_routed_experts": 8, "num_experts_per_tok": 3, "n_shared_experts": 2, "moe_intermediate_size": 16,
             "first_k_dense_replace": 1, "intermediate_size": 176, "vocab_size": 512}""", """
            {"model_type": "deepseek_v3", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
             "kv_lora_rank": 32, "q_lora_rank": 40, "qk_nope_head_dim": 16, "qk_rope_head_dim": 16, "v_head_dim": 24,
             "n_routed_experts": 8, "num_experts_per_tok": 3, "n_group": 1, "topk_group": 1, "n_shared_experts": 1,
             "moe_intermediate_size": 16, "first_k_dense_replace": 1, "intermediate_size": 176, "vocab_size": 512}""");

    /// deepseek-coder-1.3b-base and DeepSeek-V2-Lite, as in the benchmark.
    private static final List<String> REAL = List.of("""
            {"model_type": "llama", "hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 16,
             "num_key_value_heads": 16, "intermediate_size": 5504, "vocab_size": 32256, "rms_norm_eps": 1e-06,
             "rope_scaling": {"factor": 4.0, "type": "linear"}, "rope_theta": 100000,
             "max_position_embeddings": 16384}""", """
            {"model_type": "deepseek_v2", "hidden_size": 2048, "num_hidden_layers": 27, "num_attention_heads": 16,
             "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
             "n_routed_experts": 64, "num_experts_per_tok": 6, "n_shared_experts": 2, "moe_intermediate_size": 1408,
             "first_k_dense_replace": 1, "intermediate_size": 10944, "vocab_size": 102400, "rms_norm_eps": 1e-06,
             "rope_theta": 10000, "max_position_embeddings": 163840,
             "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 0.707, "mscale_all_dim": 0.707,
               "original_max_position_embeddings": 4096, "type": "yarn"}}""");

    @TempDir
    Path directory;

    @Test
    void anotherPyTorchRunsItInBothPrecisions() throws IOException, InterruptedException {
        assumeTrue(Python.has("torch"), Python.missing("PyTorch"));
        write(SMALL, directory);

        // When
        Python.Ended judged = Python.run(
                Path.of("src/test/reference/judge_kernels.py"),
                directory.toString(),
                "--rows=2",
                "--positions=40",
                "--seconds=0.1");

        // Then
        assertThat(judged.exit()).as(judged.said()).isZero();
        assertThat(judged.said().lines().filter(line -> line.contains("; bf16 is at most 0.0")))
                .hasSize(SMALL.size());
    }

    @Test
    void itIsLeftWhereAGraphicsCardCanJudgeIt() throws IOException {
        Path left = Path.of(System.getProperty("millrace.kernels", directory.toString()));

        write(REAL, left);

        assertThat(left.resolve("deepseek_v2/bf16.pt")).isNotEmptyFile();
    }

    private static void write(List<String> models, Path directory) throws IOException {
        for (String json : models) {
            ModelConfig config = ModelConfig.parse(json, "a test");
            Path folder = Files.createDirectories(directory.resolve(config.modelType()));
            Files.writeString(folder.resolve("config.json"), json);
            for (Precision precision : Precision.values()) {
                String name = precision.name().toLowerCase(Locale.ROOT);
                Files.write(folder.resolve(name + ".pt"), ModelFunctions.archive(config, precision));
            }
        }
    }
}
