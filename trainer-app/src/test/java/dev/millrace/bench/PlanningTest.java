package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.trainer.model.ParameterCount;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import dev.millrace.trainer.model.RopeScaling;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PlanningTest {
    private static final List<Precision> BF16 = List.of(Precision.BF16);
    private static final long H100 = 84_500_000_000L;
    private static final long H200 = 150_000_000_000L;

    @Test
    void theRealShapesHaveAsManyParametersAsTheirMakersSay() {
        ParameterCount llm = ParameterCount.of(BenchShape.LLM_1_3B.config());
        // Embedding and head, and of 24 layers four matrices of attention, three of the feed-forward and two gains.
        assertThat(llm.total())
                .isEqualTo(2L * 32256 * 2048 + 24 * (4L * 2048 * 2048 + 3L * 2048 * 5504 + 2 * 2048) + 2048)
                .isEqualTo(1_346_471_936L);
        assertThat(BenchShape.LLM_1_3B.config().ropeScaling()).isEqualTo(new RopeScaling.Linear(4));

        ParameterCount lite = ParameterCount.of(BenchShape.V2_LITE.config());
        // arXiv 2405.04434, appendix B: 15.7 billion, of which 2.4 billion meet a token. The latter is without the
        // embedding, which is looked up.
        assertThat(lite.total()).isEqualTo(15_706_484_224L);
        assertThat((lite.active() - 102400L * 2048) / 1e9).isBetween(2.4, 2.5);
        assertThat(BenchShape.V2_LITE.activeParameters() / 1e9).isBetween(2.4, 2.5);
    }

    @Test
    void aCpuIsMeasuredWithTheSmallShapesAndAGpuWithTheRealOnes() {
        assertThat(labels(Planning.all(Optional.empty(), List.of(), BF16)))
                .containsExactly("dense-256x6", "dense-768x12", "moe-768x12");
        assertThat(labels(Planning.all(gpu(H100), List.of(), BF16))).first().isEqualTo("llm-1.3b");
        assertThat(labels(Planning.all(gpu(H100), List.of("dense-256x6"), BF16)))
                .containsExactly("dense-256x6");
    }

    @Test
    void theFirstLayersOfWhatDoesNotFitAreMeasuredAndNamed() {
        List<Plan> small = Planning.all(gpu(H100), List.of(), BF16);
        List<Plan> large = Planning.all(gpu(H200), List.of(), BF16);

        assertThat(small.getLast()).isInstanceOfSatisfying(Plan.OnDevice.class, plan -> {
            assertThat(plan.shape().label()).isEqualTo("v2-lite-5-of-27-layers");
            assertThat(plan.rows()).isGreaterThanOrEqualTo(4);
            assertThat(plan.recompute()).isEqualTo(Recompute.NONE);
            assertThat(memory(plan)).isLessThan((long) (0.9 * H100));
        });
        assertThat(Planning.all(gpu(25_000_000_000L), List.of(), BF16)
                        .getLast()
                        .shape()
                        .config()
                        .layers())
                .as("at least one layer of experts")
                .isGreaterThan(1);
        assertThat(large.getLast().shape().config().layers())
                .isGreaterThan(small.getLast().shape().config().layers());
    }

    @Test
    void layersAreComputedAgainWhereOtherwiseFewRowsWouldFit() {
        BenchShape shape = BenchShape.LLM_1_3B;
        long keepingTwo = TrainingMemory.of(shape, 2, Precision.BF16, Recompute.NONE, true)
                .total();

        Plan plan = Planning.all(gpu((long) (keepingTwo / 0.89)), List.of("llm-1.3b"), BF16)
                .getFirst();

        assertThat(plan).isInstanceOfSatisfying(Plan.OnDevice.class, again -> {
            assertThat(again.recompute()).isEqualTo(Recompute.LAYERS);
            assertThat(again.rows()).isGreaterThan(2);
        });
    }

    @Test
    void aShapeThatWasAskedForAndDoesNotFitIsLeftOutWithItsReason() {
        Plan plan = Planning.all(gpu(H100), List.of("v2-lite"), BF16).getFirst();

        // 15.7 billion parameters, of each the weight, its gradient and two moments in float32.
        assertThat(plan).isInstanceOfSatisfying(Plan.TooLarge.class, large -> {
            assertThat(large.needed() / 1e9).isBetween(252.0, 262.0);
            assertThat(large.line())
                    .startsWith("v2-lite in bf16 is left out: a step of one row takes 2")
                    .contains("of the 84.5 GB that are free")
                    .endsWith("v2-lite-2-of-27-layers");
        });
    }

    @Test
    void aShapeOfFewerLayersIsWhatItsNameSays() {
        BenchShape cut = BenchShape.of("v2-lite-4-of-27-layers");

        assertThat(cut.config().layers()).isEqualTo(4);
        assertThat(cut.config().experts()).isEqualTo(BenchShape.V2_LITE.config().experts());
        assertThat(cut.whole()).contains(BenchShape.V2_LITE);
        assertThat(cut.headShare()).isGreaterThan(3 * BenchShape.V2_LITE.headShare());
        assertThatThrownBy(() -> BenchShape.of("v2-lite-4-of-28-layers")).hasMessageContaining("There is no shape");
        assertThatThrownBy(() -> BenchShape.of("v2-lite-27-of-27-layers")).hasMessageContaining("has 27 layers: 27");
    }

    @Test
    void utilizationIsOfThePublishedRateOfTheCardByItsWholeName() {
        assertThat(accelerator("NVIDIA H100 80GB HBM3", "").share(494_500)).isEqualTo(0.5);
        assertThat(accelerator("NVIDIA H200", "").share(98_900)).isEqualTo(0.1);
        assertThat(accelerator("NVIDIA H100 80GB HBM3 MIG 1g.10gb", "").share(98_900))
                .isNull();
        assertThat(accelerator("NVIDIA GH200 480GB", "").share(98_900)).isNull();
        assertThat(accelerator("NVIDIA B200", "2250").share(1_125_000)).isEqualTo(0.5);
        assertThatThrownBy(() -> accelerator("NVIDIA B200", "-1"))
                .hasMessage("bench.peak-tflops is -1, it must be a positive number");
    }

    private static Accelerator accelerator(String name, String given) {
        return Accelerator.of("gpu:0", new GpuCard(name, 1, 2), given);
    }

    private static Optional<Accelerator> gpu(long free) {
        return Optional.of(new Accelerator("gpu:0", "NVIDIA H100 80GB HBM3", free, 989.0));
    }

    private static List<String> labels(List<Plan> plans) {
        return plans.stream().map(plan -> plan.shape().label()).toList();
    }

    private static long memory(Plan.OnDevice plan) {
        return TrainingMemory.of(plan.shape(), plan.rows(), plan.precision(), plan.recompute(), true)
                .total();
    }
}
