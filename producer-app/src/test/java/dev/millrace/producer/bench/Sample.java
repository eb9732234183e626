package dev.millrace.producer.bench;

import java.time.Duration;
import java.util.Arrays;

/// One measurement of one way in.
///
/// @param records acknowledged
/// @param bytes of their values
/// @param spent wall time
/// @param cpu of the process that sends to Kafka
/// @param peakMemory resident, of that process; 0 where it is the benchmark's own
/// @param latencies in nanoseconds, of records (raw) or requests; empty where there are none
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record Sample(long records, long bytes, Duration spent, Duration cpu, long peakMemory, long[] latencies) {
    double recordsPerSecond() {
        return records / seconds(spent);
    }

    double megabytesPerSecond() {
        return bytes / 1e6 / seconds(spent);
    }

    double cpuSecondsPerMillion() {
        return seconds(cpu) / records * 1e6;
    }

    /// @param share of the latencies that are at most so long
    double latencyMillis(double share) {
        if (latencies.length == 0) {
            return Double.NaN;
        }
        long[] sorted = latencies.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.min(sorted.length - 1, Math.round(share * sorted.length))] / 1e6;
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
