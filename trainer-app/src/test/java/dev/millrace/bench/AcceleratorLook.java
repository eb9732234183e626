package dev.millrace.bench;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.trainer.learn.DeviceChoice;
import dev.millrace.trainer.learn.TorchEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Looks what device a choice comes to, as the trainer does: `AcceleratorLook CHOICE PEAK FILE`. In a process of its
/// own, so that the one that starts the measurements holds neither libtorch nor a part of a GPU's memory.
final class AcceleratorLook {
    private static final ObjectMapper JSON = new ObjectMapper();

    private AcceleratorLook() {}

    public static void main(String[] arguments) throws IOException {
        TorchEngine.start(1);
        Device device = DeviceChoice.parse(arguments[0]).resolve();
        if (device.isGpu()) {
            GpuCard card = GpuCard.read(GpuCard.DRIVER, device.getDeviceId());
            JSON.writeValue(
                    Path.of(arguments[2]).toFile(), Accelerator.of("gpu:" + device.getDeviceId(), card, arguments[1]));
        }
    }

    /// @param choice as `millrace.engine.device` has it, one device
    /// @param peakTflops `bench.peak-tflops`, empty where nobody has said it
    /// @return empty where it is the CPU
    static Optional<Accelerator> take(Path directory, String choice, String peakTflops)
            throws IOException, InterruptedException {
        Files.createDirectories(directory);
        Path result = directory.resolve("device.json");
        Files.deleteIfExists(result);
        Bench.start(
                "device",
                directory,
                AcceleratorLook.class,
                List.of(choice, peakTflops, result.toString()),
                Bench.ALLOCATOR);
        return Files.exists(result)
                ? Optional.of(JSON.readValue(result.toFile(), Accelerator.class))
                : Optional.empty();
    }
}
