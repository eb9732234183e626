package dev.millrace.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;

/// A graphics card, as NVIDIA's driver (`libcuda.so.1`) tells this process of it: `CUDA_VISIBLE_DEVICES` and the parts
/// of a divided card hold here as they do for libtorch. `nvidia-smi` knows of neither.
///
/// @param name `NVIDIA H100 80GB HBM3`, say
/// @param freeBytes of its memory nobody has
/// @param totalBytes of memory
record GpuCard(String name, long freeBytes, long totalBytes) {
    static final Path DRIVER = Path.of("libcuda.so.1");

    private static final int NAME_BYTES = 256;

    /// What others and this process have of its memory. libtorch keeps what it has once taken: of a process that has
    /// the card to itself it is the most that it ever had, CUDA's own share (some hundred MB) included.
    long usedBytes() {
        return totalBytes - freeBytes;
    }

    /// @param index as libtorch counts
    /// @throws IllegalStateException where the driver refuses, with its number of the error
    @SuppressWarnings("restricted") // a library of the system's is called
    static GpuCard read(Path driver, int index) {
        try (Arena arena = Arena.ofConfined()) {
            Driver calls = new Driver(SymbolLookup.libraryLookup(driver.toString(), arena));
            MemorySegment device = arena.allocate(ValueLayout.JAVA_INT);
            calls.call("cuInit", 0);
            calls.call("cuDeviceGet", device, index);
            int number = device.get(ValueLayout.JAVA_INT, 0);
            MemorySegment name = arena.allocate(NAME_BYTES);
            calls.call("cuDeviceGetName", name, NAME_BYTES, number);
            // Memory is that of a context: the one that libtorch has as well.
            MemorySegment context = arena.allocate(ValueLayout.ADDRESS);
            calls.call("cuDevicePrimaryCtxRetain", context, number);
            try {
                calls.call("cuCtxPushCurrent_v2", context.get(ValueLayout.ADDRESS, 0));
                MemorySegment free = arena.allocate(ValueLayout.JAVA_LONG);
                MemorySegment total = arena.allocate(ValueLayout.JAVA_LONG);
                calls.call("cuMemGetInfo_v2", free, total);
                calls.call("cuCtxPopCurrent_v2", context);
                return new GpuCard(
                        name.getString(0), free.get(ValueLayout.JAVA_LONG, 0), total.get(ValueLayout.JAVA_LONG, 0));
            } finally {
                calls.call("cuDevicePrimaryCtxRelease_v2", number);
            }
        }
    }

    private record Driver(SymbolLookup library) {
        /// @param arguments addresses and numbers, as the function has them
        @SuppressWarnings("restricted")
        void call(String function, Object... arguments) {
            MemoryLayout[] layouts = Arrays.stream(arguments)
                    .map(argument -> argument instanceof MemorySegment ? ValueLayout.ADDRESS : ValueLayout.JAVA_INT)
                    .toArray(MemoryLayout[]::new);
            int error;
            try {
                error = (int) Linker.nativeLinker()
                        .downcallHandle(
                                library.findOrThrow(function), FunctionDescriptor.of(ValueLayout.JAVA_INT, layouts))
                        .invokeWithArguments(arguments);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(function, e);
            }
            if (error != 0) {
                throw new IllegalStateException("NVIDIA's driver answers " + function + " with error " + error);
            }
        }
    }
}
