package dev.millrace.trainer.learn;

import ai.djl.Device;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which device trains, as a setting says it: `auto`, `cpu`, `gpu` or `gpu:N`.
public sealed interface DeviceChoice {
    Pattern NUMBERED = Pattern.compile("gpu:(\\d{1,4})");

    /// The first GPU where there is one, else the CPU.
    record Auto() implements DeviceChoice {}

    record Cpu() implements DeviceChoice {}

    record Gpu(int index) implements DeviceChoice {}

    static DeviceChoice parse(String text) {
        String choice = text.strip().toLowerCase(Locale.ROOT);
        Matcher numbered = NUMBERED.matcher(choice);
        if (numbered.matches()) {
            return new Gpu(Integer.parseInt(numbered.group(1)));
        }
        return switch (choice) {
            case "auto" -> new Auto();
            case "cpu" -> new Cpu();
            case "gpu" -> new Gpu(0);
            default ->
                throw new IllegalArgumentException("Device is '" + text + "', it must be auto, cpu, gpu or gpu:N");
        };
    }

    /// The devices of a list, one for each replica of the model. [TorchEngine#start] comes first.
    ///
    /// @throws IllegalArgumentException if they are of two kinds
    /// @throws IllegalStateException if one is not there
    static List<Device> resolve(List<String> choices) {
        List<Device> devices =
                choices.stream().map(choice -> parse(choice).resolve()).toList();
        if (devices.stream().map(Device::isGpu).distinct().count() != 1) {
            throw new IllegalArgumentException(
                    "Devices are " + choices + ": there must be one or more, all CPU or all GPU");
        }
        return devices;
    }

    /// The device itself. [TorchEngine#start] comes first.
    ///
    /// @throws IllegalStateException if it is not there, or if GPUs cannot be counted
    default Device resolve() {
        return switch (this) {
            case Auto() -> TorchEngine.gpus() > 0 ? Device.gpu(0) : Device.cpu();
            case Cpu() -> Device.cpu();
            case Gpu(int index) -> {
                int gpus = TorchEngine.gpus();
                if (index >= gpus) {
                    throw new IllegalStateException("Device gpu:" + index + " was asked for, libtorch sees " + gpus
                            + " GPUs: choose auto or cpu, or give the process a GPU and a libtorch with CUDA");
                }
                yield Device.gpu(index);
            }
        };
    }
}
