package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class InstructionSetTest {
    @Test
    void vectorInstructionsOfTheFirstCpuAreNamedInOrderAndNothingElse() {
        List<String> lines = List.of(
                "processor\t: 0",
                "vendor_id\t: AuthenticAMD",
                "cpu MHz\t\t: 2445.404",
                "flags\t\t: fpu sse4_2 fma avx avx2 avx512f avx512_bf16 rdseed",
                "processor\t: 1",
                "vendor_id\t: GenuineIntel",
                "flags\t\t: fpu avx");

        assertThat(InstructionSet.of(lines)).isEqualTo("AuthenticAMD avx avx2 avx512_bf16 avx512f fma");
    }

    @Test
    void anArmCpuIsNamedByItsImplementer() {
        List<String> lines = List.of("Features\t: fp asimd crc32 sve bf16", "CPU implementer\t: 0x41");

        assertThat(InstructionSet.of(lines)).isEqualTo("0x41 asimd bf16 sve");
    }

    @Test
    void twoLooksAtThisMachineAgree() {
        assertThat(InstructionSet.here())
                .startsWith(System.getProperty("os.arch"))
                .isEqualTo(InstructionSet.here());
    }
}
