package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against a library that answers as the driver's documentation says, where there is a C compiler: no card is here.
class GpuCardTest {
    private static final String STAND_IN = """
            #include <stddef.h>
            #include <string.h>
            static int retained, pushed;
            int cuInit(unsigned flags) { return flags; }
            int cuDeviceGet(int *device, int ordinal) { *device = 40 + ordinal; return ordinal < 2 ? 0 : 101; }
            int cuDeviceGetName(char *name, int size, int device) {
                if (device != 41) return 101;
                strncpy(name, "NVIDIA H100 80GB HBM3", size);
                return 0;
            }
            int cuDevicePrimaryCtxRetain(void **context, int device) { *context = &retained; retained++; return 0; }
            int cuCtxPushCurrent_v2(void *context) { pushed += context == &retained; return 0; }
            int cuMemGetInfo_v2(size_t *available, size_t *total) {
                *available = 84000000000; *total = 85000000000;
                return pushed == 1 ? 0 : 201;
            }
            int cuCtxPopCurrent_v2(void **context) { pushed--; *context = &retained; return 0; }
            int cuDevicePrimaryCtxRelease_v2(int device) { return --retained == 0 ? 0 : 201; }
            """;

    @TempDir
    private Path directory;

    @Test
    void theDriverTellsNameAndMemory() throws Exception {
        Path driver = compiled();

        GpuCard card = GpuCard.read(driver, 1);

        assertThat(card).isEqualTo(new GpuCard("NVIDIA H100 80GB HBM3", 84_000_000_000L, 85_000_000_000L));
        assertThat(card.usedBytes()).isEqualTo(1_000_000_000);
        // What was taken was given back, so that it is there again.
        assertThat(GpuCard.read(driver, 1)).isEqualTo(card);
    }

    @Test
    void whatTheDriverRefusesIsNamed() throws Exception {
        Path driver = compiled();

        assertThatThrownBy(() -> GpuCard.read(driver, 2))
                .hasMessage("NVIDIA's driver answers cuDeviceGet with error 101");
    }

    private Path compiled() throws IOException, InterruptedException {
        Path source = Files.writeString(directory.resolve("cuda.c"), STAND_IN);
        Path library = directory.resolve("libcuda.so.1");
        try {
            Process compiler = new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString())
                    .inheritIO()
                    .start();
            assertThat(compiler.waitFor()).isZero();
        } catch (IOException e) {
            assumeTrue(false, "there is no C compiler: " + e.getMessage());
        }
        return library;
    }
}
