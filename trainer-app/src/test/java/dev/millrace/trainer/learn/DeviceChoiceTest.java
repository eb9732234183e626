package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.Engine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DeviceChoiceTest {
    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @Test
    void readsWhatASettingSays() {
        assertThat(DeviceChoice.parse("auto")).isEqualTo(new DeviceChoice.Auto());
        assertThat(DeviceChoice.parse(" CPU ")).isEqualTo(new DeviceChoice.Cpu());
        assertThat(DeviceChoice.parse("gpu")).isEqualTo(new DeviceChoice.Gpu(0));
        assertThat(DeviceChoice.parse("gpu:3")).isEqualTo(new DeviceChoice.Gpu(3));
        assertThatThrownBy(() -> DeviceChoice.parse("cuda")).hasMessageContaining("'cuda'", "auto, cpu, gpu or gpu:N");
    }

    @Test
    void saysWhatToDoWhereTheGpuIsAbsent() {
        int gpus = Engine.getEngine("PyTorch").getGpuCount();

        assertThat(DeviceChoice.parse("cpu").resolve()).isEqualTo(Device.cpu());
        assertThatThrownBy(() -> new DeviceChoice.Gpu(gpus).resolve())
                .hasMessageContaining("libtorch sees " + gpus + " GPUs: choose auto or cpu");
    }

    @Test
    void aGpuThatCannotBeCountedIsNotTakenForNone() {
        assertThat(TorchEngine.gpus(false, 0)).isZero();
        assertThat(TorchEngine.gpus(true, 2)).isEqualTo(2);
        assertThatThrownBy(() -> TorchEngine.gpus(true, 0)).hasMessageContaining("libcudart.so");
    }
}
